"""JSON that people read and repositories keep: one line for what fits on one, instead of one for each number."""

import json
from typing import Any

WIDTH = 120  # characters, as everywhere in this project


def readable_json(value: Any, indent: str = "") -> str:
    """The JSON of a value, broken only where a line would become longer than `WIDTH`.

    A list of plain values stays on one line however long it is: nobody reads it number by number. The published metrics
    take half the bytes of `json.dumps(value, indent=2)`.

    Args:
        value: What `json.dumps` takes.
        indent: The spaces before the line on which it begins.

    Raises:
        ValueError: NaN or infinity.
    """
    flat = json.dumps(value, allow_nan=False)
    entries = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    plain = not any(isinstance(entry, dict | list | tuple) for entry in entries)
    if not entries or len(indent) + len(flat) <= WIDTH or (plain and not isinstance(value, dict)):
        return flat
    inner = indent + "  "
    if isinstance(value, dict):
        parts = [f"{json.dumps(str(key))}: {readable_json(entry, inner)}" for key, entry in value.items()]
    else:
        parts = [readable_json(entry, inner) for entry in value]
    body = ",\n".join(inner + part for part in parts)
    return f"{flat[0]}\n{body}\n{indent}{flat[-1]}"
