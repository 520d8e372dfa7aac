import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from graphnca.drawing import CellCanvas, save_animation
from topologies import square_grid


def moving_frames(count: int, size: int = 24) -> list[np.ndarray]:
    frames = []
    for number in range(count):
        frame = np.full((size, size, 3), 255, dtype=np.uint8)
        frame[4:10, number : number + 6] = (20, 160, 40)
        frame[12:18, 3:9] = (200, 30, 30)
        frames.append(frame)
    return frames


def read_animation(path: Path) -> tuple[list[np.ndarray], list[float]]:
    frames, delays = [], []
    with Image.open(path) as gif:
        for number in range(getattr(gif, "n_frames", 1)):
            gif.seek(number)
            frames.append(np.asarray(gif.convert("RGB")))
            delays.append(gif.info["duration"])
    return frames, delays


def test_gif_of_few_colours_is_read_back_exactly(tmp_path: Path) -> None:
    frames = moving_frames(12)
    save_animation(tmp_path / "a.gif", frames, fps=25)
    read, delays = read_animation(tmp_path / "a.gif")
    assert len(read) == 12
    assert delays == [40.0] * 12
    np.testing.assert_array_equal(np.stack(read), np.stack(frames))
    assert [file.name for file in tmp_path.iterdir()] == ["a.gif"]


def test_gif_delays_keep_the_length_of_the_whole(tmp_path: Path) -> None:
    save_animation(tmp_path / "a.gif", moving_frames(15), fps=30)
    _, delays = read_animation(tmp_path / "a.gif")
    assert sum(delays) == pytest.approx(500)
    assert set(delays) == {30.0, 40.0}


def test_gif_frames_that_stand_still_lengthen_the_one_before(tmp_path: Path) -> None:
    one, two = moving_frames(2)
    save_animation(tmp_path / "a.gif", [one, one, one, two, two], fps=10)
    read, delays = read_animation(tmp_path / "a.gif")
    assert delays == [300.0, 200.0]
    np.testing.assert_array_equal(read[1], two)


def test_gif_of_many_colours_keeps_the_background_exact_and_does_not_flicker(tmp_path: Path) -> None:
    grid = square_grid(16, 16)
    canvas = CellCanvas(grid, scale=3)
    states = torch.rand(256, 4, generator=torch.Generator().manual_seed(0)) * (grid["pos"][:, :1] < 8)
    frames = []
    for share in torch.linspace(0, 1, 8):
        frames.append(canvas.draw(torch.where(grid["pos"][:, 1:] < 8, share * states, states)))
    save_animation(tmp_path / "a.gif", frames, fps=20)
    read, _ = read_animation(tmp_path / "a.gif")
    assert len(read) == 8
    for shown, frame in zip(read, frames, strict=True):
        assert np.abs(shown.astype(int) - np.asarray(frame)).mean() < 4.0
        assert (shown[:, 24:] == 255).all()
        np.testing.assert_array_equal(shown[24:], read[0][24:])  # the lower half stands still


def test_webp_of_few_colours_is_read_back_exactly(tmp_path: Path) -> None:
    frames = moving_frames(12)
    save_animation(tmp_path / "a.webp", frames, fps=25)
    read, delays = read_animation(tmp_path / "a.webp")
    assert delays == [40] * 12
    np.testing.assert_array_equal(np.stack(read), np.stack(frames))
    assert [file.name for file in tmp_path.iterdir()] == ["a.webp"]


def test_webp_keeps_the_length_of_the_whole_and_lengthens_what_stands_still(tmp_path: Path) -> None:
    frames = moving_frames(15)
    save_animation(tmp_path / "a.webp", [*frames, frames[-1], frames[-1]], fps=30)
    read, delays = read_animation(tmp_path / "a.webp")
    assert len(read) == 15
    assert sum(delays) == pytest.approx(17 / 30 * 1000, abs=1)
    assert delays[-1] == pytest.approx(100, abs=1)


def test_webp_of_many_colours_is_close_and_smaller_than_the_gif(tmp_path: Path) -> None:
    canvas = CellCanvas(square_grid(32, 32), scale=4)
    states = torch.rand(1024, 4, generator=torch.Generator().manual_seed(0))
    frames = [canvas.draw(share * states) for share in torch.linspace(0.2, 1, 8)]
    for name in ("a.webp", "a.gif", "again.webp"):
        save_animation(tmp_path / name, frames, fps=20)
    assert (tmp_path / "a.webp").stat().st_size < (tmp_path / "a.gif").stat().st_size
    assert (tmp_path / "a.webp").read_bytes() == (tmp_path / "again.webp").read_bytes()
    for shown, frame in zip(read_animation(tmp_path / "a.webp")[0], frames, strict=True):
        assert np.abs(shown.astype(int) - np.asarray(frame)).mean() < 12.0  # cells of random colours: the hardest case


@pytest.mark.parametrize("name", ["a.gif", "a.webp"])
def test_an_animation_loops_or_not(tmp_path: Path, name: str) -> None:
    for loop in (True, False):
        save_animation(tmp_path / name, moving_frames(3), loop=loop)
        with Image.open(tmp_path / name) as animation:
            assert (animation.info.get("loop") == 0) == loop


def test_frames_may_be_a_generator_of_any_pictures(tmp_path: Path) -> None:
    frames = moving_frames(3)
    forms = [frames[0], Image.fromarray(frames[1]), torch.from_numpy(frames[2]).movedim(-1, 0) / 255.0]
    save_animation(tmp_path / "a.gif", (form for form in forms))
    np.testing.assert_array_equal(np.stack(read_animation(tmp_path / "a.gif")[0]), np.stack(frames))


def test_mp4_has_all_frames_in_their_colours(tmp_path: Path) -> None:
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    frames = [np.ascontiguousarray(frame[:41, :33]) for frame in moving_frames(10, 48)]  # odd sides
    save_animation(tmp_path / "a.mp4", iter(frames), fps=10)
    command = [ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", str(tmp_path / "a.mp4")]
    raw = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True, check=True).stdout
    read = np.frombuffer(raw, dtype=np.uint8).reshape(-1, 42, 34, 3)[:, :41, :33].astype(int)
    assert len(read) == 10
    assert np.abs(read - np.stack(frames)).mean() < 6
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]


def test_mp4_without_the_extra_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ImportError, match=r"pip install .?graphnca\[video\]"):
        save_animation(tmp_path / "a.mp4", moving_frames(2))
    assert not list(tmp_path.iterdir())


def test_a_failure_of_ffmpeg_is_reported_in_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("imageio_ffmpeg")
    monkeypatch.setattr("graphnca.drawing.animation.VIDEO_QUALITY", "nonsense")
    with pytest.raises(RuntimeError, match=r"ffmpeg failed to write the video: .*nonsense"):
        save_animation(tmp_path / "a.mp4", moving_frames(3))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".webp", ".gif", ".mp4"])
def test_a_failure_leaves_the_old_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"old")
    if suffix == ".mp4":
        pytest.importorskip("imageio_ffmpeg")
    with pytest.raises(
        ValueError, match=r"`frames` must all be of one size, got \(20, 20\) after \(24, 24\), at frame 1"
    ):
        save_animation(path, [moving_frames(1)[0], moving_frames(1, 20)[0]])
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_bad_arguments_are_named(tmp_path: Path) -> None:
    frames = moving_frames(2)
    with pytest.raises(ValueError, match=r"`path` must end in .webp, .gif or .mp4, got .*a\.avi"):
        save_animation(tmp_path / "a.avi", frames)
    with pytest.raises(ValueError, match="`frames` must have at least one"):
        save_animation(tmp_path / "a.gif", [])
    with pytest.raises(ValueError, match="`fps` must be a positive"):
        save_animation(tmp_path / "a.gif", frames, fps=0)
    with pytest.raises(ValueError, match="`fps` of a GIF must be at most 50"):
        save_animation(tmp_path / "a.gif", frames, fps=60)
    with pytest.raises(ValueError, match="`fps` of a WebP must be at most 90"):
        save_animation(tmp_path / "a.webp", frames, fps=100)
    with pytest.raises(FileNotFoundError, match="`path` must lie in an existing folder"):
        save_animation(tmp_path / "none" / "a.gif", frames)
