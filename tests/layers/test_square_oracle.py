"""On the square grid the layer is a convolution: compared with a plain program of conv2d and max_pool2d."""

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d, pad

from graphnca.layers import NCAConv, neighbourhood
from topologies import square_grid

HEIGHT, WIDTH, CHANNELS = 14, 18, 8
SOBEL_X = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
LAPLACIAN = torch.tensor([[1.0, 2.0, 1.0], [2.0, -12.0, 2.0], [1.0, 2.0, 1.0]])
KERNELS = {
    "sobel": (SOBEL_X / 8, SOBEL_X.T / 8),
    "laplacian": (SOBEL_X, SOBEL_X.T, LAPLACIAN),
    "isonca": (LAPLACIAN,),
}


def plain_steps(rule: NCAConv, preset: str, images: Tensor, padding: str) -> Iterator[Tensor]:
    """The states (B, C, H, W) of a synchronous run, one after the other."""

    def around(image: Tensor) -> Tensor:
        return pad(image, (1, 1, 1, 1), mode=padding)

    def alive(image: Tensor) -> Tensor:
        return max_pool2d(around(image[:, 3:4]), 3, stride=1) > 0.1

    hidden, output = rule.update_rule.hidden, rule.update_rule.output
    while True:
        bands = [
            conv2d(around(images), kernel.expand(CHANNELS, 1, 3, 3), groups=CHANNELS) for kernel in KERNELS[preset]
        ]
        layer = conv2d(torch.cat([images, *bands], 1), hidden.weight[:, :, None, None], hidden.bias).relu()
        after = images + conv2d(layer, output.weight[:, :, None, None], output.bias)
        if rule.life_mask in ("post", "pre_post"):
            after = after * alive(after)
        if rule.life_mask in ("pre", "pre_post"):
            after = after * alive(images)
        images = after
        yield images


def start() -> Tensor:
    torch.manual_seed(1)
    images = torch.zeros(2, CHANNELS, HEIGHT, WIDTH)
    images[:, :, 4:9, 7:12] = torch.rand(2, CHANNELS, 5, 5)
    return images


def to_states(images: Tensor) -> Tensor:
    return images.flatten(2).mT


@torch.no_grad()
@pytest.mark.parametrize("life_mask", [None, "pre", "pre_post"])
@pytest.mark.parametrize("preset", sorted(KERNELS))
def test_twenty_steps_on_the_torus(preset: str, life_mask: str | None, random_rule: Callable[..., NCAConv]) -> None:
    rule = random_rule(CHANNELS, 24, preset, life_mask=life_mask, fire_rate=1.0, std=0.01)
    grid, images = square_grid(HEIGHT, WIDTH), start()
    x, plain = to_states(images), plain_steps(rule, preset, images, "circular")
    for _ in range(20):
        x = rule(x, **neighbourhood(grid))
        expected = to_states(next(plain))
        torch.testing.assert_close(x, expected, rtol=1e-5, atol=1e-5)
    assert 0.1 < (x - to_states(images)).abs().max() < 100  # something has happened, and nothing exploded


@torch.no_grad()
@pytest.mark.parametrize("preset", sorted(KERNELS))
def test_on_the_bounded_domain_zero_padding_agrees_in_the_interior(
    preset: str, random_rule: Callable[..., NCAConv]
) -> None:
    """No flux leaves the substrate, as it would into zeros; so they differ, one cell further in with each step."""
    rule = random_rule(CHANNELS, 24, preset, life_mask=None, fire_rate=1.0, std=0.01)
    grid = square_grid(HEIGHT, WIDTH, periodic=False)
    images = torch.rand(2, CHANNELS, HEIGHT, WIDTH)
    x, plain = to_states(images), plain_steps(rule, preset, images, "constant")
    for step in range(1, 6):
        x = rule(x, **neighbourhood(grid))
        difference = x.mT.view_as(images) - next(plain)
        inside = difference[:, :, step : HEIGHT - step, step : WIDTH - step]
        torch.testing.assert_close(inside, torch.zeros_like(inside), rtol=0, atol=1e-5)
        assert difference[:, :, step - 1].abs().max() > 1e-3
