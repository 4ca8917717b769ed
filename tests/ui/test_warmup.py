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


def threads(**environment: str) -> str:
    """How many threads PyTorch has in a server that was started with this environment."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=root,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_run_has_one_thread_unless_told_otherwise():
    """Runs share the cores: see ui/warmup.py."""
    assert threads() == "1"
    assert threads(OMP_NUM_THREADS="2") == "2"
