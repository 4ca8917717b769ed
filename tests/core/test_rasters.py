"""Bytes of pictures: what they stand for, what they cannot say, and where they are made."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.rasters import LARGEST, NO_NUMBER, centers, level_line, to_bytes, to_values
from tests.core.gpu import needs_cuda

limits = st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6)).map(lambda p: (p[0], p[0] + p[1]))
wild = st.floats(-1e7, 1e7) | st.sampled_from([math.nan, math.inf, -math.inf])


@given(values=st.lists(wild, max_size=30), ends=limits, dtype=st.sampled_from(["32", "64"]))
def test_a_byte_says_its_number_to_half_a_step(values, ends, dtype):
    low, high = ends
    numbers = torch.tensor(values, dtype=getattr(torch, f"float{dtype}"))
    cells = to_bytes(numbers, low, high)
    assert cells.dtype == torch.uint8
    told = to_values(cells.numpy(), low, high)
    # Half of a 254th, and what rounding of numbers as large as these adds.
    size = max(abs(low), abs(high))
    off = (high - low) / LARGEST / 2 + 4 * size * torch.finfo(numbers.dtype).eps
    for value, cell, back in zip(numbers.tolist(), cells.tolist(), told, strict=True):
        if math.isnan(value):
            assert cell == NO_NUMBER
            assert math.isnan(back)
        else:
            assert cell <= LARGEST
            assert abs(min(max(value, low), high) - back) <= off


@given(ends=limits)
def test_every_byte_comes_back_as_itself(ends):
    cells = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (to_bytes(torch.tensor(to_values(cells, *ends)), *ends).numpy() == cells).all()


def test_the_ends_and_what_lies_beyond():
    values = torch.tensor([-math.inf, -9, -1, 0, 1, 9, math.inf, math.nan])
    assert to_bytes(values, -1, 1).tolist() == [0, 0, 0, 127, 254, 254, 254, 255]


def test_whole_numbers_are_numbers():
    assert to_bytes(torch.tensor([[0, 1], [2, 3]]), 0, 2).tolist() == [[0, 127], [254, 254]]


def test_what_is_given_is_not_written_to():
    values = torch.tensor([0.5, math.nan])
    to_bytes(values, 0, 1)
    assert values[0] == 0.5
    assert values[1].isnan()


@pytest.mark.parametrize("ends", [(1.0, 1.0), (2.0, 1.0), (math.nan, 1.0)])
def test_limits_that_are_none_are_refused(ends):
    with pytest.raises(ValueError, match="low = "):
        to_bytes(torch.zeros(1), *ends)


@needs_cuda
def test_bytes_stay_on_the_device():
    values = torch.tensor([-0.3, math.nan, 0.7], device="cuda")
    cells = to_bytes(values, -1, 1)
    assert cells.device == values.device
    assert cells.tolist() == to_bytes(values.cpu(), -1, 1).tolist()


@given(ends=limits, cells=st.integers(1, 200))
def test_middles_are_evenly_apart_and_half_a_cell_from_the_ends(ends, cells):
    low, high = ends
    middles, side = centers(low, high, cells), (high - low) / cells
    near = 1e-9 * max(abs(low), abs(high), 1)  # rounding of numbers as large as the ends
    assert np.abs(np.diff(middles) - side).max(initial=0) <= near
    assert abs(middles[0] - side / 2 - low) <= near
    assert abs(middles[-1] + side / 2 - high) <= near


# --- The line on which a picture is at a level.


@given(
    slope=st.tuples(st.integers(-9, 9), st.integers(-9, 9)).filter(any),
    rows=st.integers(2, 9),
    columns=st.integers(2, 9),
    level=st.floats(1, 253),
)
def test_on_a_slope_the_line_is_straight_and_where_it_should_be(slope, rows, columns, level):
    y, x = np.mgrid[:rows, :columns]
    height = 127 + slope[0] * (x - columns // 2) + slope[1] * (y - rows // 2)
    strokes = level_line(height.astype(np.uint8), level)
    at = (
        127
        + slope[0] * (strokes[:, ::2] - columns // 2)
        + slope[1] * (strokes[:, 1::2] - rows // 2)
    )
    assert np.abs(at - level).max(initial=0) < 1e-9  # rounding of numbers below 255
    assert len(strokes) > 0 or not height.min() < level <= height.max()


def test_around_a_hill_the_line_is_a_circle():
    y, x = np.mgrid[:60, :60] - 29.5
    far = np.hypot(x, y)
    strokes = level_line(to_bytes(torch.tensor(20 - far), -20, 20).numpy(), 127)
    ends = strokes.reshape(-1, 2) - 29.5
    # A byte is 40/254 of a cell; what is left of a square's bend over one of its sides is 1/8r.
    assert np.abs(np.hypot(*ends.T) - 20).max() < 40 / 254 + 1 / 160
    length = np.hypot(*(strokes[:, 2:] - strokes[:, :2]).T).sum()
    assert abs(length / (40 * math.pi) - 1) < 0.02  # steps of a byte make it a little longer


@given(st.integers(0, 2**32 - 1), st.integers(0, LARGEST))
def test_a_line_ends_nowhere_inside(seed, level):
    cells = np.random.default_rng(seed).integers(0, LARGEST + 1, (6, 7), dtype=np.uint8)
    ends = level_line(cells, level).reshape(-1, 2)
    inside = ends[(ends > 0).all(axis=1) & (ends[:, 0] < 6) & (ends[:, 1] < 5)]
    counts = np.unique(inside.round(9), axis=0, return_counts=True)[1]
    assert (counts % 2 == 0).all()


@pytest.mark.parametrize(
    ("other", "strokes"),
    [  # the level of 100 is halfway to 200, and 100/120 or 100/250 of the way to the other
        (120, {((0.5, 0), (0, 0.5)), ((1, 5 / 6), (5 / 6, 1))}),  # mean below: high corners alone
        (250, {((0.5, 0), (1, 0.4)), ((0.4, 1), (0, 0.5))}),  # mean above: low corners alone
    ],
)
def test_of_two_pairs_across_the_middle_says_which_is_joined(other, strokes):
    found = level_line(np.array([[200, 0], [0, other]], np.uint8), 100)
    ends = {frozenset(map(tuple, row.reshape(2, 2).round(12))) for row in found}
    assert ends == {frozenset(map(tuple, np.round(pair, 12))) for pair in strokes}


def test_where_a_corner_has_no_number_there_is_no_line():
    cells = np.array([[0, 200, 0], [NO_NUMBER, 200, 0]], np.uint8)
    assert (level_line(cells, 100)[:, ::2] >= 1).all()
    assert len(level_line(cells, 100)) == 1
