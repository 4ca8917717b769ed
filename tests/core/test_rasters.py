"""Bytes of pictures: what they stand for, what they cannot say, and where they are made."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.rasters import LARGEST, NO_NUMBER, centers, to_bytes, to_values

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


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
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
