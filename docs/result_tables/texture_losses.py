"""A texture trained with features that need no weights."""

from result_tables.markdown import NOT_MEASURED, Tables, result, table

COLUMNS = ("template", "features", "iterations", "loss of the first 10 iterations", "loss of the last 20 iterations")


def filter_bank_training() -> str:
    """What the loss came to, and the command."""
    metrics = result("texture_filter_bank")
    if not metrics:
        return NOT_MEASURED
    row = [f"{metrics[name]:,.0f}" if isinstance(metrics[name], float) else metrics[name] for name in COLUMNS]
    return "\n".join([f"`{metrics['trained by']}`", "", table(list(COLUMNS), [row])])


TABLES: Tables = {"filter_bank_training": filter_bank_training}
