"""The logarithmic map: exact in the plane and on spheres, symmetric everywhere."""

import numpy as np

from topologies.surfaces.log_map import arc_length, logarithmic_map
from topologies.surfaces.tangent import any_frames, in_frame, turned


def directions(count: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_frames_are_tangent_and_turn_from_x_to_y() -> None:
    normal = directions(50)
    frame = any_frames(normal)
    np.testing.assert_allclose((frame * normal).sum(1), 0, atol=1e-15)
    np.testing.assert_allclose(np.linalg.norm(frame, axis=1), 1)
    quarter = turned(normal, frame, np.full(50, 2j))
    np.testing.assert_allclose(in_frame(quarter, normal, frame), np.tile([0.0, 1.0], (50, 1)), atol=1e-12)
    # seen from outside, against the normal, y is a quarter turn clockwise from x: down where x is right
    np.testing.assert_allclose(np.cross(frame, quarter), -normal, atol=1e-12)


def test_on_a_sphere_it_is_exact() -> None:
    pos = 3.0 * directions(40)
    normal = pos / 3.0
    frame = any_frames(normal)
    j, i = (part.ravel() for part in np.meshgrid(np.arange(40), np.arange(40)))
    angle = np.arccos(np.clip((normal[i] * normal[j]).sum(1), -1, 1))
    near = (i != j) & (angle < 1.5)
    i, j, angle = i[near], j[near], angle[near]
    found = logarithmic_map(pos, normal, frame, np.stack([j, i]))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 3.0 * angle, rtol=1e-7)
    second = np.cross(frame, normal)
    unit = found / np.linalg.norm(found, axis=1, keepdims=True)
    tangent = unit[:, :1] * frame[i] + unit[:, 1:] * second[i]
    landed = np.cos(angle)[:, None] * normal[i] + np.sin(angle)[:, None] * tangent
    np.testing.assert_allclose(landed, normal[j], atol=1e-7)


def test_in_a_plane_it_is_the_difference_of_places() -> None:
    rng = np.random.default_rng(1)
    flat = rng.normal(size=(30, 2))
    pos = np.c_[flat, np.zeros(30)]
    normal, frame = np.tile([0.0, 0.0, 1.0], (30, 1)), np.tile([1.0, 0.0, 0.0], (30, 1))
    index = np.stack([np.arange(1, 30), np.arange(29)])
    difference = (flat[index[0]] - flat[index[1]]) * [1, -1]  # seen from above, frame x normal points to -y
    np.testing.assert_allclose(logarithmic_map(pos, normal, frame, index), difference, atol=1e-14)


def test_an_arc_is_as_long_both_ways_and_longer_than_its_chord() -> None:
    chord, one, other = (directions(60, seed) for seed in (1, 2, 3))
    there, back = arc_length(chord, one, other), arc_length(-chord, other, one)
    np.testing.assert_allclose(there, back, rtol=1e-14)
    assert (there >= 1 - 1e-12).all()
