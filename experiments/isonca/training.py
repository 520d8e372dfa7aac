"""Trains an isotropic rule to grow a picture from a single cell, in any orientation (IsoNCA, single-seed strategy).

    python experiments/isonca/training.py --target lizard --out runs/isonca-lizard

Square torus, 48-pixel target on 72x72 cells, pool of 256, rollouts of 64-95 steps, rotation-reflection-invariant loss
with a binary auxiliary channel, overflow and stillness terms: the published recipe (Mordvintsev et al. 2022), with four
changes, for a fraction of its 50,000 iterations:

- a second auxiliary channel splits the target across its long axis, and counts three times: head and tail part early,
  and the mirror-symmetric pattern that training passes through has one of each (`graphnca.targets.axis_channel`);
- one cosine from 1e-3 to 1e-5 instead of 25 triangles that halve, after a warm-up of 300 iterations;
- the shipped rule is the running average of the parameters;
- the seed replaces the worst of a batch, not a random one, and whatever died or exploded (the guard of
  `graphnca.training`), so the pool is rid of states that fill the whole torus; for a last stage `--no-rank` keeps the
  lesser faults in it, to be learnt from: above all drift, for what has left its place is the worst of its batch. A
  pattern that has lost a part cannot be mended: where many do, they pile up in the pool and the rule blurs.

With `--substrate square hex voronoi voronoi --gain-noise 0.15 --renew-every 40` the rule lives on several substrates at
a time, one an iteration, each of which gives way to a new one after a while: no mesh is seen for long.

The folder fills with `pool.png` (what the rule grows now), `loss.png`, `checkpoint.pt` and, at the end,
`rule.safetensors` with its description. A run that was killed goes on where its last checkpoint stands, when the same
command is given. An iteration takes about a quarter of a second on one core.

    torchrun --nproc-per-node=4 experiments/isonca/training.py --batch-size 32

Several processes train one rule: pool and batch are divided among them. `--device cuda` trains on GPUs, one a process.
"""

from graphnca.results.training import train_from_command_line
from graphnca.training.recipes import IsoNCARecipe
from topologies import sampled_substrate

if __name__ == "__main__":
    train_from_command_line(IsoNCARecipe, __doc__, sampled_substrate)
