"""IsoNCA as everybody writes it on a pixel grid, with `conv2d`: what the graph has to be compared with."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from graphnca.layers import NCAConv

LAPLACIAN = torch.tensor([[1.0, 2.0, 1.0], [2.0, -12.0, 2.0], [1.0, 2.0, 1.0]])


class DenseIsoNCA(nn.Module):
    """One step on images (B, C, H, W): circular depthwise convolution, two 1x1 convolutions, firing and life masks."""

    kernel: Tensor

    def __init__(self, rule: NCAConv) -> None:
        super().__init__()
        channels = rule.num_channels
        self.hidden = nn.Conv2d(2 * channels, rule.hidden_size, 1)
        self.output = nn.Conv2d(rule.hidden_size, channels, 1, bias=False)
        self.register_buffer("kernel", LAPLACIAN.repeat(channels, 1, 1, 1))
        with torch.no_grad():
            self.hidden.weight.copy_(rule.update_rule.hidden.weight[:, :, None, None])
            self.hidden.bias.copy_(rule.update_rule.hidden.bias)  # type: ignore[union-attr]
            self.output.weight.copy_(rule.update_rule.output.weight[:, :, None, None])

    def forward(self, x: Float[Tensor, "b c h w"], rate: float = 0.5) -> Float[Tensor, "b c h w"]:
        """The next state; every cell fires with probability `rate`."""
        around = functional.pad(x, (1, 1, 1, 1), "circular")
        alive = functional.max_pool2d(around[:, 3:4], 3, stride=1) > 0.1
        laplacian = functional.conv2d(around, self.kernel, groups=x.shape[1])
        change = self.output(torch.relu(self.hidden(torch.cat([x, laplacian], 1))))
        fires = torch.rand_like(x[:, :1]) < rate
        return (x + change * fires) * alive


def dense_trajectory(
    rule: DenseIsoNCA, x: Float[Tensor, "b c h w"], num_steps: int, rate: float = 0.5
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The states after the first step and the last, and the sums of overflow and of mean change, one per sample."""
    first, overflow, change = x, x.new_zeros(len(x)), x.new_zeros(len(x))
    for number in range(num_steps):
        following = rule(x, rate)
        overflow = overflow + (following - following.clamp(-2.0, 2.0)).square().sum((1, 2, 3))
        change = change + (following - x).abs().mean((1, 2, 3))
        x = following
        if number == 0:
            first = x
    return first, x, overflow, change
