from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graphnca.drawing import save_animation, save_image
from graphnca.results.light import WIDTH, light_animation, light_figure


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def test_a_light_figure_keeps_its_size_if_it_can(tmp_path: Path) -> None:
    save_image(tmp_path / "a.webp", noise(40, 60))
    light_figure(tmp_path / "a.webp", tmp_path / "b.webp")
    assert size_of(tmp_path / "b.webp") == (60, 40)


def test_a_figure_becomes_as_wide_as_a_page_and_smaller_until_it_is_light(tmp_path: Path) -> None:
    Image.new("RGB", (2 * WIDTH, 100)).save(tmp_path / "wide.webp")
    light_figure(tmp_path / "wide.webp", tmp_path / "b.webp")
    assert size_of(tmp_path / "b.webp") == (WIDTH, 50)
    save_image(tmp_path / "heavy.webp", noise(200, 200))
    heavy = (tmp_path / "heavy.webp").stat().st_size
    light_figure(tmp_path / "heavy.webp", tmp_path / "b.webp", most=heavy * 2 // 3)
    assert (tmp_path / "b.webp").stat().st_size <= heavy * 2 // 3
    assert 100 < size_of(tmp_path / "b.webp")[0] < 200
    light_figure(tmp_path / "heavy.webp", tmp_path / "b.webp", most=1)
    assert size_of(tmp_path / "b.webp")[0] >= 0.6 * 200


@pytest.mark.parametrize("suffix", [".webp", ".gif"])
def test_a_light_animation_keeps_its_length_and_its_last_frame(tmp_path: Path, suffix: str) -> None:
    frames = [noise(48, 64, seed) for seed in range(12)]
    source, light = tmp_path / f"a{suffix}", tmp_path / "b.webp"
    save_animation(source, frames, fps=10)
    light_animation(source, light, most=15_000)
    with Image.open(light) as read:
        assert read.info["loop"] == 0
        assert 1 < read.n_frames < 12
        durations = []
        for number in range(read.n_frames):
            read.seek(number)
            read.load()
            durations.append(read.info["duration"])
        last = np.asarray(read.convert("RGB")).astype(int)
    assert sum(durations) == 1200
    errors = [np.abs(last - frame).mean() for frame in frames]
    assert int(np.argmin(errors)) == 11
    assert light.stat().st_size <= 15_000
