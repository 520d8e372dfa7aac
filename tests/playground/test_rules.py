"""A packed rule says all that a step needs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from graphnca.layers import NCAConv, UpdateRule, in_8_bits
from graphnca.models import growing_nca, isonca, texture_nca
from graphnca.playground import pack_rule


@pytest.mark.parametrize("model", [growing_nca, isonca, texture_nca])
def test_the_weights_are_the_rules(model: Callable[[], NCAConv]) -> None:
    rule = model()
    packed = pack_rule(rule, "name")
    np.testing.assert_array_equal(packed["hiddenWeight"]["values"], rule.update_rule.hidden.weight.detach().flatten())
    assert (packed["outputBias"] is None) == (rule.update_rule.output.bias is None)
    assert (packed["lifeMask"], packed["name"]) == (rule.life_mask, "name")


@pytest.mark.parametrize(
    ("model", "card", "scale", "offset"),
    [
        (texture_nca, None, 1.0, 0.5),
        (texture_nca, {"rgb_scale": 0.5, "rgb_offset": 0.0}, 0.5, 0.0),
        (isonca, None, 1.0, None),
    ],
)
def test_textures_are_shown_with_their_scale_and_offset(
    model: Callable[[], NCAConv], card: Any, scale: float, offset: float | None
) -> None:
    packed = pack_rule(model(), "name", card=card)
    assert (packed["rgbScale"], packed["rgbOffset"]) == (scale, offset)


def test_eight_bits_are_half_a_step_off_at_most(random_rule: Callable[..., NCAConv]) -> None:
    rule = random_rule(perception="isonca")
    for name, layer in (("hiddenWeight", rule.update_rule.hidden), ("outputWeight", rule.update_rule.output)):
        packed = pack_rule(rule, "name", weights="int8")[name]
        weight = layer.weight.detach()
        scale = torch.from_numpy(packed["scale"])[:, None]
        restored = torch.from_numpy(packed["values"]).view_as(weight) * scale
        assert packed["values"].dtype == np.int8
        assert ((restored - weight).abs() <= scale / 2 + 1e-7).all()


def test_a_rule_in_8_bits_is_stored_as_its_bytes(random_rule: Callable[..., NCAConv]) -> None:
    packed = pack_rule(in_8_bits(random_rule(perception="laplacian", life_mask=None)), "name")
    assert [layer["weight"].dtype for layer in packed["layers"]] == [np.uint8, np.uint8]
    assert "hiddenWeight" not in packed


class OtherNetwork(UpdateRule):
    pass


def test_a_rule_that_the_page_cannot_step_is_refused() -> None:
    with pytest.raises(ValueError, match="fixed_point"):
        pack_rule(isonca(arithmetic="fixed_point"), "name")
    rule = isonca()
    rule.update_rule = OtherNetwork(32, 8, 16)
    with pytest.raises(ValueError, match="OtherNetwork"):
        pack_rule(rule, "name")


def test_unknown_weights_are_refused(as_released: None) -> None:
    wrong: Any = "int4"
    with pytest.raises(ValueError, match="int4"):
        pack_rule(isonca(), "name", weights=wrong)
