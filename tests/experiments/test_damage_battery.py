"""The damage battery, tiny: what is told of the cuts, and many seeds side by side."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from damage_battery import (
    ACROSS,
    LOST,
    Config,
    goal_of,
    healed,
    main,
    many_seeds,
    nearest_seed,
    numbers_of,
)
from PIL import Image
from protocol.growing import growing_of

from graphnca import save_rule
from graphnca.evaluation.damage_tests import GOAL_CUTS, WHOLE, Healing
from graphnca.models import growing_nca
from topologies import square_grid, substrate_of_cells

CONFIG = Config(cells=400, meshes=1, times=(5, 10), steps=100, substrate=("square", "voronoi"))
CARD = {"target": "lizard", "size": 12, "padding": 4}


def saved(folder: Path, card: dict) -> str:
    """An untrained rule: its output layer is zero, so the seed stays as it is."""
    path = folder / "still.safetensors"
    save_rule(growing_nca(8, 16), path, card)
    return str(path)


def test_a_still_seed_is_lost_with_the_middle_alone(tmp_path: Path) -> None:
    """It lies on the line between the halves, and in the square."""
    growing = growing_of(saved(tmp_path, CARD))
    results = healed(growing, substrate_of_cells("square", 400), CONFIG)
    assert list(results) == [5, 10]
    whole = results[5].scores[WHOLE]
    assert torch.equal(results[5].scores["left half"], whole)
    assert (results[5].scores["centre"] - growing.empty_log_error).abs().max() < 1e-5
    assert (results[5].apart["centre"] > -8).all() and (results[5].apart["left half"] == -8).all()


def test_errors_are_told_right_after_later_and_at_the_end() -> None:
    moments = list(range(0, 301, 10))
    course = torch.linspace(-1.5, -4.5, len(moments))[:, None].expand(-1, 2)
    back = course.clone()
    back[20:] = -1.0
    result = Healing(moments, {WHOLE: course, "left half": back}, {"left half": back}, {})
    entry = numbers_of(result)
    assert entry["left half"]["right after"] == [-1.5, -1.5]
    assert entry["left half"]["after 100"] == entry["left half"]["least within 100"] == [-2.5, -2.5]
    assert entry["left half"]["after 300"] == [-1.0, -1.0]
    assert entry["left half"]["to the run without a cut, after 100"] == [-2.5, -2.5]
    assert "to the run without a cut, after 100" not in entry[WHOLE]


@pytest.mark.parametrize(("bad", "reached"), [(0, True), (1, True), (2, False)])
def test_the_goal_is_nine_of_ten_cuts(bad: int, reached: bool) -> None:
    errors = [[-3.1, -3.0] for _ in GOAL_CUTS]
    for number in range(bad):
        errors[number] = [-3.2, -2.99]
    cuts = {cut: {"least within 100": pair} for cut, pair in zip(GOAL_CUTS, errors, strict=True)}
    cuts["random disk"] = {"least within 100": [-1.0, -1.0]}
    assert goal_of({"200": cuts}) == {"cuts": 10, "healed": 10 - bad, "reached": reached}


def test_cells_belong_to_the_nearest_seed_round_the_seam() -> None:
    owner = nearest_seed(square_grid(10, 20), torch.tensor([[1.5, 5.5], [11.5, 5.5]])).view(10, 20)
    assert (owner[:, :6] == 0).all() and (owner[:, 17:] == 0).all()
    assert (owner[:, 7:16] == 1).all()


def test_many_seeds_lose_one_part_each(tmp_path: Path) -> None:
    """All of them stay, but for the one that loses its middle (and single cells, by chance)."""
    growing = growing_of(saved(tmp_path, CARD))
    entry, figure, frames = many_seeds(growing, CONFIG)
    assert entry["lost"] == LOST and len(LOST) == ACROSS**2
    assert {"grown", "cut"} < entry["log10 errors"].keys()
    grown, cut = (entry["log10 errors"][moment] for moment in ("grown", "cut"))
    assert len(grown) == len(cut) == ACROSS**2
    middle = LOST.index("centre")
    assert cut[LOST.index(WHOLE)] == grown[LOST.index(WHOLE)]
    assert cut[LOST.index("left half")] == grown[LOST.index("left half")]
    assert cut[middle] != grown[middle]
    assert len(frames) > 20 and figure.width > 100


def test_the_main_job_writes_what_it_promises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    main(replace(CONFIG, rule=(saved(tmp_path, CARD),), out=str(out)))
    metrics = json.loads((out / "still" / "metrics.json").read_text())
    assert list(metrics["sheets"]) == ["square", "voronoi 5001"]
    assert metrics["sheets"]["square"]["goal"] == {"cuts": 20, "healed": 0, "reached": False}
    assert set(metrics["sheets"]["square"]["times"]) == {"5", "10"}
    for picture in ("cuts.png", "curves.png", "many.png", "animation.gif"):
        with Image.open(out / "still" / picture) as drawn:
            assert drawn.width > 80
    assert "0 of 20 cuts healed" in capsys.readouterr().out


@pytest.mark.parametrize("steps", [90, 105])
def test_steps_that_do_not_fit(steps: int) -> None:
    with pytest.raises(SystemExit, match="--steps"):
        main(replace(CONFIG, steps=steps))


def test_a_rule_without_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="still"):
        main(replace(CONFIG, rule=(saved(tmp_path, {}),), out=str(tmp_path)))
