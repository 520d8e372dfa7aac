import json
from pathlib import Path

import templates
from PIL import Image

from graphnca.templates import template_names


def test_all_templates_are_drawn(tmp_path: Path) -> None:
    templates.main(templates.Config(size=32, out=str(tmp_path)))
    assert json.loads((tmp_path / "metrics.json").read_text())["templates"] == template_names()
    with Image.open(tmp_path / "templates.png") as picture:
        assert picture.width >= 5 * 2 * 32 and picture.height >= 2 * 32
