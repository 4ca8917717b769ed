"""A step is called what it is: a page whose lesson has epochs never says that they are updates."""

import json
import re
from collections.abc import Iterator

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from core.gradient_descent import Config
from core.recording import Recording
from ui.export import script

OTHERS = re.compile(r'(?i)\bupdates?\b(?!\\*":).{0,60}')  # but for a key of Vega's, "update":
COURSE = "0 learning_rate 0.3 40"  # from 40 on the page's own rate, with which the run leaves


def page_of_epochs():
    """A page with all that the pages of lessons have in common, and no words of its own."""
    from types import SimpleNamespace
    from typing import Any

    from core import gradient_descent
    from core.ranges import Range
    from core.theory.finding import Finding
    from ui.controls import Settings
    from ui.export import take_away
    from ui.page import heading
    from ui.pictures import of_loss
    from ui.player.player import Readout, player
    from ui.steering import Run
    from ui.verdict import Name, autopsy, verdict

    lesson: Any = SimpleNamespace(**vars(gradient_descent), STEP="epoch")
    settings = Settings(lesson, {"as it is": {}}, {"learning_rate": 1.1})
    with settings.sidebar():
        settings.rate("learning_rate", "Rate", Range(0.1, 2), step=0.1)
        settings.steps()
    run = Run(settings)
    heading(run, [], [])
    picture = of_loss(run, lesson.predicted_loss(*run.legs), within=(1e-9, 1e9))
    kinds = {"kind": ("linear", "cubic")}
    player(run, [picture], lambda config: Readout("At first.", "Now {kind}.", kinds))
    run.finish()
    found = [Finding("rate", 2.0, 2.0, needed=needed) for needed in (1, 940)]
    verdict(run, found, {"rate": Name("Rate")})
    autopsy(run, run.since, [])
    take_away(run, [picture])


@pytest.fixture
def told(waits, sent):
    """All that a browser is told of the page, as one text: its elements, and its player's words."""
    waits(50)  # the whole run is there, however slow the machine is

    def told(**settings: str) -> str:
        page = AppTest.from_function(page_of_epochs, default_timeout=60)
        for field, value in settings.items():
            page.query_params[f"gradient_descent.{field}"] = value
        page.run()
        assert not page.exception
        words = {name: value for name, value in sent[-1].items() if not isinstance(value, pa.Table)}
        return "\n".join([*protos(page._tree), json.dumps(words)])

    return told


def protos(block) -> Iterator[str]:
    """Each element below."""
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from protos(child)
        if getattr(child, "proto", None) is not None:
            yield str(child.proto)


def test_steps_have_the_lessons_name_wherever_the_page_names_them(told):
    text = told(course=COURSE)
    for words in (
        '"Epochs"',  # the slider
        "How many epochs to run.",
        '"step_name": ["epoch", "epochs"]',
        '"title": "epoch"',  # of the axis
        "After epoch {step}: loss = {loss}.",
        "needs 940 epochs",
        "From epoch 41 on the loss is larger than at epoch 40.",
        "microseconds an epoch.",
    ):
        assert words in text, words
    assert not OTHERS.findall(text)


def test_so_does_what_is_said_of_a_run_beyond_all_numbers(told):
    text = told(learning_rate="2", steps="400")  # each epoch the loss is nine times as large
    assert re.search(r"From epoch 3\d\d on it is too large for a number\.", text)
    assert not OTHERS.findall(text)


def test_so_does_what_is_said_of_a_run_that_is_not_over_or_comes_back(told, monkeypatch):
    monkeypatch.setattr(Recording, "start", lambda *_: None)  # only the first frame is there
    text = told(steps="70")
    assert "What the whole run shows comes here with its last epoch." in text
    assert "More epochs would show it: in these few the loss comes back." in text
    assert not OTHERS.findall(text)


def test_the_script_that_repeats_a_run_prints_the_name():
    assert 'print(f"batch {state.step}:")' in script("xor", ((0, Config()),), "batch")
