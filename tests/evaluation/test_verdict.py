"""What a verdict makes of rules that are known."""

from dataclasses import replace

import pytest
import torch

from graphnca.evaluation.named import read_subject
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.verdict import Verdict, _doubled, form_of, is_recognised, verdict_on
from graphnca.models import growing_nca
from graphnca.targets import load_target
from topologies import square_grid

GOOD = Verdict(0.01, {"whole": 4}, {"whole": 4}, 0.01, 0.01, "stands", False)


@pytest.mark.slow
def test_a_shipped_rule_is_good() -> None:
    target = load_target("butterfly", size=40, padding=16)
    verdict = verdict_on(read_subject("growing-butterfly"), square_grid(72, 72), target)
    assert verdict.word == "good" and verdict.error < 0.02 and verdict.healed < 0.05 and verdict.moves == "stands"
    assert is_recognised(read_subject("growing-butterfly"), square_grid(72, 72), target)
    other = verdict_on(read_subject("growing-butterfly"), square_grid(72, 72), load_target("fish", size=40, padding=16))
    assert other.word == "unfinished" and other.fate != "whole"


def test_a_rule_that_does_nothing_has_not_converged() -> None:
    target = load_target("heart", size=12, padding=4)
    verdict = verdict_on(Subject("nothing", growing_nca(), {}), square_grid(20, 20), target)
    assert not is_recognised(Subject("nothing", growing_nca(), {}), square_grid(20, 20), target)
    assert verdict.word == "unfinished" and verdict.fate == "shrunk" and 0.9 < verdict.error < 1.1
    assert verdict.sentences()[0].startswith("not converged: what it grows is shrunk")


@pytest.mark.parametrize(
    ("changes", "word", "sentence"),
    [
        ({}, "good", "It heals"),
        ({"error": 0.05}, "recognisable", "softly"),
        ({"error": 0.2}, "unfinished", "blur"),
        ({"grown": {"died": 4}}, "failed", "dies"),
        ({"grown": {"exploded": 3, "whole": 1}}, "failed", "explodes"),
        ({"grown": {"crumbled": 4}}, "unfinished", "crumbled"),
        ({"two_headed": True}, "good", "two-headed"),
        ({"moves": "drifts"}, "good", "it drifts"),
        ({"lasting": {"exploded": 4}}, "recognisable", "by step 2,000 it has exploded"),
        ({"lasting": {"whole": 4}, "error_at_last": 0.5}, "recognisable", "It does not last"),
        ({"healed": 0.5}, "good", "It does not heal"),
    ],
)
def test_words(changes: dict, word: str, sentence: str) -> None:
    verdict = replace(GOOD, **changes)
    assert verdict.word == word and sentence in " ".join(verdict.sentences())


def test_a_picture_that_is_its_own_mirror_image_is_double() -> None:
    """A lizard with two heads is, a lizard is not."""
    lizard = form_of(load_target("lizard", size=24, padding=8), mirror=True).picture
    assert _doubled(lizard) > 0.3 > 0.1 > _doubled(torch.maximum(lizard, lizard.rot90(2, (-2, -1))))
