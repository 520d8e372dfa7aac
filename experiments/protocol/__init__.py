"""How every result is measured: the sheets of cells, the runs on them, their scores, the report they go into."""
