"""Programs that are killed or stopped leave whole files, and go on to what they would have made."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TIMES = 5


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
@pytest.mark.parametrize(("script", "counted"), [("killed.py", "kills"), ("stopped.py", "stops")])
def test_files_are_whole_and_what_is_made_at_last_is_the_same(script: str, counted: str) -> None:
    path = Path(__file__).with_name(script)
    done = subprocess.run([sys.executable, path, str(TIMES)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])[counted] == TIMES
