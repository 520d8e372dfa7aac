"""What the unfolding's numbers mean, and how its curve, its animation and its channels are chosen."""

import pytest
from isonca.unfolding import Config, curve_steps, frame_steps, measure_rule, shown_channels, tables

from graphnca.evaluation.form import OwnForm
from graphnca.evaluation.published_loss import isotropic_loss
from graphnca.evaluation.subject import Subject, SubjectError
from graphnca.models import isonca
from graphnca.results.result import Result


def test_runs_are_reported_relative_to_nothing(tmp_path, random_rule) -> None:
    rule = random_rule(16, 32, "isonca", life_mask="pre", output_bias=False)
    subject = Subject(
        "any",
        rule,
        {"auxiliary channels": "binary,axis:3", "regime": "naive", "configuration": {"steps": [1, 3]}},
        goal="lizard",
    )
    result = Result("any", tmp_path)
    measure_rule(subject, Config(moments=(0, 3, 12), runs=6, cells=150), result)
    metrics = result.metrics
    assert list(metrics["steps"]) == ["0", "3", "12"]
    assert metrics["auxiliary channels trained"] == ["binary", "axis"]
    runs, empty = metrics["steps"]["12"]["runs"], metrics["loss of the empty substrate"]
    assert len(runs) == 6 and empty == pytest.approx(38.5, abs=0.5)
    assert runs[0]["relative"] == pytest.approx(runs[0]["loss"] / empty, abs=1e-3)
    assert metrics["curve"]["steps"][-1] == 12
    assert [len(run) for run in metrics["curve"]["relative loss of each run"]] == [len(metrics["curve"]["steps"])] * 6
    assert not tables(metrics)["rings"].rows  # nobody looked at step 1000


@pytest.mark.parametrize(("scale", "met"), [(0.0, "no"), (1.0, "yes")])
def test_the_goal_is_judged_by_what_stands_at_step_1000(scale: float, met: str, tmp_path, monkeypatch) -> None:
    """In place of a growth: nothing misses the goal, the target itself meets it."""
    target = isotropic_loss("heart").target

    def grown(self, topology, runs, moments, seed):
        state = point_states(topology, runs)
        state[..., : len(target)] = scale * target[:, :72, :72].flatten(1).T
        return dict.fromkeys(moments, state)

    def point_states(topology, runs):
        return target.new_zeros(runs, topology.num_nodes, 16)

    monkeypatch.setattr(Subject, "grow", grown)
    monkeypatch.setattr("isonca.unfolding.own_form", lambda *_: OwnForm(1.0, target[:4], mirror=True, spread=0.0))
    result = Result("any", tmp_path)
    subject = Subject("any", isonca(), goal="heart")
    measure_rule(subject, Config(moments=(1, 1000), runs=2), result)
    row = tables(result.metrics)["rings"].rows[0]
    assert row[-1] == met
    assert float(row[2].split()[0]) == pytest.approx(1.0 - scale, abs=0.01)


def test_without_a_target_nothing_is_grown(tmp_path) -> None:
    with pytest.raises(SubjectError, match="what bare is to show"):
        measure_rule(Subject("bare", isonca()), Config(), Result("bare", tmp_path))


@pytest.mark.parametrize("last", [1, 7, 5000])
def test_curve_and_animation_run_to_the_last_step(last: int) -> None:
    assert curve_steps(last)[0] == 1
    assert frame_steps(last)[0] == 0
    for steps in (curve_steps(last), frame_steps(last)):
        assert steps[-1] == last
        assert steps == sorted(set(steps))


def test_the_channels_shown_are_those_the_rule_was_trained_to_fill() -> None:
    assert shown_channels({"auxiliary channels": "binary:2,radial4"}, "heart") == {"binary": 4, "radial4": 5}
    assert shown_channels({"auxiliary channels": ""}, "spiderweb") == {"hidden": 4}
    assert shown_channels({}, "heart") == {"binary": 4, "radial4": 5}  # a published model: the paper's
