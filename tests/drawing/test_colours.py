import numpy as np
import pytest
import torch

from graphnca.drawing.colours import NOT_FINITE, diverging_colours, parse_colour, state_colours


def test_premultiplied_colour_lies_over_the_background() -> None:
    states = torch.tensor([[0.0, 0.0, 0.0, 0.0], [0.5, 0.0, 0.0, 0.5], [0.2, 0.4, 0.6, 1.0]])
    np.testing.assert_allclose(state_colours(states), [[255, 255, 255], [255, 127.5, 127.5], [51, 102, 153]], atol=1e-4)
    over_black = state_colours(states, background=(0, 0, 0))
    np.testing.assert_allclose(over_black, 255 * states[:, :3].numpy(), atol=1e-4)


def test_alpha_and_result_are_clipped() -> None:
    states = torch.tensor([[0.5, 0.5, 2.0, 3.0], [0.0, 0.2, -1.0, -2.0]])
    np.testing.assert_allclose(state_colours(states), [[127.5, 127.5, 255], [255, 255, 0]], atol=1e-4)


def test_texture_rules_are_shown_with_their_offset() -> None:
    states = torch.tensor([[-0.5, 0.0, 0.5, 9.0, 9.0], [-9.0, 0.1, 0.2, 0.0, 0.0]])
    np.testing.assert_allclose(state_colours(states, offset=0.5), [[0, 127.5, 255], [0, 153, 178.5]], atol=1e-3)
    np.testing.assert_allclose(state_colours(states[:, 1:4]), [[0, 127.5, 255], [25.5, 51, 0]], atol=1e-3)


def test_diverging_map_is_near_white_at_zero_blue_below_red_above() -> None:
    low, zero, high = diverging_colours(np.array([-2.0, 0.0, 2.0]))
    assert low[2] > low[0] + 50
    assert high[0] > high[2] + 50
    assert zero.min() > 240
    np.testing.assert_allclose(diverging_colours(np.array([-5.0, 5.0]), limit=2.0), [low, high])
    np.testing.assert_allclose(diverging_colours(np.zeros(2)), [zero, zero])


def test_one_channel_is_shown_on_the_map() -> None:
    states = torch.randn(5, 7)
    expected = diverging_colours(states[:, -1].numpy(), 3.0)
    np.testing.assert_allclose(state_colours(states, channel=-1, limit=3.0), expected, atol=1e-3)


def test_states_that_are_not_finite_stand_out() -> None:
    states = torch.zeros(3, 5)
    states[0, 1], states[1, 3], states[2, 4] = float("nan"), float("inf"), float("nan")
    colours = state_colours(states)
    np.testing.assert_array_equal(colours, [NOT_FINITE, NOT_FINITE, (255, 255, 255)])
    np.testing.assert_array_equal(state_colours(states, channel=4)[2], NOT_FINITE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channel": 5}, "`channel` must be one of the 5"),
        ({"channel": -6}, "`channel` must be one of the 5"),
        ({"channel": 1, "offset": 0.5}, "`channel` and `offset` exclude"),
        ({"channel": 1, "limit": 0.0}, "`limit` must be a positive"),
    ],
)
def test_bad_arguments_are_named(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        state_colours(torch.zeros(3, 5), **arguments)


def test_two_channels_are_no_colour() -> None:
    with pytest.raises(ValueError, match=r"`states` must have at least 3 channels.*got 2"):
        state_colours(torch.zeros(3, 2))


def test_colours_are_read_in_all_forms() -> None:
    assert parse_colour("c", "#102030") == parse_colour("c", (16, 32, 48)) == (16, 32, 48, 255)
    assert parse_colour("c", "#10203040") == parse_colour("c", (16, 32, 48, 64)) == (16, 32, 48, 64)
    for wrong in ["greenish", (1, 2), (1, 2, 300), 7]:
        with pytest.raises(ValueError, match="`edge_colour` must be a colour"):
            parse_colour("edge_colour", wrong)
