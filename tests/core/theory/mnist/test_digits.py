"""A digit that is drawn becomes a picture like those of the data set."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core import datasets, mnist
from core.mnist import OFFLINE, as_picture, ink, opinion, run
from core.theory.mnist.digits import PEN

few = settings(max_examples=30, deadline=None)


def test_ink_is_where_the_pen_was():
    drawn = ink([[(0.2, 0.5), (0.8, 0.5)]], cells=100)
    assert drawn.shape == (100, 100)
    assert drawn[50, 50] == 1
    assert drawn[10].max() == 0
    # A bar of 0.6 with two half discs at its ends; a cell's edge is a hundredth.
    area = 2 * PEN * 0.6 + np.pi * PEN**2
    assert drawn.mean() == pytest.approx(area, rel=0.02)
    dot = ink([[(0.5, 0.25)]], cells=200)
    assert dot.mean() == pytest.approx(np.pi * PEN**2, rel=0.02)
    rows, columns = np.nonzero(dot)
    assert (columns.mean() + 0.5) / 200 == pytest.approx(0.5)
    assert (rows.mean() + 0.5) / 200 == pytest.approx(0.25)
    assert ink([], cells=10).max() == ink([[]], cells=10).max() == 0


places = st.tuples(st.floats(-0.1, 1.1), st.floats(-0.1, 1.1))


@few
@given(st.lists(st.lists(places, max_size=4), max_size=3), st.integers(5, 30))
@example([[(0.0, 0.0), (0.900390625, 0.8929323654247818)]], 5)  # close by the middle of a cell
def test_each_cell_has_the_ink_of_the_stroke_that_is_nearest(strokes, cells: int):
    """Cell by cell, of a point that goes along each stroke in many small steps."""
    on_the_way = np.array(
        [
            (a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1]))
            for stroke in strokes
            for a, b in pairwise([*stroke, *stroke[-1:]])
            for part in np.linspace(0, 1, 400)
        ]
    ).reshape(-1, 2)
    drawn = ink(strokes, cells)
    for row in range(cells):
        for column in range(cells):
            x, y = (column + 0.5) / cells, (row + 0.5) / cells
            away = np.hypot(*(on_the_way - (x, y)).T).min(initial=math.inf)
            expected = min(1.0, max(0.0, (PEN - away) * cells + 0.5))
            # A step is at most 1.7 / 399 long, and the nearest one at most half of that aside.
            nearer = away - math.sqrt(max(away**2 - 0.0022**2, 0.0)) if away < math.inf else 0.0
            assert abs(drawn[row, column] - expected) <= cells * nearer + 1e-9


@few
@given(x=st.floats(0.1, 0.6), y=st.floats(0.1, 0.6), size=st.floats(0.1, 0.3), turn=st.booleans())
def test_a_picture_does_not_depend_on_where_and_how_large_one_draws(
    x: float, y: float, size: float, turn: bool
):
    """But for the pen, which does not grow: its width, and so the box, is a part of the drawing."""
    corner = [(x, y), (x + size, y), (x + size / 2, y + size)]
    picture = as_picture(ink([corner[::-1] if turn else corner]))
    assert (picture.shape, picture.dtype) == ((28, 28), np.uint8)
    rows, columns = np.nonzero(picture)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)  # an edge may be too faint for a byte
    middle = (picture * (np.arange(28) + 0.5)).sum() / picture.sum()
    assert middle == pytest.approx(14, abs=0.6)  # to half a pixel, and rounding to bytes
    down = (picture.T * (np.arange(28) + 0.5)).sum() / picture.sum()
    assert down == pytest.approx(14, abs=0.6)


def test_an_empty_drawing_is_a_black_picture():
    assert as_picture(np.zeros((50, 50))).max() == 0


def test_a_digit_of_scikit_learn_fills_its_picture():
    picture = as_picture(ink([[(0.5, 0.3), (0.5, 0.7)]]), "digits")
    rows, _ = np.nonzero(picture)
    assert np.ptp(rows) + 1 >= 27


def test_an_opinion_is_what_a_state_shows_of_that_picture():
    *_, state = run(OFFLINE)
    sixteen = mnist.shown(OFFLINE)
    for picture, expected in zip(sixteen.pictures, state.opinions.numpy(), strict=True):
        found = opinion(OFFLINE, state, picture)
        assert found.shape == (10,)
        assert found.sum() == pytest.approx(1, abs=1e-5)
        assert np.allclose(found, expected, atol=1e-5)
    with pytest.raises(ValueError, match="28, 28"):
        opinion(OFFLINE, state, np.zeros((8, 8), dtype=np.uint8))


def test_a_ring_is_a_nought_to_who_has_learned():
    *_, state = run(OFFLINE)
    angles = np.linspace(0, 2 * np.pi, 30)
    ring = [(0.5 + 0.22 * np.sin(a), 0.5 - 0.33 * np.cos(a)) for a in angles]
    assert opinion(OFFLINE, state, as_picture(ink([ring]), "digits")).argmax() == 0
    assert len(datasets.LABELS["digits"]) == 10
