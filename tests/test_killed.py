"""Programs that are killed leave whole files, and go on to what they would have made (`killed.py`)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = 5


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_files_are_whole_and_what_is_made_at_last_is_the_same() -> None:
    script = Path(__file__).with_name("killed.py")
    done = subprocess.run(
        [sys.executable, script, str(KILLS)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["kills"] == KILLS
