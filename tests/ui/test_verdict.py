"""The strip of predicted, measured and error."""

import math

import pytest
from streamlit.testing.v1 import AppTest

from ui.verdict import Row, error, html


@pytest.mark.parametrize(
    ("predicted", "measured", "text"),
    [
        (2.0, 2.01, "0.5000\u2009%"),
        (-2.0, -2.01, "0.5000\u2009%"),
        (0.9, 0.9, "exact"),
        (0.0, 0.25, "0.2500"),
        (math.nan, 1.0, "—"),
        (1.0, math.nan, "—"),
        (math.inf, 1.0, "∞"),
        (math.inf, math.inf, "exact"),
        ("2-cycle", "2-cycle", "none"),
        ("2-cycle", "rests", "different"),
        ("—", "rests", "—"),
    ],
)
def test_the_error_is_a_part_of_the_prediction(predicted, measured, text):
    assert error(predicted, measured) == text


def test_words_are_escaped_and_units_shown():
    shown = html([Row("<b>", 13.9308, 13.93, unit="updates", note="a < b")])
    assert "&lt;b&gt;" in shown
    assert "a &lt; b" in shown
    assert "13.93\u2009updates" in shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.9999982, "0.9999982"),  # the error that an update keeps at a tiny rate
        (-0.9999982, "−0.9999982"),
        (1.000012, "1.000012"),
        (1.0, "1.000"),
        (1 - 1e-12, "1.000"),  # nine digits do not tell it either
        (0.9994, "0.9994"),
        (0.98, "0.9800"),
        (math.nan, "—"),
        (-math.inf, "−∞"),
    ],
)
def test_what_is_only_near_1_has_the_digits_that_tell(value, text):
    shown = html([Row("kept", value, value)])
    assert shown.count(f"<td>{text}</td>") == 2


def page_with_a_verdict():
    from types import SimpleNamespace
    from typing import Any

    from core.theory.finding import Finding
    from ui.verdict import Name, verdict

    names = {
        "rate": Name("Rate of {part}", note="{why}"),
        "lap": Name("A lap", "updates"),
        "end": Name("The end after {steps}"),
        "slow": Name("Slow"),
        "slower": Name("Slower"),
    }
    found = [
        Finding("rate", 0.5, 0.5, which=1),
        Finding("lap", float("nan"), 3.0, limit=4.0),
        Finding("end", float("nan"), float("nan"), kinds=(None, "rests")),
        Finding("slow", 0.9, 0.9, needed=8),
        Finding("slower", 0.9, 0.9, needed=9),
    ]
    run: Any = SimpleNamespace(
        config=SimpleNamespace(steps=7), step_name="batch", settings=SimpleNamespace(longest=8)
    )
    verdict(run, found, names, "it nears {limit}", part=lambda one: "ab"[one.which], why="so")


def test_findings_are_told_by_their_names_and_in_what_they_are_of():
    (strip,) = AppTest.from_function(page_with_a_verdict).run().get("html")
    body = strip.proto.body
    assert 'Rate of b<span class="note">so' in body
    assert 'A lap<span class="note">it nears 4.000 updates' in body
    assert "The end after 7</th><td>—</td><td>rests</td>" in body
    short = 'too short to tell<span class="note">'
    assert f"{short}needs 8 batches<" in body
    assert f"{short}needs 9 batches, and the slider ends at 8<" in body
