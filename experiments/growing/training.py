"""Trains a rule that perceives gradients to grow a picture from a single cell, upright (Growing NCA).

    python experiments/growing/training.py --target lizard --regime regenerating --out runs/growing-lizard
    python experiments/growing/training.py --substrate square hex voronoi voronoi voronoi --renew-every 40

The published recipe (Mordvintsev et al. 2020): 40-pixel target on 72x72 cells, mean squared error of RGBA after 64 to
95 steps, batches of 8, Adam at 2e-3 and from iteration 2,000 on at a tenth of it, gradients normalised per tensor. The
three regimes are its experiments:

- `naive`: every sample starts from the seed;
- `persistent`: samples come from a pool, and the worst of a batch is replaced by the seed;
- `regenerating`: and the three best of a batch lose a random disk first.

A fourth is ours, for damage that is repeated while the pattern regrows (the open problem of the GNCA explainer):

- `hardened`: rollouts take 96 to 127 steps, in which the four best of a batch lose another disk every 20 steps, the
  last one at least 40 steps before the end. It goes on from a regenerating rule:

      python experiments/growing/training.py --regime hardened --start growing-lizard --rate 1e-3 --milestones 3000 \
          --iterations 4000 --out runs/growing-lizard-hardened

Two changes: the substrate is a torus (the article's has a border of zeros, which no pattern reaches), and the shipped
rule is the running average of the parameters. With several kinds of cells, flat or surfaces in space (`--substrate
square sphere`, or a mesh; unrolled around the seed), the rule lives on several substrates at a time, as in
`isonca/training.py`. The folder fills in the same way, and a killed run goes on when it is started again.
"""

from graphnca.results.training import train_from_command_line
from graphnca.training.recipes import GrowingRecipe
from topologies import sampled_substrate

if __name__ == "__main__":
    train_from_command_line(GrowingRecipe, __doc__, sampled_substrate)
