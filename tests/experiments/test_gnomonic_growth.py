"""The shell's measurement, small: a perfect chamber scores as one, and the whole runs through."""

import json
from dataclasses import replace
from pathlib import Path

import gnomonic_growth
import pytest
import torch
from gnomonic_growth import Config, Moment, growth, main, measured
from protocol.chambers import placed_shell, starting_state

from graphnca import save_rule
from graphnca.models import growing_nca
from graphnca.regions import FROZEN, GROWING, MATURE
from graphnca.rules import describe_rule
from topologies import square_grid


@pytest.mark.parametrize("chambers", [0, 5])
def test_a_perfect_chamber_is_one_and_half_of_it_is_half(chambers: int) -> None:
    grid = square_grid(72, 72)
    shell = placed_shell(grid, 19.0, 0.7)
    before, after = (starting_state(shell, grid, number, 16) for number in (chambers, chambers + 1))
    regions = shell.regions(grid["pos"], chambers)
    half = after.clone()
    chamber = ((regions == GROWING) & (after[:, 3] > 0)).nonzero().view(-1)
    half[chamber[::2]] = 0.0
    states = torch.stack([after, half, before])
    rows = measured(Moment(chambers, 160, states, regions.repeat(3, 1)), [shell] * 3, grid)
    assert rows[0]["area"] == pytest.approx(1, abs=0.05)  # cells against the exact integral
    assert rows[0]["overlap"] == 1
    assert rows[0]["colour error"] == 0
    assert rows[1]["area"] == pytest.approx(rows[0]["area"] / 2, rel=0.02)
    assert rows[1]["overlap"] == pytest.approx(0.5, abs=0.02)
    assert rows[2]["area"] == rows[2]["overlap"] == 0
    assert rows[2]["colour error"] > 0.3


def test_regions_follow_from_the_state_alone() -> None:
    """A rule that lifts every living cell's alpha fills a ring a step."""
    grid, rule = square_grid(15, 15), growing_nca(fire_rate=1.0)
    with torch.no_grad():
        rule.update_rule.output.bias[3] = 1.0
    start, regions = torch.zeros(1, 225, 16), torch.full((1, 225), GROWING)
    start[0, 112, :4], regions[0, 112] = 1.0, MATURE
    looks = list(growth(rule, grid, start, regions, chambers=2, cycle=2, look_every=1, generator=torch.Generator()))
    assert [(look.chambers, look.step) for look in looks] == [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2)]
    assert [int((look.states[..., 3] > 0.5).sum()) for look in looks] == [1, 9, 25, 49, 81]
    assert [int((look.regions == FROZEN).sum()) for look in looks] == [0, 0, 0, 1, 1]
    assert [int((look.regions == MATURE).sum()) for look in looks] == [1, 1, 1, 24, 24]


def test_it_runs_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(gnomonic_growth, "RULES", tmp_path)
    monkeypatch.setattr(gnomonic_growth, "PICTURES", tmp_path / "docs")
    torch.manual_seed(0)
    save_rule(growing_nca(), tmp_path / "rule.safetensors", {"target": "shell"})
    out = tmp_path / "out"
    config = Config(
        rule=str(tmp_path / "rule.safetensors"),
        scale=8.0,
        runs=1,
        cells=900,
        chambers=3,
        cycle=5,
        frame_every=2,
        ship=True,
        out=str(out),
    )
    main(config)
    metrics = json.loads((out / "metrics.json").read_text())
    assert list(metrics["sheets"]) == ["square", "hex", "voronoi 4001"]
    for entry in metrics["sheets"].values():
        assert entry["chambers"] == 6
        assert entry["within tolerance"] == 0  # an untrained rule changes nothing
        assert entry["shells with all within tolerance"] == {"angle 1.9": 0, "angle 5.1": 0}
        assert [run["areas"] for run in entry["runs"]] == [[0, 0, 0]] * 2
    assert all((out / name).stat().st_size > 500 for name in ("shells.png", "regions.png", "areas.png", "growth.gif"))
    assert "0 of 6" in capsys.readouterr().out
    card = describe_rule(str(tmp_path / "growing-shell.safetensors"))["card"]
    assert card["measured"]["sheets"]["square"]["chambers"] == 6
    assert (tmp_path / "docs" / "growing-shell.png").stat().st_size > 500


def test_without_shipping_nothing_is_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gnomonic_growth, "RULES", tmp_path / "rules")
    save_rule(growing_nca(), tmp_path / "rule.safetensors", {"target": "shell"})
    config = Config(rule=str(tmp_path / "rule.safetensors"), scale=6.0, runs=1, cells=400, chambers=1, cycle=2)
    main(replace(config, frame_every=2, out=str(tmp_path / "out")))
    assert not (tmp_path / "rules").exists()
