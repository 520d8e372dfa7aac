"""The bone: a ring around nothing, with the middle of the picture in the cavity."""

import numpy as np
from scipy import ndimage

from graphnca.targets.hollow_bone import SIDE, draw_hollow_bone

ALPHA = np.asarray(draw_hollow_bone())[..., 3]


def test_it_is_one_ring() -> None:
    assert ALPHA.shape == (SIDE, SIDE)
    _, tissues = ndimage.label(ALPHA > 0, np.ones((3, 3)))
    _, voids = ndimage.label(ALPHA == 0)
    assert tissues == 1
    voids_of_size = ndimage.sum_labels(ALPHA == 0, *ndimage.label(ALPHA == 0)[:1], range(1, voids + 1))
    assert sum(size > 100 for size in voids_of_size) >= 2


def test_the_cavity_lies_in_the_middle_and_is_wide() -> None:
    labels, _ = ndimage.label(ALPHA == 0)
    cavity = labels == labels[SIDE // 2, SIDE // 2]
    assert labels[0, 0] != labels[SIDE // 2, SIDE // 2] != 0
    assert 0.1 < cavity.mean() < 0.3
    reach = ndimage.distance_transform_edt(cavity)[SIDE // 2, SIDE // 2]
    assert reach > 0.18 * SIDE


def test_edges_are_smooth() -> None:
    assert len(np.unique(ALPHA)) > 10
