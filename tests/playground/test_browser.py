"""What is asked of a browser that is not there, and the keys of a rollout."""

import shutil
from typing import Any

import pytest
import torch

from graphnca import rollout
from graphnca.playground import browser
from graphnca.seeds import point_seed


def test_a_machine_without_a_browser_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert browser.missing() is not None
    with pytest.raises(SystemExit, match="needs Chromium and Playwright"), browser.browser():
        pass


def test_the_keys_are_those_of_a_rollout(substrates: dict[str, Any], random_rule: Any) -> None:
    topology = substrates["square"]
    rule = random_rule(perception="isonca", life_mask="pre")
    start = point_seed(topology)
    expected = rollout(rule, start, topology, 4, generator=torch.Generator().manual_seed(7))
    state = start
    for key in browser.drawn_keys(4, 7):
        state = rule(state, topology.edge_index, topology.edge_weight, key=torch.tensor(key, dtype=torch.int32))
    torch.testing.assert_close(state, expected, rtol=0, atol=1e-5)
