"""The strip under a slider: where its marks stand, and what is said of those off the scale."""

import math
import re

import pytest

from core.ranges import Range
from ui.scale import Mark, html, place

SLIDER = Range(0, 2)


def lines(*marks: Mark) -> list[str]:
    return re.findall(r"<div>(.*?)</div>", html(marks, SLIDER))


def test_a_value_stands_where_the_slider_would_put_it():
    assert place(0.5, SLIDER) == 0.25
    assert place(1, Range(0.5, 1.5)) == 0.5
    assert place(2, SLIDER) == 1
    (line,) = lines(Mark("best", 0.5))
    assert "left:25.00%" in line
    assert "best 0.5" in line


@pytest.mark.parametrize(("value", "words"), [(2.5, "critical 2.5 →"), (-1, "← critical −1")])
def test_a_value_off_the_scale_is_said_with_an_arrow_at_that_end(value: float, words: str):
    (line,) = lines(Mark("critical", value))
    assert words in line
    assert "<i" not in line
    assert ("right:0" in line) == (value > 2)


def test_what_does_not_exist_has_no_line():
    assert lines(Mark("best", math.nan), Mark("critical", math.nan)) == []


def test_numbers_have_four_digits():
    assert "best 0.9901" in lines(Mark("best", 0.990099))[0]
    assert "best 0.000001" in html([Mark("best", 1e-6)], Range(1, 2)).replace("−", "-")


def test_words_keep_clear_of_the_end_and_of_the_ticks_below():
    assert "<span style=right" in lines(Mark("critical", 1.8))[0].replace('"', "")
    alone, beside = lines(Mark("best", 0.9))[0], lines(Mark("best", 0.9), Mark("critical", 1))[0]
    assert "<span style=left" in alone.replace('"', "")
    assert "<span style=right" in beside.replace('"', "")


def test_a_label_is_text_not_markup():
    assert "&lt;b&gt;" in html([Mark("<b>", 1)], SLIDER)


def test_on_a_logarithmic_slider_a_decade_is_as_long_as_any_other():
    decades = Range(1e-5, 1)
    assert [place(10.0**k, decades, log=True) for k in range(-5, 1)] == pytest.approx(
        [0, 0.2, 0.4, 0.6, 0.8, 1]
    )
    assert "left:40.00%" in html([Mark("stable", 1e-3)], decades, log=True)
    assert "← stable 0" in html([Mark("stable", 0.0)], decades, log=True)
