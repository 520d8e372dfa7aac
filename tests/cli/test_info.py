"""`graphnca info`: rules, published models and substrates, told apart by what the files hold."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from graphnca import load_rule
from graphnca.rules import describe_rule
from topologies import save_topology, square_grid


def write_isonca_demo(path: Path) -> None:
    shapes = {"w1": (6, 16), "b1": (6,), "w2": (6, 8)}
    content = {
        name: {"shape": list(shape), "data64": base64.b64encode(np.ones(shape, "<f4").tobytes()).decode()}
        for name, shape in shapes.items()
    }
    path.write_text(json.dumps(content))


def test_a_rule_and_its_card(graphnca, small_rule: Path) -> None:
    outcome = graphnca("info", str(small_rule))
    assert outcome.status == 0
    for reported in ("small", "heart, from one cell", "upright", "8, hidden layer 8", "its gradient times 0.125"):
        assert reported in outcome.out
    assert json.loads(graphnca("info", str(small_rule), "--json").out) == describe_rule(small_rule)


def test_a_shipped_rule(graphnca) -> None:
    assert graphnca("info", "isonca-heart").out == graphnca("rules", "isonca-heart").out


def test_a_trainings_folder(graphnca, small_rule: Path) -> None:
    (small_rule.parent / "run").mkdir()
    small_rule.rename(small_rule.parent / "run" / "rule.safetensors")
    outcome = graphnca("info", "run")
    assert outcome.status == 0 and outcome.out.splitlines()[0].split() == ["rule", "run"]
    assert json.loads(graphnca("info", "run", "--json").out)["card"]["target"] == "heart"


def test_a_published_model(graphnca, tmp_path: Path) -> None:
    write_isonca_demo(tmp_path / "cadata.json")
    outcome = graphnca("info", "cadata.json")
    assert outcome.status == 0 and "cadata" in outcome.out and "its Laplacian" in outcome.out
    assert json.loads(graphnca("info", "cadata.json", "--json").out)["architecture"]["hidden_size"] == 6
    outcome = graphnca("info", "cadata.json", "--model", "dots")
    assert outcome.status == 2 and "holds a single one" in outcome.err


def test_an_atlas_of_textures(graphnca, tmp_path: Path, write_atlas) -> None:
    write_atlas(tmp_path / "models.json", ("dots", "mesh"))
    outcome = graphnca("info", "models.json")
    assert outcome.status == 0 and "2 published textures" in outcome.out and "dots" in outcome.out
    assert "8 bits" in outcome.out
    assert json.loads(graphnca("info", "models.json", "--json").out)["models"] == ["dots", "mesh"]
    assert "rule" in graphnca("info", "models.json", "--model", "mesh").out
    assert graphnca("info", "models.json", "--model", "1").out.splitlines()[0].split() == ["rule", "mesh"]
    outcome = graphnca("info", "models.json", "--model", "dot")
    assert outcome.status == 2 and "Did you mean dots?" in outcome.err
    assert graphnca("info", "models.json", "--model", "2").status == 2
    outcome = graphnca("grow", "models.json", "--model", "dots", "--size", "6", "--steps", "2", "--out", "d.png")
    assert outcome.status == 0 and outcome.out.startswith("dots on square")


def test_a_texture_of_the_notebook_has_the_ending_of_a_substrate(graphnca) -> None:
    shapes = {"w1.weight": (6, 16, 1, 1), "w1.bias": (6,), "w2.weight": (4, 6, 1, 1)}
    torch.save({name: torch.zeros(shape) for name, shape in shapes.items()}, "dots.pt")
    outcome = graphnca("info", "dots.pt")
    assert outcome.status == 0 and "4, hidden layer 6" in outcome.out
    assert graphnca("grow", "dots.pt", "--size", "6", "--steps", "2", "--out", "d.png").status == 0


@pytest.mark.parametrize("ending", ["safetensors", "pt"])
def test_a_substrate(ending: str, graphnca) -> None:
    grid = square_grid(6, 8, periodic=False)
    save_topology(grid, "s.safetensors") if ending == "safetensors" else torch.save(grid, "s.pt")
    outcome = graphnca("info", f"s.{ending}")
    assert outcome.status == 0
    for reported in ("48", "3 to 8", "8.00 x 6.00 units, bounded domain", "keeps the data contract"):
        assert reported in outcome.out
    assert json.loads(graphnca("info", f"s.{ending}", "--json").out)["cells"] == 48


def write_rule(path: Path, **description) -> None:
    """A rule file whose description is what someone has written."""
    rule = load_rule("isonca-lizard")
    tensors = {name: value.contiguous() for name, value in rule.state_dict().items()}
    content = {"format": 1, "architecture": rule.config, **description}
    save_file(tensors, path, metadata={"graphnca": json.dumps(content)})


@pytest.mark.parametrize(
    ("card", "reported"),
    [
        ([1], "must describe the rule's `card` by names, got [1]"),
        ({"target": ["x"]}, "the card's `target` must be a text, got \"['x']\""),
        ({"size": 10**9}, "the card's `size` must be a whole number from 0 to 100000, got '1000000000'"),
        ({"size": True}, "the card's `size` must be a whole number"),
        ({"rgb_offset": "x"}, "the card's `rgb_offset` must be a number"),
        ({"seed at": [0.5]}, "the card's `seed at` must be two numbers"),
        ({"seed at": [0.5, 0.5]}, "the card's `seed at` needs a `size`"),
        ({"targets": "heart"}, "the card's `targets` must be a list of texts"),
        ({"configuration": 3}, "the card's `configuration` must be entries by name"),
    ],
)
def test_a_card_that_says_what_cannot_be(card: object, reported: str, graphnca) -> None:
    write_rule(Path("r.safetensors"), card=card)
    for verb, *options in (["info"], ["grow", "--steps", "1", "--size", "8"], ["export", "--size", "8"]):
        outcome = graphnca(verb, "r.safetensors", *options)
        assert outcome.status == 1 and reported in outcome.err, outcome


@pytest.mark.parametrize(
    "card",
    [
        {"iterations": "x", "hours": "y"},
        {"iterations": True, "hours": None},
        {"started from": [1], "measured": [1], "trained by": 3, "substrate": 4},
        {"measured": {"a": {"b": [[["deep"] * 2]]}}, "note": json.loads("[" * 400 + "]" * 400)},
        {"measured": {"by": {"x": 1}, "square": {"one": 1, "two": {"three": None}}}},
    ],
)
def test_a_card_may_say_anything_else(card: dict, graphnca) -> None:
    """Whatever is for people only is shown, or left out."""
    write_rule(Path("r.safetensors"), card=card)
    outcome = graphnca("info", "r.safetensors")
    assert outcome.status == 0 and "9,408" in outcome.out, outcome


def test_a_chain_of_trainings_may_be_long(graphnca) -> None:
    card: dict = {}
    for number in range(200):
        card = {"trained by": f"command {number}", "iterations": 1, "hours": 0.5, "started from": card}
    write_rule(Path("r.safetensors"), card=card)
    outcome = graphnca("info", "r.safetensors")
    assert outcome.status == 0 and outcome.out.index("command 0") < outcome.out.index("command 199")


def test_what_a_file_leaves_out_or_lies_about_is_counted(graphnca) -> None:
    write_rule(Path("r.safetensors"), parameters="many", genomes=3)
    outcome = graphnca("info", "r.safetensors")
    assert outcome.status == 0 and "9,408" in outcome.out and "many" not in outcome.out


def test_a_card_cannot_speak_to_the_terminal(graphnca) -> None:
    trick = "\x1b]0;a title\x07 \x9b31m \u202egnp.exe"
    write_rule(Path("r.safetensors"), card={"note": trick, "target": trick, trick: 1})
    for arguments in (["info", "r.safetensors"], ["grow", "r.safetensors", "--steps", "1", "--size", "8"]):
        outcome = graphnca(*arguments)
        assert outcome.status == 0 and (outcome.out + outcome.err).replace("\n", "").isprintable(), outcome
    assert r"\x1b]0;a title\x07 \x9b31m \u202egnp.exe" in graphnca("info", "r.safetensors").out
    write_rule(Path("r.safetensors"), card=[trick])
    outcome = graphnca("info", "r.safetensors")
    assert outcome.status == 1 and outcome.err.strip().isprintable()


def test_a_substrate_that_breaks_the_contract(graphnca) -> None:
    grid = square_grid(6, 8)
    grid["edge_weight"] = grid["edge_weight"] * 2
    torch.save(grid, "s.pt")
    outcome = graphnca("info", "s.pt")
    assert outcome.status == 1 and "does not keep the data contract" in outcome.err


def test_what_cannot_be_read_is_said(graphnca, tmp_path: Path, small_rule: Path) -> None:
    (tmp_path / "no.pt").write_bytes(b"nothing")
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save({"pos": "x", 3: 4}, tmp_path / "texts.pt")
    (tmp_path / "empty.pt").write_bytes(b"")
    (tmp_path / "text.pt").write_text("hello\n")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    for name, header in (("number", "5"), ("nested", "[" * 100_000)):
        save_file({"a": torch.zeros(1)}, tmp_path / f"{name}.safetensors", metadata={"topology": header})
    (tmp_path / "odd.json").write_text("[1]")
    for arguments, status, reported in (
        (["no.pt"], 1, "cannot be read"),
        (["list.pt"], 1, "got list"),
        (["texts.pt"], 1, "must hold tensors, got another thing as pos"),
        (["empty.pt"], 1, "cannot be read (EOFError"),
        (["text.pt"], 1, "cannot be read (KeyError: 101)"),
        (["deep.json"], 1, "cannot be read"),
        (["number.safetensors"], 1, "must be a rule written by `save_rule`"),
        (["nested.safetensors"], 1, "must be a rule written by `save_rule`"),
        (["odd.json"], 1, "two layers"),
        (["gone.pt"], 2, "no model file at 'gone.pt'"),
        (["small.json"], 2, "the rule itself is small.safetensors"),
        (["."], 2, "."),
    ):
        outcome = graphnca("info", *arguments)
        assert (outcome.status, reported in outcome.err) == (status, True), outcome
        assert "Traceback" not in outcome.err
