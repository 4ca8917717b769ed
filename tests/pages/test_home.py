"""The first page."""

import subprocess
import sys
from pathlib import Path

from ui.lessons import LESSONS

ROOT = Path(__file__).parents[2]


def test_it_opens_and_names_every_lesson(open_page):
    page = open_page("home")
    assert not page.exception
    assert page.title[0].value == "Watch PyTorch learn"
    assert [heading.value for heading in page.header] == [lesson.title for lesson in LESSONS]


def test_it_is_painted_before_pytorch_is_imported():
    # In a process of its own, with a warm-up that never ends: nothing else may import torch.
    script = """
import sys, threading
from streamlit.testing.v1 import AppTest
from ui import warmup
waiting = threading.Thread(target=threading.Event().wait, daemon=True)
waiting.start()
warmup.warm_up = lambda: waiting
page = AppTest.from_file("app.py", default_timeout=60).run()
assert not page.exception, page.exception
assert page.title[0].value == "Watch PyTorch learn"
assert "Looking for the devices" in page.caption[0].value
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=120)
