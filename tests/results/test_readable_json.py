import json
import math

import pytest

from graphnca.results.readable_json import WIDTH, readable_json

ROWS = [{"run": number, "loss": number / 7, "state": "alive"} for number in range(3)]


@pytest.mark.parametrize(
    "value",
    [
        {"rows": ROWS * 9, "empty": {}, "none": None, "list": [], "text": 'a "quoted" [line]\n', 5: True},
        list(range(200)),
        {str(number): number for number in range(200)},
        [[number, [number]] for number in range(100)],
        "ä",
        1e-17,
    ],
)
def test_it_says_what_plain_json_says(value: object) -> None:
    assert json.loads(readable_json(value)) == json.loads(json.dumps(value))


def test_what_fits_on_a_line_stands_on_one() -> None:
    text = readable_json({"rows": ROWS * 9, "numbers": list(range(100))})
    assert sum('"run"' in line for line in text.splitlines()) == 27
    assert all(len(line) <= WIDTH for line in text.splitlines() if "numbers" not in line)
    assert len([line for line in text.splitlines() if "numbers" in line]) == 1


def test_numbers_that_json_lacks_are_refused() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        readable_json({"loss": math.nan})
