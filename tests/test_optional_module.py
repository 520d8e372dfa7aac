"""Packages of extras."""

import json
import re
import sys

import pytest

from graphnca.optional_module import optional_module


def test_a_module_that_is_there_is_returned() -> None:
    assert optional_module("json", extra="video", doing="Writing") is json


def test_one_that_is_not_is_named_as_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(
        ImportError, match=re.escape("Writing .mp4 needs imageio-ffmpeg: pip install 'graphnca[video]'.")
    ):
        optional_module("imageio_ffmpeg", extra="video", doing="Writing .mp4")
