"""The inner product of rings with a target's at every turn: a few matrix products."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class CircularCorrelation(nn.Module):
    """Inner products of rings X with a target T turned by every number of steps k, as it is and mirrored.

        direct[k]   = sum over a, r, c of  X[a, r, c] T[a - k, r, c]
        mirrored[k] = sum over a, r, c of  X[a, r, c] T[k - a, r, c]

    with the A angles a counted modulo A. With X_c[f] = sum_a X[a] cos(2 pi f a / A), X_s the same of the sine, and
    e = 1 for f = 0 and f = A / 2, 2 for the frequencies between,

        direct[k] = 1/A sum_f e_f ((X_c T_c + X_s T_s) cos(2 pi f k / A) + (X_s T_c - X_c T_s) sin(2 pi f k / A)),

    and mirroring the target changes the sign of T_s. Rings and channels are summed before anything is transformed back.

    With so few angles, matrix products do this as fast as an FFT, in any order of the axes. A cosine is even and a sine
    odd under a -> -a; if A is even, even frequencies are even and odd ones odd under a -> a + A/2. So the angles that
    these maps take to one another, an orbit, are first added up, with the signs of each case (the characters of the
    group), and what is left to transform in each of the four cases is a quarter of the angles to a quarter of the
    frequencies (two halves if A is odd).

    Args:
        target: T.
    """

    orbits: Int[Tensor, "g n"]
    characters: Float[Tensor, "g g"]
    analysis: Float[Tensor, "g f n"]
    filters: Float[Tensor, "gf tc r"]
    synthesis: Float[Tensor, "ka gft"]

    def __init__(self, target: Float[Tensor, "a r c"]) -> None:
        super().__init__()
        num_angles = len(target)
        turns = [0, num_angles // 2] if num_angles % 2 == 0 else [0]
        first = torch.arange(num_angles // len(turns) // 2 + 1)  # an angle of each orbit, and as many frequencies
        orbits = torch.stack([(sign * first + turn) % num_angles for turn in turns for sign in (1, -1)])
        repeats = (orbits == orbits[0]).sum(0)  # of every angle in its orbit; 1 but for angles that are their own image
        signs = torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64)
        characters = torch.kron(signs, signs) if len(turns) == 2 else signs

        frequency = torch.stack([len(turns) * first + parity for parity in range(len(turns))])
        phase = (frequency[..., None] * torch.arange(num_angles) % num_angles).double() * (2 * math.pi / num_angles)
        waves = torch.stack([phase.cos(), phase.sin()], dim=1)  # (parity, cosine or sine, f, a)
        spectrum = torch.tensordot(waves, target.cpu().double(), dims=1)
        # a cosine meets T_c and T_s: the spectrum's axis of the two comes behind f
        filters = spectrum.permute(0, 2, 1, 4, 3)[:, None].expand(-1, 2, -1, -1, -1, -1)

        multiplicity = 2.0 - ((frequency == 0) | (2 * frequency == num_angles)).double()
        multiplicity[2 * frequency > num_angles] = 0.0  # one too many in the odd case
        cosine, sine = (waves * multiplicity[:, None, :, None] / num_angles).unbind(1)
        turned = torch.stack([torch.stack([cosine, -sine], -1), torch.stack([sine, cosine], -1)], 1)
        mirrored = torch.stack([torch.stack([cosine, sine], -1), torch.stack([sine, -cosine], -1)], 1)
        synthesis = torch.stack([turned, mirrored]).movedim(4, 1)  # (which, k, parity, X_c or X_s, f, T_c or T_s)

        self.register_buffer("orbits", orbits, persistent=False)
        for name, values in {
            "characters": characters,
            "analysis": (waves[..., first] / repeats).flatten(0, 1),
            "filters": filters.flatten(0, 2).flatten(1, 2),
            "synthesis": synthesis.flatten(0, 1).flatten(1),
        }.items():
            self.register_buffer(name, values.contiguous().to(target), persistent=False)
        self.to(target.device)

    def forward(self, rings: Float[Tensor, "a r b c"]) -> Float[Tensor, "b 2 a"]:
        """Return the inner products of every sample: [b, 0] with the target as it is, [b, 1] with the mirrored one."""
        num_angles, num_rings, batch, channels = rings.shape
        cases, num_frequencies, _ = self.analysis.shape
        with torch.autocast(rings.device.type, enabled=False):  # nearly equal orientations must not change places
            orbits = rings.flatten(1).index_select(0, self.orbits.flatten())
            sums = self.characters @ orbits.view(cases, -1)
            spectrum = self.analysis @ sums.view(cases, num_frequencies, -1)
            # all pairs of channels, of which those of a channel with itself count: cheaper than to reorder the axes
            products = self.filters @ spectrum.view(cases * num_frequencies, num_rings, batch * channels)
            products = products.view(-1, 2, channels, batch, channels).diagonal(dim1=2, dim2=4).sum(-1)
            return (self.synthesis @ products.flatten(0, 1)).view(2, num_angles, batch).permute(2, 0, 1)
