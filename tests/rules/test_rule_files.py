"""A rule comes back from disk as it went there, or one error says why not."""

import json
import resource
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from graphnca import shipped
from graphnca.cli.cards import stages
from graphnca.layers import NCAConv
from graphnca.models import growing_nca, isonca, texture_nca
from graphnca.rules import describe_rule, load_genomes, load_rule, save_rule, shipped_rules
from graphnca.shipped import shipped_description

ARCHITECTURES: dict[str, Callable[[], NCAConv]] = {
    "growing": growing_nca,
    "isonca": isonca,
    "texture": texture_nca,
    "own": lambda: NCAConv(
        5,
        7,
        ("laplacian", "identity", "gradient_norm"),
        gains={"laplacian": 0.25, "gradient_norm": 3.0},
        fire_rate=0.8,
        fire_per="channel",
        life_mask="post",
        alive_threshold=0.05,
        hidden_bias=False,
    ),
}


def randomised(rule: NCAConv, seed: int = 0) -> NCAConv:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in rule.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return rule


def stored(path: Path) -> tuple[dict[str, torch.Tensor], dict]:
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
        return tensors, json.loads(file.metadata()["graphnca"])


def rewrite(path: Path, tensors: dict[str, torch.Tensor], description: object) -> None:
    """Another content as a whole file, as from before there was a digest."""
    if isinstance(description, dict):
        description = {name: value for name, value in description.items() if name != "sha256"}
    save_file(tensors, path, metadata={"graphnca": json.dumps(description)})


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "rule.safetensors"
    save_rule(randomised(isonca(4, 8)), path, {"seed": 7})
    return path


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_rule_comes_back_bit_for_bit_with_its_architecture(name: str, tmp_path: Path) -> None:
    rule = randomised(ARCHITECTURES[name]())
    save_rule(rule, tmp_path / "rule.safetensors")
    loaded = load_rule(tmp_path / "rule.safetensors")
    assert loaded.config == rule.config
    assert not loaded.training and all(parameter.requires_grad for parameter in loaded.parameters())
    assert loaded.state_dict().keys() == rule.state_dict().keys()
    for key, tensor in rule.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], tensor)


def test_double_precision_is_kept(tmp_path: Path) -> None:
    rule = randomised(isonca(4, 8)).double()
    with torch.no_grad():
        rule.update_rule.hidden.weight += 1e-12
    save_rule(rule, tmp_path / "rule.safetensors")
    loaded = load_rule(tmp_path / "rule.safetensors")
    assert torch.equal(loaded.update_rule.hidden.weight, rule.update_rule.hidden.weight)


def test_equal_rules_make_equal_files(saved: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.safetensors"
    save_rule(load_rule(saved), again, {"seed": 7})
    assert again.read_bytes() == saved.read_bytes()


def test_the_description_is_readable_in_the_file_and_beside_it(saved: Path) -> None:
    description = describe_rule(saved)
    assert description["card"] == {"seed": 7}
    assert description["parameters"] == sum(parameter.numel() for parameter in isonca(4, 8).parameters())
    assert description["architecture"]["gains"] == {"laplacian": 1.0}
    assert description["architecture"]["life_mask"] == "pre"
    assert json.loads(saved.with_suffix(".json").read_text(encoding="utf-8")) == description
    assert saved.with_suffix(".json").read_text(encoding="utf-8").count("\n") > 10  # one entry a line


def test_a_string_with_the_ending_or_a_folder_is_a_path(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(saved.parent)
    assert load_rule("rule.safetensors").config == load_rule("./rule.safetensors").config == load_rule(saved).config


def test_shipped_rules_load_by_name_and_have_their_card_beside_them() -> None:
    for name in shipped_rules():
        rule = load_rule(name)
        assert shipped_description(name) == describe_rule(name)
        assert describe_rule(name)["card"], f"{name} has an empty card"
        assert describe_rule(name)["parameters"] == sum(parameter.numel() for parameter in rule.parameters())


def test_every_card_says_how_a_rule_came_to_be_what_it_does_and_what_it_cannot_do() -> None:
    for name in shipped_rules():
        card = describe_rule(name)["card"]
        for stage in stages(card):
            assert stage["trained by"].startswith("python experiments/"), name
            assert stage["iterations"] > 0 and stage["hours"] > 0 and stage["configuration"]["seed"] >= 0, name
        measured = card["measured"]
        assert measured["by"].startswith("python experiments/") and measured["seed"] > 0, name
        assert any(measured.get(numbers) for numbers in ("sheets", "log10 errors")), name
        assert card["limits"].endswith("."), f"the card of {name} says nothing of what the rule can't do"


def test_a_name_finds_what_lies_in_the_package(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "FOLDER", saved.parent)
    assert shipped_rules() == ["rule"]
    assert load_rule("rule").config == load_rule(saved).config


def test_an_unknown_name_is_answered_with_the_known_ones(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "FOLDER", saved.parent)
    with pytest.raises(ValueError, match=r"\['rule'\].*'lizzard'"):
        load_rule("lizzard")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.safetensors"):
        load_rule(tmp_path / "nothing.safetensors")


def test_a_folder_is_no_rule(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="path of a"):
        load_rule(tmp_path)


@pytest.mark.parametrize("size", [0, 4, 60, -1])
def test_a_cut_file_is_one_clear_error(saved: Path, size: int) -> None:
    saved.write_bytes(saved.read_bytes()[:size])
    with pytest.raises(ValueError, match="whole safetensors file"):
        load_rule(saved)


def test_any_other_file_is_one_clear_error(saved: Path) -> None:
    saved.write_text("PNG or so")
    with pytest.raises(ValueError, match="whole safetensors file"):
        load_rule(saved)


def test_safetensors_without_a_description_are_no_rule(saved: Path) -> None:
    save_file({"w": torch.zeros(2)}, saved)
    with pytest.raises(ValueError, match="written by `save_rule`"):
        load_rule(saved)


def test_a_damaged_description_is_named(saved: Path) -> None:
    tensors, _ = stored(saved)
    save_file(tensors, saved, metadata={"graphnca": '{"format": 1, '})
    with pytest.raises(ValueError, match="description is damaged"):
        load_rule(saved)


@pytest.mark.parametrize("description", [[], {"format": "one"}, {"format": 1}, {"format": 1, "architecture": "isonca"}])
def test_a_description_of_something_else_is_named(saved: Path, description: object) -> None:
    rewrite(saved, stored(saved)[0], description)
    with pytest.raises(ValueError, match="must describe"):
        load_rule(saved)


def test_a_newer_format_is_refused(saved: Path) -> None:
    tensors, description = stored(saved)
    rewrite(saved, tensors, {**description, "format": 2})
    with pytest.raises(ValueError, match="format 2, newer"):
        load_rule(saved)


@pytest.mark.parametrize("change", [{"attention_heads": 4}, {"perception": ["sobelle"]}, {"fire_rate": 7.0}])
def test_an_unknown_architecture_is_named(saved: Path, change: dict) -> None:
    tensors, description = stored(saved)
    rewrite(saved, tensors, {**description, "architecture": description["architecture"] | change})
    with pytest.raises(ValueError, match="NCAConv does not know"):
        load_rule(saved)


def test_missing_and_unknown_tensors_are_named(saved: Path) -> None:
    tensors, description = stored(saved)
    name = sorted(tensors)[0]
    tensors["mystery"] = tensors.pop(name)
    rewrite(saved, tensors, description)
    with pytest.raises(ValueError, match=rf"missing \['{name}'\], not known \['mystery'\]"):
        load_rule(saved)


def test_tensors_of_another_architecture_are_named(saved: Path) -> None:
    tensors, description = stored(saved)
    rewrite(saved, tensors, {**description, "architecture": description["architecture"] | {"hidden_size": 9}})
    with pytest.raises(ValueError, match=r"shape \(9"):
        load_rule(saved)


def test_weights_that_are_not_finite_are_refused(saved: Path, tmp_path: Path) -> None:
    tensors, description = stored(saved)
    name = sorted(tensors)[0]
    tensors[name].view(-1)[0] = float("nan")
    rewrite(saved, tensors, description)
    with pytest.raises(ValueError, match=rf"'{name}' must be finite"):
        load_rule(saved)
    rule = isonca(4, 8)
    with torch.no_grad():
        rule.update_rule.output.weight[0, 0] = float("inf")
    with pytest.raises(ValueError, match=r"finite parameters.*update_rule\.output\.weight"):
        save_rule(rule, tmp_path / "bad.safetensors")
    assert not (tmp_path / "bad.safetensors").exists()


def test_saving_needs_the_ending_and_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"end in '\.safetensors'"):
        save_rule(isonca(4, 8), tmp_path / "rule.pt")
    with pytest.raises(FileNotFoundError, match="existing folder"):
        save_rule(isonca(4, 8), tmp_path / "nowhere" / "rule.safetensors")


@pytest.mark.parametrize("card", [{"loss": float("nan")}, {"x": torch.zeros(1)}])
def test_a_card_holds_json_values(card: dict, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`card` must hold JSON"):
        save_rule(isonca(4, 8), tmp_path / "rule.safetensors", card)
    assert not list(tmp_path.iterdir())


def test_a_header_that_claims_too_much_is_one_clear_error(saved: Path) -> None:
    data = saved.read_bytes()
    saved.write_bytes(struct.pack("<Q", 1 << 40) + data[8:])
    with pytest.raises(ValueError, match="whole safetensors file"):
        load_rule(saved)


def test_genomes_come_back_and_the_rule_without_them(tmp_path: Path) -> None:
    path, rule = tmp_path / "rule.safetensors", randomised(isonca(6, 8))
    genomes = {"tulip": torch.tensor([1.0, -2.0]), "rose": torch.tensor([0.5, 0.25], requires_grad=True)}
    save_rule(rule, path, genomes=genomes)
    kept = load_genomes(path)
    assert list(kept) == ["rose", "tulip"] == describe_rule(path)["genomes"]
    assert all(torch.equal(kept[name], genome.detach()) for name, genome in genomes.items())
    assert all(torch.equal(value, load_rule(path).state_dict()[name]) for name, value in rule.state_dict().items())


def test_most_rules_have_no_genomes(saved: Path) -> None:
    assert load_genomes(saved) == {}
    assert "genomes" not in describe_rule(saved)


@pytest.mark.parametrize("genome", [torch.zeros(3), torch.tensor([1.0, torch.nan])])
def test_bad_genomes_are_not_written(tmp_path: Path, genome: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"`genomes` must have 2 numbers each|finite parameters.*'genome.rose'"):
        save_rule(isonca(6, 8), tmp_path / "rule.safetensors", genomes={"rose": genome})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("genome", [torch.zeros(3), torch.tensor([1.0, torch.nan])])
def test_bad_genomes_are_not_read(tmp_path: Path, genome: torch.Tensor) -> None:
    path = tmp_path / "rule.safetensors"
    save_rule(isonca(6, 8), path, genomes={"rose": torch.zeros(2)})
    tensors, description = stored(path)
    rewrite(path, {**tensors, "genome.rose": genome}, description)
    with pytest.raises(ValueError, match=r"genome 'rose' must be finite and of shape \(2,\)"):
        load_genomes(path)


def test_what_a_file_claims_takes_no_memory(saved: Path) -> None:
    """A file of 3 kB with hidden layers of up to 10^30 units: refused for its shapes, before there is a layer."""
    tensors, description = stored(saved)
    architecture = description["architecture"]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for size in (30_000_000, 10**12, 10**30):
        for name in ("hidden_size", "num_channels"):
            rewrite(saved, tensors, {**description, "architecture": architecture | {name: size}})
            with pytest.raises(ValueError, match="must have the shape|NCAConv does not know"):
                load_rule(saved)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB; it were gigabytes


@pytest.mark.parametrize(
    "change", [{"hidden_size": "8"}, {"gains": [1]}, {"perception": 3}, {"perception": [[]]}, {"num_channels": None}]
)
def test_arguments_of_a_wrong_type_are_one_clear_error(saved: Path, change: dict) -> None:
    tensors, description = stored(saved)
    rewrite(saved, tensors, {"format": 1, "architecture": description["architecture"] | change})
    with pytest.raises(ValueError, match="NCAConv does not know"):
        load_rule(saved)


def test_a_flipped_bit_changes_no_number(saved: Path) -> None:
    """Wherever it lies in the file: it is refused, or means nothing."""
    rule, description, whole = load_rule(saved), describe_rule(saved), saved.read_bytes()
    refused = 0
    for place in range(0, len(whole), 3):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        saved.write_bytes(damaged)
        try:
            loaded = load_rule(saved)
        except ValueError:
            refused += 1
            continue
        seen = describe_rule(saved)
        assert {name: seen[name] for name in description} == description  # perhaps with a digest of a misspelt name
        assert all(torch.equal(loaded.state_dict()[name], value) for name, value in rule.state_dict().items())
    assert refused > 0.9 * len(whole) / 3


def test_a_file_from_before_there_was_a_digest_loads(saved: Path) -> None:
    rule, description = load_rule(saved), describe_rule(saved)
    rewrite(saved, *stored(saved))
    assert "sha256" not in stored(saved)[1]
    assert describe_rule(saved) == description
    assert all(torch.equal(load_rule(saved).state_dict()[name], value) for name, value in rule.state_dict().items())


def test_another_description_has_another_digest(saved: Path) -> None:
    tensors, description = stored(saved)
    changed = json.dumps({**description, "card": {"seed": 8}})
    save_file(tensors, saved, metadata={"graphnca": changed})
    with pytest.raises(ValueError, match="is damaged: it has another sha256"):
        describe_rule(saved)


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_a_description_holds_finite_numbers(saved: Path, number: str) -> None:
    tensors, description = stored(saved)
    text = json.dumps({"format": 1, "architecture": {**description["architecture"], "alive_threshold": "here"}})
    save_file(tensors, saved, metadata={"graphnca": text.replace('"here"', number)})
    with pytest.raises(ValueError, match=f"{number} is no number of JSON"):
        load_rule(saved)


@pytest.mark.parametrize("description", ["[" * 100_000, '{"format": 1, "architecture": {}, "card": [1]}'])
def test_deep_and_odd_descriptions_are_one_clear_error(saved: Path, description: str) -> None:
    save_file(stored(saved)[0], saved, metadata={"graphnca": description})
    with pytest.raises(ValueError, match="must describe"):
        describe_rule(saved)


@pytest.mark.parametrize("dtype", [torch.int32, torch.bool, torch.complex64])
def test_weights_are_floats(saved: Path, dtype: torch.dtype) -> None:
    tensors, description = stored(saved)
    rewrite(saved, {name: tensor.to(dtype) for name, tensor in tensors.items()}, description)
    with pytest.raises(ValueError, match="must be of one of the types|whole safetensors file"):
        load_rule(saved)
