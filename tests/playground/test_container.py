"""The container holds what was put in, and only what a page can read."""

import base64
import gzip
import json
from typing import Any

import numpy as np
import pytest
import torch

from graphnca.playground import pack_container

CONTENT = {
    "bytes": np.arange(5, dtype=np.uint8),
    "list": [{"floats": torch.tensor([[0.5, -1.0], [2.0, 3.0]])}, None, "text"],
    "number": 3,
}


def unpacked(text: str) -> Any:
    """An independent reader of the documented layout."""
    data = gzip.decompress(base64.b64decode(text))
    length = int.from_bytes(data[:4], "little")
    first = -(-(4 + length) // 8) * 8

    def resolve(value: Any) -> Any:
        if isinstance(value, list):
            return [resolve(entry) for entry in value]
        if not isinstance(value, dict):
            return value
        if "$array" in value:
            dtype, offset, count = value["$array"]
            return np.frombuffer(data, np.dtype(dtype), count, first + offset).tolist()
        return {key: resolve(entry) for key, entry in value.items()}

    return resolve(json.loads(data[4 : 4 + length]))


def test_what_is_packed_comes_out() -> None:
    assert unpacked(pack_container(CONTENT)) == {
        "bytes": [0, 1, 2, 3, 4],
        "list": [{"floats": [0.5, -1.0, 2.0, 3.0]}, None, "text"],
        "number": 3,
    }


def test_equal_contents_are_equal_strings() -> None:
    assert pack_container(CONTENT) == pack_container(dict(CONTENT))


@pytest.mark.parametrize("wrong", [np.zeros(2), torch.zeros(2, dtype=torch.int64), float("nan"), {1, 2}])
def test_what_a_page_cannot_read_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="`content` must hold"):
        pack_container({"entry": wrong})


def test_the_page_reads_it(open_lizard: Any) -> None:
    """`readContainer` is inside the page's module; what it made is the rules and substrates of the page."""
    page = open_lizard()
    weights = page.evaluate("Array.from(app.organism.rules[1].w1.slice(0, 40))")
    from graphnca import load_rule

    expected = load_rule("isonca-lizard-any").update_rule.hidden.weight.detach().flatten()[:40].double().tolist()
    assert weights == expected
