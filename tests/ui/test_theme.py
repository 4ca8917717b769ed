"""How numbers are written, and things counted."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.theme import (
    MINUS,
    an,
    axis_colours,
    counted,
    number,
    plural,
    setting,
    standalone,
    subscript,
    summed,
)

# How the player writes them too: tests/player/numbers.test.js reads the same table.
TABLE = json.loads((Path(__file__).parents[1] / "player/numbers.json").read_text())


@pytest.mark.parametrize(("value", "text"), TABLE)
def test_numbers_have_four_significant_digits(value, text):
    assert number(float(value)) == text


@given(st.floats(1e-30, 1e30))
def test_a_written_number_is_within_half_a_unit_of_its_fourth_digit(value):
    raised = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    text = number(value).replace("\u2009×\u200910", "e").replace("\u2009", "").translate(raised)
    # One part in two thousand is the most that four digits can be off, for a first digit of 1.
    assert math.isclose(float(text), value, rel_tol=5.01e-4)


def test_a_setting_is_as_short_as_it_was_typed():
    assert [setting(value) for value in (0.05, 1.0, -2, 0.995)] == ["0.05", "1", "−2", "0.995"]


@pytest.mark.parametrize(
    ("noun", "several", "single"),
    [
        ("update", "updates", "an update"),
        ("epoch", "epochs", "an epoch"),  # a hard ch
        ("batch", "batches", "a batch"),
        ("operation", "operations", "an operation"),
        ("call", "calls", "a call"),
        ("pass", "passes", "a pass"),
    ],
)
def test_one_and_several(noun, several, single):
    assert (plural(noun), an(noun)) == (several, single)
    assert [counted(count, noun) for count in (0, 1, 94)] == [
        f"0 {several}",
        f"1 {noun}",
        f"94 {several}",
    ]


def test_indices_are_small():
    assert subscript(10) == "₁₀"


def test_light_and_dark_differ_in_every_colour_of_the_axes():
    light, dark = axis_colours(dark=False), axis_colours(dark=True)
    assert light.keys() == dark.keys()
    assert all(light[name] != dark[name] for name in light)


def test_a_chart_for_a_file_has_a_background_and_the_page_none():
    assert standalone({"mark": "line"})["config"]["background"] == "#FFFFFF"
    assert standalone({"mark": "line"}, dark=True)["config"]["axis"]["gridColor"] == "#2C313A"


def test_a_sum_is_written_with_the_sign_of_each_and_brackets_where_two_would_meet():
    assert summed((3, 1, -2), f"{MINUS}+") == f"3 {MINUS} 1 + ({MINUS}2)"
    assert summed((-3, 0.5), "+") == f"{MINUS}3 + 0.5"
