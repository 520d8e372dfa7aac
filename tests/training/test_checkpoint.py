import os
import pickle
import random
from pathlib import Path

import pytest
import torch

from graphnca.training import CheckpointError, load_checkpoint, save_checkpoint

STATE = {"iteration": 7, "values": torch.rand(3, 4), "nested": {"list": [1, 2.5, None, "text"]}}


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "checkpoint.pt", STATE)
    loaded = load_checkpoint(tmp_path / "checkpoint.pt")
    assert torch.equal(loaded["values"], STATE["values"])
    assert {name: loaded[name] for name in ("iteration", "nested")} == {"iteration": 7, "nested": STATE["nested"]}
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


@pytest.mark.parametrize("stage", ["fsync", "replace"])
def test_a_write_that_fails_on_the_way_leaves_the_old_one(
    stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, STATE)
    before = path.read_bytes()

    def fails(*args: object) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(*((os, "fsync", fails) if stage == "fsync" else (Path, "replace", fails)))
        with pytest.raises(OSError, match="No space left"):
            save_checkpoint(path, {**STATE, "iteration": 8})
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_a_state_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, STATE)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        save_checkpoint(path, {"iteration": lambda: 0})
    assert load_checkpoint(path)["iteration"] == 7


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no checkpoint at .*nothing\.pt"):
        load_checkpoint(tmp_path / "nothing.pt")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_half_a_file_is_one_clear_error(share: float, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, STATE)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt' (can't be read|is damaged).* delete it to start anew"):
        load_checkpoint(path)


def test_a_file_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    path.write_text("not a checkpoint at all, but a text of some length")
    with pytest.raises(CheckpointError, match="can't be read"):
        load_checkpoint(path)
    for content in ({"weights": torch.zeros(2)}, [1, 2], {"format": 99}):
        torch.save(content, path)
        with pytest.raises(CheckpointError, match="is not a checkpoint of this version"):
            load_checkpoint(path)


def test_one_flipped_bit_is_noticed_wherever_it_is(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, STATE)
    content, source = path.read_bytes(), random.Random(0)
    places = [*range(len(content) - 80, len(content)), *source.sample(range(len(content)), 200)]
    for place in places:
        damaged = bytearray(content)
        damaged[place] ^= 1 << source.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=r"checkpoint\.pt' (is damaged|can't be read|is not a checkpoint)"):
            load_checkpoint(path)


def test_a_checkpoint_from_before_there_were_checksums(tmp_path: Path) -> None:
    torch.save({"format": 2, **STATE}, tmp_path / "checkpoint.pt")
    assert load_checkpoint(tmp_path / "checkpoint.pt")["iteration"] == 7


class Trap:
    """Pickled, it would create a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.path,))


def test_a_checkpoint_runs_no_code(tmp_path: Path) -> None:
    torch.save({"format": 1, "trap": Trap(tmp_path / "sprung")}, tmp_path / "checkpoint.pt")
    with pytest.raises(CheckpointError, match="can't be read"):
        load_checkpoint(tmp_path / "checkpoint.pt")
    assert not (tmp_path / "sprung").exists()
