"""`graphnca train`: tiny, of every kind, resumed, and every way to ask for what cannot be had."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from graphnca import load_rule
from graphnca.cli import train as verb
from graphnca.features import VGG16
from graphnca.rules import describe_rule
from graphnca.training import Training
from graphnca.training.folder_lock import FolderLock
from graphnca.training.recipes import texture

TINY = ("--size", "8", "--iterations", "2", "--batch-size", "4")


@pytest.mark.parametrize(
    ("kind", "target", "options", "parameters"),
    [
        ("isonca", "heart", ["--padding", "2"], 9408),
        ("growing", "heart", ["--padding", "2", "--regime", "regenerating", "--substrate", "square", "hex"], 8336),
        ("texture", "dotted", ["--features", "filter-bank", "--substrate", "voronoi"], 5856),
    ],
)
def test_every_kind_leaves_a_rule_that_grows(
    kind: str, target: str, options: list[str], parameters: int, graphnca
) -> None:
    arguments = ["train", target, "--kind", kind, *TINY, *options]
    if kind == "texture":
        arguments[arguments.index("--size") + 1] = "64"
    outcome = graphnca(*arguments)
    assert outcome.status == 0, outcome.err
    folder = Path(f"runs/{target}-{kind}")
    assert outcome.out.splitlines()[-1] == f"see it with: graphnca grow {folder}"
    assert {"rule.safetensors", "checkpoint.pt", "loss.png", "training.json"} <= {
        path.name for path in folder.iterdir()
    }
    assert list(folder.glob("pool*.png"))
    description = describe_rule(folder / "rule.safetensors")
    card = description["card"]
    assert description["parameters"] == parameters and card["iterations"] == 2
    assert card["target" if kind != "texture" else "template"] == target
    assert card["trained by"].startswith(f"graphnca train {target} --kind {kind}")
    assert "--iterations 2" in card["trained by"] and "None" not in card["trained by"]
    outcome = graphnca("grow", str(folder), "--steps", "2", "--out", "x.png")
    assert outcome.status == 0 and outcome.out.startswith(f"{target}-{kind} on square"), outcome


def test_the_recorded_command_is_the_training(graphnca) -> None:
    """What the card says can be typed again, and gives the same rule."""
    import shlex

    assert graphnca("train", "heart", *TINY, "--substrate", "hex", "voronoi", "--out", "a").status == 0
    typed = shlex.split(describe_rule("a/rule.safetensors")["card"]["trained by"])
    assert typed[0] == "graphnca"
    outcome = graphnca(*typed[1:], "--out", "b")
    assert outcome.status == 0, outcome.err
    first, second = load_rule("a/rule.safetensors").state_dict(), load_rule("b/rule.safetensors").state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_training_goes_on(graphnca) -> None:
    assert graphnca("train", "heart", *TINY).status == 0
    outcome = graphnca("train", "heart", "--size", "8", "--iterations", "3", "--batch-size", "4")
    assert outcome.status == 0 and "Resuming" in outcome.out
    assert describe_rule("runs/heart-isonca/rule.safetensors")["card"]["iterations"] == 3


def test_a_folder_keeps_its_training(graphnca) -> None:
    assert graphnca("train", "heart", *TINY, "--out", "mine").status == 0
    outcome = graphnca("train", "star", *TINY, "--out", "mine")
    assert outcome.status == 2 and "mine holds a training with target 'heart', not 'star'. Give another" in outcome.err
    Path("mine/training.json").unlink()
    outcome = graphnca("train", "heart", *TINY, "--out", "mine")
    assert outcome.status == 2 and "another program began" in outcome.err


def test_what_a_folder_was_asked_for_may_be_damaged(graphnca) -> None:
    assert graphnca("train", "heart", *TINY, "--out", "mine").status == 0
    for text in ("{", "[1]", "[" * 100_000):
        Path("mine/training.json").write_text(text)
        outcome = graphnca("train", "heart", *TINY, "--out", "mine")
        assert outcome.status == 2 and "training.json is damaged" in outcome.err, outcome.err[-300:]


def test_two_trainings_in_one_folder(graphnca) -> None:
    """The second one leaves the first one's settings alone."""
    Path("mine").mkdir()
    with FolderLock(Path("mine")):
        outcome = graphnca("train", "heart", *TINY, "--out", "mine")
    assert outcome.status == 1 and "'mine' belongs to a training that is running now" in outcome.err
    assert not list(Path("mine").iterdir())


def test_a_training_that_diverges(graphnca) -> None:
    outcome = graphnca("train", "heart", *TINY[:2], "--iterations", "6", "--rate", "1e30", "--out", "mine")
    assert outcome.status == 1 and "learning rate (--rate)" in outcome.err and "diverged" in outcome.err
    assert not list(Path("mine").glob("*.safetensors"))


def test_a_picture_that_has_changed_since(graphnca) -> None:
    picture = Image.new("RGBA", (8, 8))
    picture.paste((200, 30, 30, 255), (2, 2, 6, 6))
    picture.save("mine.png")
    assert graphnca("train", "mine.png", *TINY, "--out", "run").status == 0
    picture.putpixel((3, 3), (201, 30, 30, 255))
    picture.save("mine.png")
    outcome = graphnca("train", "mine.png", *TINY, "--out", "run")
    assert outcome.status == 1 and "these have changed: loss" in outcome.err, outcome.err


def test_stopped_by_the_keyboard_it_says_how_to_go_on(graphnca, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Training.step

    def interrupted(training):
        if training.iteration == 1:
            raise KeyboardInterrupt
        return steps(training)

    monkeypatch.setattr(Training, "step", interrupted)
    outcome = graphnca("train", "heart", *TINY)
    assert outcome.status == 130
    assert "Stopped at iteration 1; the same command starts anew." in outcome.err and "Traceback" not in outcome.err


def test_a_picture_and_a_rule_to_go_on_from(graphnca, tmp_path: Path) -> None:
    picture = Image.new("RGBA", (20, 10))
    picture.paste((200, 30, 30, 255), (5, 2, 15, 8))
    picture.save("mine.png")
    outcome = graphnca("train", str(tmp_path / "mine.png"), *TINY, "--start", "isonca-heart")
    assert outcome.status == 0, outcome.err
    card = describe_rule("runs/mine-isonca/rule.safetensors")["card"]
    assert card["started from"]["target"] == "heart" and "train mine.png" in card["trained by"]
    assert str(tmp_path) not in json.dumps(card["trained by"])


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (["hart"], "there is no target 'hart'. Did you mean heart"),
        (["mine.png"], "there is no target 'mine.png'"),
        (["dotted"], "add --kind texture"),
        (["doted", "--kind", "texture"], "there is no template 'doted'. Did you mean dotted?"),
        (["dotted", "--kind", "texture", "--features", "vgg19"], "--features must be vgg16, filter-bank"),
        (["heart", "--regime", "naive"], "--regime is an option of --kind growing, not of isonca"),
        (["heart", "--features", "vgg16"], "--features is an option of --kind texture"),
        (["dotted", "--kind", "texture", "--padding", "2"], "--padding is an option of"),
        (["heart", "--kind", "lenia"], "invalid choice: 'lenia'"),
        (["heart", "--rate", "0"], "expected a number above 0, got '0'"),
        (["heart", "--rate", "fast"], "expected a number above 0, got 'fast'"),
        (["heart", "--batch-size", "300"], "`batch_size` must lie between"),
        (["heart", "--substrate", "squares"], "there is no substrate 'squares'"),
        (["heart", "--start", "nothing"], "no rule is called 'nothing'"),
        (["heart", "--start", "growing-lizard"], "--start: growing-lizard perceives identity, gradient"),
        (["dotted", "--kind", "texture", "--features", "filter-bank", "--start", "isonca-heart"], "is not a texture"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], reported: str, graphnca) -> None:
    outcome = graphnca("train", *arguments)
    assert outcome.status == 2 and reported in outcome.err and "Traceback" not in outcome.err, outcome.err
    assert not Path("runs").exists() or not list(Path("runs").rglob("*.safetensors"))


def test_a_substrate_must_be_large_enough_for_the_features(graphnca, monkeypatch: pytest.MonkeyPatch) -> None:
    small = VGG16.untrained(widths=(4,) * 13)  # four poolings before the last layer: 16 pixels at least
    monkeypatch.setattr(texture, "load_features", lambda name, precision: small)
    outcome = graphnca("train", "dotted", "--kind", "texture", "--size", "12", "--iterations", "1")
    assert outcome.status == 2 and "--size must leave room for all scales of the features, got 12" in outcome.err


def test_a_gpu_must_be_there(graphnca, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    outcome = graphnca("train", "heart", "--device", "cuda")
    assert outcome.status == 2 and "--device cuda needs a GPU" in outcome.err


def test_another_number_of_channels_cannot_go_on(graphnca, small_rule: Path) -> None:
    outcome = graphnca("train", "heart", "--kind", "growing", *TINY, "--start", str(small_rule))
    assert outcome.status == 2 and "has 8 channels" in outcome.err


def test_an_opaque_picture_is_refused_with_what_to_do(graphnca) -> None:
    Image.new("RGB", (8, 8)).save("opaque.png")
    outcome = graphnca("train", "opaque.png", *TINY)
    assert outcome.status == 2 and "make its background transparent" in outcome.err


def test_training_meshes_are_not_those_of_results() -> None:
    assert verb.MESHES[0] > 100_000
