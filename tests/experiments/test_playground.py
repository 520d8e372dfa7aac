"""The playground's script at toy size."""

import json
from pathlib import Path

import playground
import pytest
from PIL import Image
from protocol.browser import missing

TOY = {"cells": 200, "steps": 3, "grown": 8, "healed": 4, "seconds": 0.2}


def test_unknown_parts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="dancing"):
        playground.main(playground.Config(only=("dancing",), out=str(tmp_path)))


@pytest.mark.skipif(missing() is not None, reason=f"no page can be opened here: {missing()}")
def test_it_compares_times_and_photographs(tmp_path: Path) -> None:
    playground.main(playground.Config(out=str(tmp_path), **TOY))
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    differences = [value for entry in metrics["match"]["largest difference"].values() for value in entry.values()]
    assert len(differences) == 6 and max(differences) < 1e-3
    assert set(metrics["speed"]) == {"as it opens", "cpu", "gpu", "without WebGL2"}
    assert metrics["speed"]["without WebGL2"]["drawn with"] == "a plain canvas"
    assert all(row["wiped"] < row["before"] for row in metrics["living cells"].values())
    for name in ("page", "healing", "phone", "looks"):
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert len(picture.convert("RGB").getcolors(1 << 24)) > 10
    # another part alone keeps what the others found
    playground.main(playground.Config(out=str(tmp_path), **TOY, only=("match",)))
    assert json.loads((tmp_path / "metrics.json").read_text())["speed"] == metrics["speed"]
