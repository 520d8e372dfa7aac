import math

import pytest
import torch
from torch import Tensor, nn

from graphnca.features import VGG16, layer_names

WIDTHS = (4, 3, 5, 4, 6, 5, 4, 7, 6, 5, 8, 7, 6)


def small(**options) -> VGG16:
    """A narrow VGG-16 in float64, with biases."""
    generator = torch.Generator().manual_seed(1)
    network = VGG16.untrained(widths=WIDTHS, generator=generator, dtype=torch.float64)
    kernels = [
        (part.weight, torch.randn(len(part.bias), generator=generator, dtype=torch.float64) / 10)
        for part in network.convolutions
    ]
    return VGG16(kernels, **options)


def as_torchvision_builds_it(network: VGG16) -> nn.Sequential:
    """Configuration D of torchvision's `vgg16().features`: its layers by their index there."""
    layers: list[nn.Module] = []
    parts = iter(network.convolutions)
    for item in (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"):
        layers += [nn.MaxPool2d(2, 2)] if item == "M" else [next(parts), nn.ReLU()]
    return nn.Sequential(*layers)


def images(side: int = 33, batch: int = 2) -> Tensor:
    return torch.rand(batch, 3, side, side + 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def test_the_published_selection_is_torchvisions_layers_1_6_11_18_25() -> None:
    network, x = small(), images()
    mean, std = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], dtype=torch.float64)[..., None, None]
    x_normalised = (x - mean) / std
    expected, value = [x_normalised], x_normalised
    for index, layer in enumerate(as_torchvision_builds_it(network)):
        value = layer(value)
        if index in (1, 6, 11, 18, 25):
            expected.append(value)
    for maps, wanted in zip(network.selecting("sliced_ot")(x), expected, strict=True):
        torch.testing.assert_close(maps, wanted)


def test_the_gram_selection_compresses_what_bytes_would_give() -> None:
    """Bytes times the same kernels, biases as many times larger: the range for which the root is made."""
    network, x = small(mean=(0.5, 0.4, 0.3), std=(0.226, 0.226, 0.226)), images()
    scale = 255 * 0.226
    value = (x - torch.tensor([0.5, 0.4, 0.3], dtype=torch.float64)[:, None, None]) * 255
    expected = []
    with torch.no_grad():
        for index, layer in enumerate(as_torchvision_builds_it(network)):
            if isinstance(layer, nn.Conv2d) and layer.bias is not None:
                value = nn.functional.conv2d(value, layer.weight, layer.bias * scale, padding=1)
            else:
                value = layer(value)
            if index in (1, 6, 11, 18, 25):
                expected.append((value + 1).sqrt() - 1)
    for maps, wanted in zip(network.selecting("gram")(x), expected, strict=True):
        torch.testing.assert_close(maps, wanted)


def test_every_layer_by_name() -> None:
    network, x = small(), images()
    sequence = as_torchvision_builds_it(network)
    value = (x - network.mean) / network.std
    names = layer_names()
    assert len(names) == 1 + len(sequence)
    maps = network.giving(names)(x)
    torch.testing.assert_close(maps[0], value)
    for name, layer, found in zip(names[1:], sequence, maps[1:], strict=True):
        value = layer(value)
        torch.testing.assert_close(found, value, msg=name)
    for name, found in zip(names, maps, strict=True):
        torch.testing.assert_close(network.giving([name])(x)[0], found)


def test_a_selection_shares_the_weights_and_leaves_the_first_as_it_was() -> None:
    network = small()
    other = network.giving(["relu3_2"])
    assert network.layers != other.layers
    assert all(one is two for one, two in zip(network.parameters(), other.parameters(), strict=True))


def test_the_gradient_reaches_the_image_alone() -> None:
    network = small()
    x = images(16, 1).requires_grad_()
    sum(maps.square().mean() for maps in network(x)).backward()  # type: ignore[union-attr]
    assert x.grad is not None and x.grad.abs().min() > 0
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in network.parameters())


def test_activations_before_the_relu_are_not_overwritten() -> None:
    network, x = small(), images(16, 1).requires_grad_()
    before, after = network.giving(["conv2_1", "relu2_1"])(x)
    assert before.min() < 0
    torch.testing.assert_close(after, before.relu())


def test_random_weights_keep_the_size_of_activations() -> None:
    deepest = VGG16.untrained(widths=(32,) * 13).giving(["relu5_1"])(images(64).float())[0]
    assert 0.1 < deepest.square().mean().sqrt() / math.sqrt(2) < 10
    one, two = VGG16.untrained(widths=WIDTHS), VGG16.untrained(widths=WIDTHS)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_half_precision_returns_float32_close_to_it() -> None:
    network = VGG16.untrained(widths=WIDTHS)
    half = VGG16.untrained(widths=WIDTHS)
    half.convolutions.to(torch.bfloat16)
    for exact, rough in zip(network(images().float()), half(images().float()), strict=True):
        assert rough.dtype == torch.float32
        assert (rough - exact).square().mean() < 1e-3 * exact.square().mean()


def test_the_image_is_one_of_the_layers_and_needs_no_convolution() -> None:
    x = images(1, 1)
    torch.testing.assert_close(small().giving(["image"])(x)[0], (x - small().mean) / small().std)


@pytest.mark.usefixtures("as_released")
def test_unknown_statistic() -> None:
    with pytest.raises(ValueError, match="`statistic` must be one of .* got 'mean'"):
        small().selecting("mean")  # type: ignore[arg-type]


@pytest.mark.parametrize("layers", [["relu6_1"], [], ["image", "conv9"]])
def test_unknown_layers(layers: list[str]) -> None:
    with pytest.raises(ValueError, match="`layers` must be some of"):
        small(layers=layers)


@pytest.mark.parametrize("layers", [["relu2_1", "relu1_1"], ["relu1_1", "relu1_1"]])
def test_layers_out_of_order(layers: list[str]) -> None:
    with pytest.raises(ValueError, match="`layers` must be ordered"):
        small(layers=layers)


def test_layers_that_cannot_be_compressed() -> None:
    with pytest.raises(ValueError, match=r"must not be negative, got \['conv1_2'\]"):
        small(layers=["conv1_2", "relu2_1"], compressed=True)


@pytest.mark.usefixtures("as_released")
@pytest.mark.parametrize("x", [torch.rand(3, 32, 32), torch.rand(1, 4, 32, 32), torch.ones(1, 3, 32, 32).int()])
def test_images_of_another_shape(x: Tensor) -> None:
    with pytest.raises(ValueError, match=r"`images` must be float images \(B, 3, H, W\), got"):
        small()(x)


def test_images_that_are_too_small() -> None:
    network = small()
    assert network(images(16, 1))[-1].shape[2] == 1
    with pytest.raises(ValueError, match=r"at least 16 pixels wide and high to reach relu5_1, got 15x20"):
        network(images(15, 1))
    assert network.giving(["pool5"])(images(32, 1))[0].shape[2] == 1
    with pytest.raises(ValueError, match="at least 32 pixels"):
        network.giving(["pool5"])(images(31, 1))


def test_kernels_that_are_no_vgg() -> None:
    kernels = [(part.weight, part.bias) for part in small().convolutions]
    with pytest.raises(ValueError, match="`kernels` must be those of 13 convolutions, got 12"):
        VGG16(kernels[:-1])
    with pytest.raises(ValueError, match=r"of convolution 2 must be a weight \(C, 4, 3, 3\)"):
        VGG16([kernels[0], kernels[0], *kernels[2:]])
    with pytest.raises(ValueError, match="of convolution 3 must be finite"):
        VGG16([*kernels[:2], (kernels[2][0] * math.nan, kernels[2][1]), *kernels[3:]])
