"""Vega on the server, from many threads."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Four visitors at once, and garbage with a word to say wherever Python looks for it: then another
# thread may run. A process of its own, since one that hangs can only be ended.
SCRIPT = """
import faulthandler, gc, sys, threading, weakref
from ui.vega import compiled

CHART = {"data": {"values": [{"a": 1}]}, "mark": "point"}
CHART["encoding"] = {part: {"field": "a", "type": "quantitative"} for part in ("x", "y", "color")}

class Ring:
    def __init__(self):
        self.ring = self

def gone(_):
    for _ in range(100):
        pass

def visit():
    for _ in range(100):
        told.append(weakref.ref(Ring(), gone))
        compiled(CHART)

faulthandler.dump_traceback_later(60, exit=True)
told = []
sys.setswitchinterval(1e-5)
gc.set_threshold(50)
threads = [threading.Thread(target=visit, daemon=True) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(told))
"""


def test_charts_are_compiled_for_many_at_once_and_nobody_waits_for_ever():
    made = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, timeout=90
    )
    assert made.stdout.strip() == "400", made.stderr
