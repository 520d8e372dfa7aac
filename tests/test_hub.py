"""Rules to and from the Hugging Face hub: on a folder of this machine, and with its upload and download put aside."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import graphnca.hub
from graphnca import load_rule
from graphnca.hub import HubRule
from graphnca.layers import NCAConv


def same(rule: NCAConv, other: NCAConv) -> bool:
    states = rule.state_dict(), other.state_dict()
    return rule.config == other.config and all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_there_and_back_through_a_folder(tmp_path: Path) -> None:
    rule = load_rule("isonca-heart")
    HubRule(rule, {"target": "heart"}).save_pretrained(tmp_path / "heart")
    found = HubRule.from_pretrained(tmp_path / "heart")
    assert same(found.rule, rule)
    assert found.card == {"target": "heart"}
    assert not found.rule.training
    files = {path.name for path in (tmp_path / "heart").iterdir()}
    assert files == {"README.md", "config.json", "rule.json", "rule.safetensors"}
    assert json.loads((tmp_path / "heart/config.json").read_text()) == json.loads(json.dumps(rule.config))
    page = (tmp_path / "heart/README.md").read_text()
    assert "library_name: graphnca" in page and "from graphnca.hub import HubRule" in page


def test_what_goes_up_comes_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is asked for the right file of the right repository; the network is a folder."""
    hub = tmp_path / "hub"

    class Interface:
        def __init__(self, **options: Any) -> None: ...

        def create_repo(self, repo_id: str, **options: Any) -> Any:
            return type("Url", (), {"repo_id": repo_id})

        def upload_folder(self, *, repo_id: str, folder_path: Path, **options: Any) -> str:
            shutil.copytree(folder_path, hub / repo_id)
            return repo_id

    def download(repo_id: str, filename: str, **options: Any) -> str:
        assert options["revision"] == "main"  # the one that was asked for
        return str(hub / repo_id / filename)

    monkeypatch.setattr("huggingface_hub.hub_mixin.HfApi", Interface)
    monkeypatch.setattr(
        "huggingface_hub.hub_mixin.hf_hub_download", lambda repo_id, filename, **_: str(hub / repo_id / filename)
    )
    monkeypatch.setattr(graphnca.hub, "hf_hub_download", download)
    rule = load_rule("texture-dotted")
    HubRule(rule).push_to_hub("someone/dots")
    assert same(HubRule.from_pretrained("someone/dots", revision="main").rule, rule)


def test_a_damaged_rule_is_refused(tmp_path: Path) -> None:
    HubRule(load_rule("isonca-heart")).save_pretrained(tmp_path)
    file = tmp_path / "rule.safetensors"
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(ValueError, match=r"rule\.safetensors must be a whole safetensors file"):
        HubRule.from_pretrained(tmp_path)


def test_without_the_library_the_extra_is_named() -> None:
    program = "import sys; sys.modules['huggingface_hub'] = None; import graphnca.hub"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "pip install 'graphnca[hub]'" in found.stderr.splitlines()[-1]
