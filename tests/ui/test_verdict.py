"""The strip of predicted, measured and error."""

import math

import pytest

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
        ("2-cycle", "rests", "another one"),
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
