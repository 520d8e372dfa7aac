"""Every kind of name that a rule may have, and what is said of those that name none."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from graphnca import save_rule
from graphnca.evaluation import named
from graphnca.evaluation.named import read_subject, read_subjects, shipped_subjects
from graphnca.evaluation.subject import SubjectError
from graphnca.models import growing_nca, isonca, texture_nca
from graphnca.rules import shipped_rules
from topologies import square_grid


def saved(path: Path, card: dict, rule=None) -> str:
    path.parent.mkdir(exist_ok=True)
    save_rule(rule or isonca(), path, card)
    return str(path)


def test_a_shipped_rule_comes_with_its_card() -> None:
    subject = read_subject("isonca-lizard")
    assert (subject.name, subject.goal, subject.is_upright) == ("isonca-lizard", "lizard", False)
    assert read_subject("growing-flowers").genomes.keys() == {"rose", "blossom", "tulip"}


def test_a_file_is_called_after_itself_or_its_run(tmp_path: Path) -> None:
    assert read_subject(saved(tmp_path / "bricks.safetensors", {})).name == "bricks"
    path = saved(tmp_path / "walls" / "rule.safetensors", {"target": "heart"})
    for name in (path, str(tmp_path / "walls")):
        subject = read_subject(name)
        assert (subject.name, subject.goal) == ("walls", "heart")


def test_a_goal_is_the_cards_or_what_is_said_instead(tmp_path: Path) -> None:
    path = saved(tmp_path / "woven.safetensors", {"template": "dotted"}, texture_nca())
    assert read_subject(path).goal == "dotted"
    assert read_subject(path, goal="banded").goal == "banded"
    assert not read_subject(saved(tmp_path / "bare.safetensors", {"origin": "a test"})).has_target


def test_a_published_model_has_no_card(conformance: Path) -> None:
    subject = read_subject(str(conformance / "isonca_lizard" / "cadata.json"))
    assert sum(parameter.numel() for parameter in subject.rule.parameters()) == 9408
    assert (subject.name, subject.goal, subject.card) == ("cadata", "lizard", {})


def test_a_model_of_an_atlas_shows_its_colours_as_every_texture_does(
    tmp_path: Path, write_atlas: Callable[..., Path]
) -> None:
    path = str(write_atlas(tmp_path / "models.json", ("chess", "dots")))
    first, second = read_subject(path), read_subject(path, model="dots")
    assert (first.name, second.name, read_subject(path, model="1").name) == ("chess", "dots", "dots")
    assert first.rule.arithmetic == "quantised"
    seen = first.images(torch.full((256, 4), 0.5), square_grid(16, 16))
    torch.testing.assert_close(seen, torch.full((3, 16, 16), 0.75))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("isonca-lizzard", {}, "no rule is called 'isonca-lizzard'. Did you mean isonca-lizard"),
        ("nowhere/rule.safetensors", {}, "there is no rule at 'nowhere/rule.safetensors'"),
        ("lizard.json", {}, "no model file at 'lizard.json'"),
        ("models.json", {"model": "dottts"}, "no model 'dottts'.*Did you mean dots"),
        ("models.json", {"model": "7"}, "a name or a number below 2"),
        (".", {}, "a folder without rule.safetensors"),
    ],
)
def test_what_names_no_rule(
    name: str,
    options: dict,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write_atlas: Callable[..., Path],
) -> None:
    write_atlas(tmp_path / "models.json", ("chess", "dots"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SubjectError, match=message):
        read_subject(str(Path(name)) if name != "." else str(tmp_path), **options)


def test_shipped_subjects_are_sorted_into_kinds() -> None:
    kinds = [set(shipped_subjects(kind)) for kind in ("texture", "isotropic", "upright")]
    assert set().union(*kinds) <= set(shipped_rules())
    assert len(set().union(*kinds)) == sum(map(len, kinds))
    texture, isotropic, upright = kinds
    assert "texture-dotted" in texture and "isonca-lizard" in isotropic and "growing-lizard" in upright
    with pytest.raises(ValueError, match="`kind`"):
        shipped_subjects("shell")


def test_subjects_are_those_named_or_all_that_are_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    woven = saved(tmp_path / "woven.safetensors", {}, texture_nca())
    living = saved(tmp_path / "living.safetensors", {}, growing_nca())
    assert [subject.name for subject in read_subjects([woven], "texture")] == ["woven"]
    with pytest.raises(SubjectError, match="without a life mask is expected here, and living has one"):
        read_subjects([living], "texture")
    with pytest.raises(SubjectError, match="with a life mask is expected here, and woven has none"):
        read_subjects([woven], "upright")
    monkeypatch.setattr(named, "shipped_subjects", lambda kind: ["isonca-heart"])
    assert [subject.name for subject in read_subjects((), "isotropic")] == ["isonca-heart"]
