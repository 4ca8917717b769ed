"""What a setting may be, and what is said of one that it may not."""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ranges import (
    COUNT,
    FINITE,
    FRACTION,
    POSITIVE,
    Range,
    check_flag,
    check_vector,
)

few = settings(max_examples=100, deadline=None)
numbers = st.floats(-1e6, 1e6) | st.integers(-(10**6), 10**6)


# --- Membership.


@few
@given(value=numbers, low=numbers, high=numbers, above_low=st.booleans(), whole=st.booleans())
def test_a_range_holds_what_lies_between_its_ends(
    value: float, low: float, high: float, above_low: bool, whole: bool
) -> None:
    inside = (low < value if above_low else low <= value) and value <= high
    kind = isinstance(value, int) or not whole
    assert (value in Range(low, high, above_low=above_low, whole=whole)) == (inside and kind)


@few
@given(low=st.integers(-100, 100))
def test_an_end_belongs_to_the_range_unless_it_is_excluded(low: int) -> None:
    assert low in Range(low, low + 1)
    assert low + 1 in Range(low, low + 1)
    assert low not in Range(low, low + 1, above_low=True)
    assert math.nextafter(low, math.inf) in Range(low, low + 1, above_low=True)
    assert math.nextafter(low, -math.inf) not in Range(low, low + 1)


def test_the_upper_end_may_be_excluded_too() -> None:
    part = Range(0, 1, below_high=True)
    assert 0 in part
    assert math.nextafter(1, 0) in part
    assert 1 not in part
    assert str(part) == "a finite number of at least 0 and below 1"
    assert (
        str(Range(0, 1, above_low=True, below_high=True)) == "a finite number above 0 and below 1"
    )
    assert str(Range(high=1, below_high=True)) == "a finite number below 1"
    assert part.largest_below(math.inf, 0.1) == pytest.approx(0.9)


@pytest.mark.parametrize("allowed", [FINITE, POSITIVE, FRACTION, COUNT])
@pytest.mark.parametrize(
    "value",
    [None, "1", b"1", True, False, 1j, math.nan, math.inf, -math.inf, [1], (1,), np.ones(1)],
)
def test_what_is_no_finite_number_is_in_no_range(allowed: Range, value: Any) -> None:
    assert value not in allowed


@pytest.mark.parametrize("value", [np.float64(0.5), np.float32(0.5), np.int64(1), 1, 0.5])
def test_numbers_of_numpy_are_numbers(value: Any) -> None:
    assert value in FRACTION


@pytest.mark.parametrize(
    ("value", "held"), [(3, True), (np.int64(3), True), (3.0, False), (np.float64(3), False)]
)
def test_a_whole_number_is_no_float(value: Any, held: bool) -> None:
    assert (value in COUNT) is held


@pytest.mark.parametrize("value", [np.bool_(True), Decimal("0.5"), Fraction(1, 2)])
def test_numbers_that_tensors_cannot_be_scaled_by_are_refused(value: Any) -> None:
    assert value not in POSITIVE


@pytest.mark.parametrize(
    ("allowed", "value"),
    [(FINITE, 10**400), (POSITIVE, 10**400), (FRACTION, 10**400), (COUNT, -(10**400))],
    ids=lambda part: str(part)[:30],
)
def test_a_whole_number_too_large_for_a_float_is_refused_like_others(
    allowed: Range, value: int
) -> None:
    with pytest.raises(ValueError, match=r"momentum = .* must be a"):
        allowed.check("momentum", value)


# --- Words.


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        (FINITE, "a finite number"),
        (POSITIVE, "a finite number above 0"),
        (FRACTION, "a finite number from 0 to 1"),
        (COUNT, "a whole number of at least 0"),
        (Range(whole=True), "a whole number"),
        (Range(1, 8, whole=True), "a whole number from 1 to 8"),
        (Range(high=2.5), "a finite number of at most 2.5"),
        (Range(0, 1, above_low=True), "a finite number above 0 and up to 1"),
        (Range(0.005, 1.2), "a finite number from 0.005 to 1.2"),
    ],
)
def test_a_range_reads_as_the_end_of_a_sentence(allowed: Range, words: str) -> None:
    assert str(allowed) == words
    with pytest.raises(ValueError, match="must be") as caught:
        allowed.check("momentum", math.nan)
    assert str(caught.value) == f"momentum = nan is not allowed: it must be {words}."


@few
@given(value=st.floats(0, 1))
def test_what_is_allowed_passes_without_a_word(value: float) -> None:
    FRACTION.check("momentum", value)


# --- Vectors and flags.


@few
@given(values=st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=5).map(tuple))
def test_a_tuple_of_finite_numbers_is_a_vector(values: tuple[float, ...]) -> None:
    check_vector("start", values)
    check_vector("start", values, length=len(values))


@pytest.mark.parametrize("values", [(), [1.0], None, 1.0, "12", np.ones(2), {1.0}])
def test_only_a_tuple_with_something_in_it_is_a_vector(values: Any) -> None:
    with pytest.raises(ValueError, match=r"start = .* must be a tuple of at least 1 number"):
        check_vector("start", values)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, None, "1", True])
def test_the_entry_that_is_wrong_is_named(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"start\[1\] = .* must be a finite number") as caught:
        check_vector("start", (1.0, wrong, 2.0))
    assert repr(wrong) in str(caught.value)


@pytest.mark.parametrize("length", [1, 3])
def test_a_vector_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=rf"target = \(1\.0, 2\.0\) .* {length} numbers, not 2"):
        check_vector("target", (1.0, 2.0), length=length)


def test_a_vector_may_have_a_range_of_its_own() -> None:
    check_vector("share", (0.0, 1.0), allowed=FRACTION)
    with pytest.raises(ValueError, match=r"share\[1\] = 1\.5 .* from 0 to 1"):
        check_vector("share", (0.0, 1.5), allowed=FRACTION)


@pytest.mark.parametrize("value", [0, 1, None, "True", 1.0, np.bool_(True)])
def test_only_true_and_false_are_flags(value: Any) -> None:
    check_flag("zero_grad", True)
    check_flag("zero_grad", False)
    with pytest.raises(ValueError, match=r"zero_grad = .* must be True or False"):
        check_flag("zero_grad", value)
