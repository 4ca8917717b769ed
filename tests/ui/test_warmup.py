"""What the server loads before anyone asks."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
from ui.warmup import warm_up

warm_up().join()
import torch
print(torch.get_num_threads())
"""


def test_a_run_has_as_many_threads_as_who_starts_the_server_says():
    """Untold it has one: the cold server of test_server.py."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=root,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "2"
