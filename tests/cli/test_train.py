"""`graphnca train`: tiny, of every kind, resumed, and every way to ask for what cannot be had."""

import json
import re
import signal
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


def test_a_rule_is_trained_on_a_surface_and_judged_in_the_plane(graphnca) -> None:
    outcome = graphnca("train", "heart", *TINY, "--substrate", "sphere", "square", "--out", "both")
    assert outcome.status == 0 and "verdict:" in outcome.out, outcome
    outcome = graphnca("train", "heart", *TINY, "--substrate", "sphere", "--out", "ball")
    assert outcome.status == 0 and "verdict:" not in outcome.out, outcome
    assert describe_rule("ball/rule.safetensors")["card"]["substrate"] == "14x14 units: sphere"
    assert Path("ball/pool-sphere.png").is_file()


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
    assert describe_rule("runs/heart-growing/rule.safetensors")["card"]["iterations"] == 3


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


def test_a_training_of_before_there_was_a_usual_start_goes_on(graphnca) -> None:
    """It began with nothing, and its folder does not say so."""
    assert graphnca("train", "heart", *TINY, "--start", "none", "--out", "mine").status == 0
    path = Path("mine/training.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "start": None}))
    assert "start 'none', not 'growing-lizard'" in graphnca("train", "heart", *TINY, "--out", "mine").err
    assert graphnca("train", "heart", *TINY, "--start", "none", "--out", "mine").status == 0


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


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_loses_no_iteration(
    number: int, status: int, graphnca, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """The iteration that it comes in is finished and saved, its rule can be grown, and the rest is the same."""
    before = signal.signal(number, signal.SIG_DFL)  # tests in the background may ignore it, and then a training does
    request.addfinalizer(lambda: signal.signal(number, before))
    assert graphnca("train", "heart", *TINY[:2], "--iterations", "3", "--out", "whole").status == 0
    step = Training.step

    def signalled(training):
        if training.iteration == 1:
            signal.raise_signal(number)
        return step(training)

    with monkeypatch.context() as patch:
        patch.setattr(Training, "step", signalled)
        outcome = graphnca("train", "heart", *TINY[:2], "--iterations", "3", "--out", "cut")
    assert outcome.status == status and "Stopped at iteration 2; the same command goes on" in outcome.err
    card = describe_rule("cut/rule.safetensors")["card"]
    assert card["unfinished"] == "iteration 2 of 3" and "verdict" not in card
    assert graphnca("grow", "cut", "--steps", "2", "--out", "x.png").status == 0
    outcome = graphnca("train", "heart", *TINY[:2], "--iterations", "3", "--out", "cut")
    assert outcome.status == 0 and "at iteration 2." in outcome.out
    assert "unfinished" not in describe_rule("cut/rule.safetensors")["card"]
    first, second = load_rule("whole/rule.safetensors").state_dict(), load_rule("cut/rule.safetensors").state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_minutes_plan_the_iterations_once(graphnca, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training that goes on keeps its plan, however fast the machine is then."""
    monkeypatch.setattr(verb, "FEWEST", 2)
    monkeypatch.setattr(verb, "seconds_of_iteration", lambda training, area: 20.0)
    outcome = graphnca("train", "heart", *TINY[:2], "--minutes", "1", "--out", "mine")
    assert outcome.status == 0 and "heart, growing: 3 iterations on square, at most 1 minutes" in outcome.out
    monkeypatch.setattr(verb, "seconds_of_iteration", lambda training, area: 1.0)
    outcome = graphnca("train", "heart", *TINY[:2], "--minutes", "2", "--out", "mine")
    assert outcome.status == 0 and "heart, growing: 3 iterations" in outcome.out


def test_a_training_whose_time_is_over_says_so(graphnca, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "seconds_of_iteration", lambda training, area: 1e-9)
    outcome = graphnca("train", "heart", *TINY[:2], "--minutes", "1e-9", "--out", "mine")
    assert outcome.status == 0, outcome.err
    assert re.search(r"It ended at iteration 1, because its \d+ seconds are over\.", outcome.out)
    assert describe_rule("mine/rule.safetensors")["card"]["ended early"].endswith("seconds are over")


def test_the_verdict_is_said_and_kept(graphnca) -> None:
    outcome = graphnca("train", "heart", *TINY)
    assert outcome.status == 0 and re.search(r"^verdict: (not converged|failed)", outcome.out, re.MULTILINE)
    card = describe_rule("runs/heart-growing/rule.safetensors")["card"]
    assert card["verdict"]["word"] in ("unfinished", "failed") and card["verdict"]["error"] > 0.1


def test_it_says_when_the_picture_is_first_recognised(graphnca, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, by the rule of the moment, and the card keeps it when the training goes on."""
    monkeypatch.setattr("graphnca.cli.recipes.CHECKPOINTS", 0.0)
    monkeypatch.setattr("graphnca.cli.judge.is_recognised", lambda subject, topology, target: True)
    outcome = graphnca("train", "heart", *TINY)
    assert outcome.status == 0 and outcome.out.count("the picture can be recognised.") == 1, outcome
    assert outcome.out.index("iteration 1, after ") < outcome.out.index("verdict:")
    outcome = graphnca("train", "heart", *TINY[:2], "--iterations", "3", "--batch-size", "4")
    assert outcome.status == 0 and "can be recognised" not in outcome.out
    assert describe_rule("runs/heart-growing/rule.safetensors")["card"]["recognised"]["iteration"] == 1


def test_the_kind_is_chosen_for_the_target_and_the_rule_to_go_on_from(graphnca) -> None:
    assert verb.kind_of("heart") == "growing" and verb.kind_of("dotted") == "texture"
    outcome = graphnca("train", "heart", *TINY, "--start", "isonca-heart")
    assert outcome.status == 0 and "heart, isonca: 2 iterations" in outcome.out


@pytest.mark.parametrize(
    ("options", "start"),
    [
        ([], "growing-lizard"),
        (["--start", "none"], "none"),
        (["--start", "growing-bone", "--precision", "bfloat16"], "growing-bone"),
        (["--regime", "naive"], "none"),
        (["--kind", "isonca"], "none"),
    ],
)
def test_a_picture_goes_on_from_a_rule_that_lives(options: list[str], start: str, graphnca) -> None:
    """Unless another one is asked for, or none; what it was is in the card and in the command."""
    outcome = graphnca("train", "heart", *TINY, *options, "--out", "mine")
    assert outcome.status == 0, outcome.err
    card = describe_rule("mine/rule.safetensors")["card"]
    assert f"--start {start}" in card["trained by"]
    assert card["configuration"]["precision"] == ("bfloat16" if "bfloat16" in options else "float32")
    before = None if start == "none" else describe_rule(start)["card"]["target"]
    assert (card["started from"] and card["started from"]["target"]) == before


def test_a_page_to_watch(graphnca, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert graphnca("train", "heart", *TINY, "--watch", "--substrate", "square", "hex", "--out", "mine").status == 0
    page = Path("mine/watch.html").read_text()
    assert opened == [Path("mine/watch.html").resolve().as_uri()]
    assert all(file in page for file in ("pool-square.png", "pool-hex.png", "loss.png"))


def test_a_picture_without_transparency_is_cut_out_and_kept_as_it_was_seen(graphnca) -> None:
    picture = Image.new("RGB", (60, 60), "white")
    picture.paste((200, 30, 30), (20, 20, 40, 40))
    picture.save("mine.jpg")
    outcome = graphnca("train", "mine.jpg", *TINY, "--out", "mine")
    assert outcome.status == 0 and "its background, #ffffff, is cut away" in outcome.out
    with Image.open("mine/target.png") as seen:
        assert seen.mode == "RGBA" and abs(seen.width - 20) <= 2
    assert describe_rule("mine/rule.safetensors")["card"]["target"] == str(Path("mine/target.png"))


def test_a_picture_and_a_rule_to_go_on_from(graphnca, tmp_path: Path) -> None:
    picture = Image.new("RGBA", (20, 10))
    picture.paste((200, 30, 30, 255), (5, 2, 15, 8))
    picture.save("mine.png")
    outcome = graphnca("train", str(tmp_path / "mine.png"), *TINY, "--start", "isonca-heart")
    assert outcome.status == 0, outcome.err
    card = describe_rule("runs/mine-isonca/rule.safetensors")["card"]
    assert card["started from"]["target"] == "heart" and "train mine.png" in card["trained by"]
    assert str(tmp_path) not in json.dumps(card["trained by"])


def test_a_texture_with_depth_becomes_a_material(graphnca) -> None:
    """Trained with its maps, baked on a mesh; the same command goes on."""
    command = ["train", "scaly", "--maps", "--features", "filter-bank", "--size", "64", "--batch-size", "1"]
    assert graphnca(*command, "--iterations", "1").status == 0
    outcome = graphnca(*command, "--iterations", "2")
    assert outcome.status == 0, outcome.err
    card = describe_rule("runs/scaly-texture/rule.safetensors")["card"]
    assert "--maps" in card["trained by"].split() and "True" not in card["trained by"]
    assert (card["height"], card["roughness"], card["iterations"]) == (3, 4, 2)


def test_what_moves_and_what_is_cut_is_said_on_the_command_line(graphnca) -> None:
    """Numbers may be negative; both are in the cards, and in the commands there."""
    texture = ["train", "dotted", "--motion", "0", "-0.25", "--features", "filter-bank", "--size", "64"]
    pattern = ["train", "heart", "--size", "8", "--cut", "disks", "halves"]
    for command in (texture, pattern):
        outcome = graphnca(*command, "--batch-size", "4", "--iterations", "1")
        assert outcome.status == 0, outcome.err
    moving = describe_rule("runs/dotted-texture/rule.safetensors")["card"]
    assert moving["motion"] == [0.0, -0.25] and "--motion 0.0 -0.25" in moving["trained by"]
    cut = describe_rule("runs/heart-growing/rule.safetensors")["card"]
    assert cut["cut"] == ["disks", "halves"] and "--cut disks halves" in cut["trained by"]


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (["dotted", "--motion", "0", "1", "--features", "filter-bank"], "`motion` is learnt in the plane"),
        (["heart", "--cut", "halves"], "`cut` must be 'disks' on surfaces in space"),
    ],
)
def test_what_surfaces_cannot_teach_is_said(graphnca, arguments: list[str], reported: str) -> None:
    outcome = graphnca("train", *arguments, "--substrate", "sphere", "--iterations", "1")
    assert outcome.status == 1 and reported in outcome.err and "Traceback" not in outcome.err, outcome.err


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (["hart"], "there is no target 'hart'. Did you mean heart"),
        (["mine.png"], "there is no target 'mine.png'"),
        (["dotted", "--kind", "growing"], "add --kind texture"),
        (["doted", "--kind", "texture"], "there is no template 'doted'. Did you mean dotted?"),
        (["dotted", "--kind", "texture", "--features", "vgg19"], "--features must be vgg16, filter-bank"),
        (["heart", "--kind", "isonca", "--regime", "naive"], "--regime is an option of --kind growing, not of isonca"),
        (["heart", "--features", "vgg16"], "--features is an option of --kind texture"),
        (
            ["dotted", "--maps", "--features", "filter-bank"],
            "--maps needs a template with height and roughness (cobbled,",
        ),
        (["heart", "--maps"], "--maps is an option of --kind texture"),
        (["heart", "--motion", "0", "1"], "--motion is an option of --kind texture"),
        (["dotted", "--kind", "texture", "--cut", "halves"], "--cut is an option of --kind growing"),
        (["dotted", "--kind", "texture", "--padding", "2"], "--padding is an option of"),
        (["heart", "--kind", "lenia"], "invalid choice: 'lenia'"),
        (["heart", "--rate", "0"], "expected a number above 0, got '0'"),
        (["heart", "--rate", "fast"], "expected a number above 0, got 'fast'"),
        (["heart", "--kind", "isonca", "--batch-size", "300"], "`batch_size` must lie between"),
        (["heart", "--minutes", "0"], "expected a number above 0, got '0'"),
        (["heart", "--substrate", "squares"], "there is no substrate 'squares'"),
        (["heart", "--start", "nothing"], "no rule is called 'nothing'"),
        (
            ["heart", "--kind", "isonca", "--start", "growing-lizard"],
            "--start: growing-lizard perceives identity, gradient",
        ),
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


def test_a_picture_of_nothing_is_refused(graphnca) -> None:
    Image.new("RGB", (8, 8)).save("empty.png")
    outcome = graphnca("train", "empty.png", *TINY)
    assert outcome.status == 2 and "a picture that shows something" in outcome.err
    outcome = graphnca("train", "empty.png", *TINY, "--background", "whitish")
    assert outcome.status == 2 and "--background must be a colour or 'keep', got 'whitish'" in outcome.err


def test_training_meshes_are_not_those_of_results() -> None:
    assert verb.MESHES[0] > 100_000
