"""`graphnca grow`: pictures of what a rollout really gives, on any substrate, with any cut."""

import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from graphnca import load_rule, rollout, save_rule
from graphnca.cli.grow import output_files, summary
from graphnca.cli.plane_scene import CUTS, region
from graphnca.drawing import draw_cells
from graphnca.evaluation.named import atlas_models, read_subject
from graphnca.evaluation.subject import Subject
from graphnca.seeds import point_seed
from topologies import hex_grid, save_topology, square_grid


def test_the_picture_is_that_of_a_rollout(graphnca, small_rule: Path) -> None:
    outcome = graphnca("grow", str(small_rule), "--steps", "12", "--seed", "3", "--scale", "4", "--out", "a/b.png")
    assert outcome.status == 0, outcome.err
    assert outcome.out.startswith("small on square: 256 cells, 12 steps") and outcome.out.endswith("wrote a/b.png\n")
    grid, generator = square_grid(16, 16), torch.Generator().manual_seed(3)
    with torch.no_grad():
        state = rollout(load_rule(small_rule), point_seed(grid, 8), grid, 12, generator=generator)
    with Image.open("a/b.png") as picture:
        assert picture.convert("RGB").tobytes() == draw_cells(state, grid, scale=4.0).tobytes()


@pytest.mark.parametrize("substrate", ["square", "hex", "voronoi"])
def test_both_files_are_written_by_default(substrate: str, graphnca, small_rule: Path) -> None:
    outcome = graphnca("grow", str(small_rule), "--substrate", substrate, "--steps", "4", "--every", "2")
    assert outcome.status == 0, outcome.err
    with Image.open(f"small-{substrate}.webp") as animation, Image.open(f"small-{substrate}.png") as picture:
        assert animation.size == picture.size
        assert 1 < animation.n_frames <= 3


def test_hexagons_of_the_published_demo(graphnca, small_rule: Path) -> None:
    grown = graphnca("grow", str(small_rule), "--substrate", "hex-demo", "--steps", "3")
    assert grown.status == 0, grown.err
    for option, reason in (
        (["--open"], "hex-demo is a torus: leave out --open"),
        (["--density", "2"], "--density is that"),
    ):
        refused = graphnca("grow", str(small_rule), "--substrate", "hex-demo", *option)
        assert refused.status == 2 and reason in refused.err
    page = graphnca("export", str(small_rule), "--substrate", "hex-demo")
    assert page.status == 2 and "a page needs cells with directions, which hex-demo has not" in page.err


@pytest.mark.parametrize("ending", [".safetensors", ".pt"])
def test_a_substrate_of_ones_own(ending: str, graphnca, small_rule: Path) -> None:
    cells = hex_grid(10, 9, periodic=False)
    save_topology(cells, "cells.safetensors") if ending == ".safetensors" else torch.save(cells, "cells.pt")
    outcome = graphnca("grow", str(small_rule), "--substrate", f"cells{ending}", "--steps", "3")
    assert outcome.status == 0, outcome.err
    assert "90 cells" in outcome.out and Path("small-cells.png").is_file()


@pytest.mark.parametrize("cut", CUTS)
def test_a_cut_takes_its_part(cut: str) -> None:
    grid = square_grid(16, 16)
    gone = region(cut, grid, torch.Generator().manual_seed(0))
    x, y = grid.pos[gone].mean(0).tolist()
    middle = {"left": (4, 8), "right": (12, 8), "upper": (8, 4), "lower": (8, 12), "middle": (8, 8)}
    assert 0 < int(gone.sum()) <= 128
    if cut in middle:
        assert (x, y) == pytest.approx(middle[cut], abs=0.6)


def test_cuts_come_when_they_are_asked_for(graphnca, small_rule: Path) -> None:
    everything = [*("--damage", "5:left"), *("--damage", "5:right")]
    outcome = graphnca("grow", str(small_rule), "--steps", "6", *everything, "--out", "x.png")
    assert outcome.status == 0 and "no cell is alive any more" in outcome.out
    outcome = graphnca("grow", str(small_rule), "--steps", "6", "--damage", "5", "--out", "x.png")
    assert outcome.status == 0 and "cells alive" in outcome.out


def test_frames_can_be_turned(graphnca, small_rule: Path) -> None:
    for name, angle in (("a", "0"), ("b", "90")):
        done = graphnca(
            "grow", str(small_rule), "--steps", "8", "--angle", angle, "--fire-rate", "1", "--out", f"{name}.png"
        )
        assert done.status == 0, done.err
    with Image.open("a.png") as straight, Image.open("b.png") as turned:
        assert straight.convert("RGB").tobytes() != turned.convert("RGB").tobytes()


def test_a_texture_starts_from_nothing_and_shows_its_colours(graphnca, tmp_path: Path, random_rule) -> None:
    save_rule(
        random_rule(6, 8, "laplacian", life_mask=None), tmp_path / "t.safetensors", {"rgb_offset": 0.25, "size": 8}
    )
    outcome = graphnca("grow", "t.safetensors", "--steps", "0", "--out", "t.png")
    assert outcome.status == 0 and "64 cells, 0 steps, states up to 0.00" in outcome.out
    with Image.open("t.png") as picture:
        assert picture.convert("RGB").getpixel((5, 5)) == (64, 64, 64)


def test_a_published_atlas_stays_within_its_clamps(graphnca, tmp_path: Path, write_atlas) -> None:
    """Of a strength that explodes in floats within so many steps."""
    write_atlas(tmp_path / "models.json", strength=4.0)
    for model in ("first", "second"):
        outcome = graphnca("grow", "models.json", "--model", model, "--size", "12", "--steps", "60", "--out", "a.png")
        assert outcome.status == 0 and "states up to" in outcome.out and "exploded" not in outcome.out
    assert graphnca("export", "models.json", "--substrate", "square", "--size", "12").status == 0


def test_every_published_texture_stays_finite(graphnca, conformance: Path) -> None:
    atlas = conformance / "published" / "texture_atlas_12.json"
    for model in atlas_models(atlas):
        arguments = ("--model", model, "--size", "32", "--steps", "80", "--out", f"{model}.png")
        outcome = graphnca("grow", str(atlas), *arguments)
        assert outcome.status == 0 and "states up to" in outcome.out, outcome


def test_a_seed_can_carry_a_genome(graphnca, tmp_path: Path, random_rule) -> None:
    genomes = {"rose": torch.ones(4), "tulip": torch.zeros(4)}
    save_rule(random_rule(8, 8, "isonca"), tmp_path / "g.safetensors", {}, genomes=genomes)
    named = read_subject("g.safetensors")
    grid = square_grid(8, 8)
    assert named.seed(grid)[:, 4:].sum() == 4 and named.seed(grid, genome="tulip")[:, 4:].sum() == 0
    outcome = graphnca("grow", "g.safetensors", "--genome", "tulp", "--size", "8")
    assert outcome.status == 2 and "expected one of ['rose', 'tulip']. Did you mean tulip?" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (["isonca-hart"], "no rule is called 'isonca-hart'. Did you mean isonca-heart"),
        (["nowhere/isonca-heart.safetensors"], "there is no rule at 'nowhere/isonca-heart.safetensors'. Did you mean"),
        (["cadata.json"], "there is no model file at 'cadata.json'"),
        (["isonca-heart", "--substrate", "voronoy"], "there is no substrate 'voronoy'"),
        (["isonca-heart", "--substrate", "mine.pt"], "there is no file 'mine.pt'"),
        (["isonca-heart", "--damage", "5:heart"], "--damage knows no cut 'heart'"),
        (["isonca-heart", "--damage", "2001"], "a step from 0 to 2000"),
        (["isonca-heart", "--damage", "soon"], "a step from 0 to 2000"),
        (["isonca-heart", "--angle", "3"], "perceives none"),
        (["isonca-heart", "--genome", "a"], "isonca-heart has no genome 'a': it has none"),
        (["isonca-heart", "--out", "x.tiff"], "--out must end in"),
        (["isonca-heart", "--steps", "-1"], "at least 0, got '-1'"),
        (["isonca-heart", "--size", "many"], "at least 4, at most 100000, got 'many'"),
        (["isonca-heart", "--fire-rate", "2"], "at most 1, got '2'"),
        (["isonca-heart", "--fire-rate", "x"], "at most 1, got 'x'"),
        (["growing-shell"], "chamber by chamber"),
        (["isonca-dancer-6point", "--size", "6"], "isonca-dancer-6point cannot start on this substrate"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], reported: str, graphnca) -> None:
    outcome = graphnca("grow", *arguments)
    assert outcome.status == 2 and reported in outcome.err and "Traceback" not in outcome.err
    assert outcome.out == "" and not list(Path.cwd().glob("*.png"))


def test_what_became_of_a_run(random_rule) -> None:
    named = Subject("x", random_rule(8, 8, "isonca"))
    state = torch.zeros(10, 8)
    assert "no cell is alive" in summary(named, state, 1)
    state[:3, 3] = 1
    assert summary(named, state, 1000) == "10 cells, 1,000 steps, 3 cells alive"
    state[0, 0] = 60
    assert "it exploded, the state reaches 60" in summary(named, state, 1)
    state[0, 0] = torch.nan
    assert "not finite" in summary(named, state, 1)


def test_names_of_files() -> None:
    assert [path.name for path in output_files("out/a")] == ["a.png", "a.webp"]
    assert [path.name for path in output_files("out/a.mp4")] == ["a.mp4"]
    assert [path.name for path in output_files("v0.5")] == ["v0.5.png", "v0.5.webp"]


def test_a_film_that_cannot_be_written_is_said_before_anything_grows(
    graphnca, small_rule: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    monkeypatch.setattr("graphnca.cli.grow.growth", None)
    outcome = graphnca("grow", str(small_rule), "--out", "x.mp4")
    assert outcome.status == 1 and "needs imageio-ffmpeg" in outcome.err


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("isonca-heart", 2000),
        ("growing-lizard", 500),
        ("growing-lizard-naive", 96),
        ("growing-flower-large", 500),
        ("texture-dotted", 500),
    ],
)
def test_a_rule_grows_for_as_long_as_its_card_says(name: str, steps: int) -> None:
    assert read_subject(name).usual_steps == steps
