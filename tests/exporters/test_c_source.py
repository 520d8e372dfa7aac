"""Rules as C: compiled where there is a compiler, and equal to the library's states byte by byte."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from graphnca import load_rule, rollout
from graphnca.evaluation.c_program import CProgram, c_compiler
from graphnca.exporters import c_header, cell_cost, export_c
from graphnca.layers import NCAConv, in_8_bits
from graphnca.layers.firing import fire_keys
from graphnca.models import growing_nca, isonca, texture_nca
from graphnca.seeds import point_seed
from topologies import square_grid

MakeRule = Callable[..., NCAConv]
compiled = pytest.mark.skipif(c_compiler() is None, reason="there is no C compiler on this machine")


@compiled
@pytest.mark.parametrize(
    ("perception", "options"),
    [
        ("sobel", {}),
        ("sobel", {"life_mask": "post", "output_bias": False}),
        ("isonca", {"life_mask": "pre", "fire_rate": 0.3, "seed": 1}),
        ("laplacian", {"life_mask": None, "hidden_bias": False}),
        (("laplacian", "identity"), {"fire_rate": 1.0}),
    ],
)
def test_the_program_computes_the_librarys_states(
    perception: str | tuple[str, ...], options: dict, random_rule: MakeRule, tmp_path: Path
) -> None:
    """Twelve steps of some rule from some state, on a torus that is not square."""
    rule, grid = in_8_bits(random_rule(6, 24, perception, std=0.4, **options)), square_grid(7, 9)
    generator = torch.Generator().manual_seed(1)
    start = torch.where(
        torch.rand(63, 1, generator=generator) < 0.3, 0.4 * torch.randn(63, 6, generator=generator), 0.0
    )
    expected = rollout(rule, start, grid, 12, generator=torch.Generator().manual_seed(2)).detach()
    found = CProgram(rule, tmp_path).run(start, fire_keys(12, torch.Generator().manual_seed(2)), 7, 9)
    assert expected.std() > 0.05  # something goes on
    assert torch.equal(found, expected)


@compiled
def test_a_shipped_lizard_grows_in_c_as_in_python(tmp_path: Path) -> None:
    rule, grid = load_rule("growing-lizard"), square_grid(48, 48)
    keys = fire_keys(120, torch.Generator().manual_seed(3))
    expected = rollout(in_8_bits(rule), point_seed(grid), grid, 120, generator=torch.Generator().manual_seed(3))
    found = CProgram(rule, tmp_path).run(point_seed(grid), keys, 48, 48)
    assert (found[:, 3] > 0.1).sum() > 200
    assert torch.equal(found, expected.detach())


@compiled
def test_one_cell_is_its_tables_and_a_little_code(tmp_path: Path) -> None:
    """As Growing NCA imagines it: some 10 kB."""
    size = CProgram(growing_nca(), tmp_path).text_bytes
    assert size is None or cell_cost(growing_nca()).program < size < 12_000


@pytest.mark.parametrize("make", [growing_nca, isonca, texture_nca])
def test_the_program_is_as_large_as_its_parameters_and_a_bias_each(make: Callable[[], NCAConv]) -> None:
    rule, cost = make(), cell_cost(make())
    absent = sum(
        layer.bias is None and layer.out_features for layer in (rule.update_rule.hidden, rule.update_rule.output)
    )
    assert cost.program == sum(parameter.numel() for parameter in rule.parameters()) + absent
    assert cost.multiplications == rule.update_rule.hidden.weight.numel() + rule.update_rule.output.weight.numel()
    assert cost.memory < 256


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (NCAConv(4, 8, ("identity", "gradient_norm")), "gradient_norm"),
        (NCAConv(4, 8, ("identity", "steered_gradient")), "steered_gradient"),
        (NCAConv(4, 8, gains={"gradient": 0.1}), "powers of two"),
        (NCAConv(4, 8, fire_per="channel"), "channel"),
    ],
)
def test_what_has_no_code_is_refused(rule: NCAConv, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        c_header(rule)


def test_names_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="C identifier"):
        c_header(growing_nca(), "some-rule")
    with pytest.raises(ValueError, match=r"\.h"):
        export_c(growing_nca(), tmp_path / "rule.c")
