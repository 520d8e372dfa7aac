"""The harness of an experiment: its command line, its folder, its metrics and tables, its figures, publishing."""
