"""Lines and arrows in the plane of p and q."""

from dataclasses import replace

import numpy as np
import pytest

from core.matrix_game import (
    Config,
    analyse,
    arrows,
    averages_window,
    energy,
    level_lines,
    level_sets,
    orbit_line,
    rest,
)
from tests.core.games import DILEMMA, NOTES, PENNIES, SEXES, STAG_HUNT


@pytest.mark.parametrize("game", [NOTES, PENNIES, STAG_HUNT, SEXES])
def test_averages_have_room_around_the_equilibrium(game: Config):
    found = analyse(game)
    low, high = averages_window(found)
    assert -0.06 <= low < min(found.p, found.q) <= max(found.p, found.q) < high <= 1.06
    assert max(found.p, found.q) + 0.2 < high or high > 1
    assert min(found.p, found.q) - 0.2 > low or low < 0


@pytest.mark.parametrize("game", [NOTES, PENNIES, STAG_HUNT, SEXES])
def test_a_level_set_has_one_energy(game: Config):
    lines = level_sets(game, sizes=(0.5, 1.5))
    assert len(lines) == (2 if analyse(game).kind == "cycle" else 8)
    for p, q in lines:
        inside = (p > 1e-3) & (p < 1 - 1e-3) & (q > 1e-3) & (q < 1 - 1e-3)
        assert inside.sum() > 20
        level = energy(game, p[inside], q[inside])
        assert np.ptp(level) < 1e-7 * abs(level).max()


def test_what_charts_of_a_game_draw():
    lines = level_lines(NOTES)
    assert set(lines["line"]) == set(range(5))
    for k, (p, q) in enumerate(level_sets(NOTES)):
        own = lines["line"] == k
        assert np.array_equal(lines["x"][own], p)
        assert np.array_equal(lines["y"][own], q)
        assert np.array_equal(lines["turn"][own], np.arange(len(p)))
    assert all(len(column) == 0 for column in level_lines(DILEMMA).values())
    lap = orbit_line(NOTES)
    level = energy(NOTES, lap["x"], lap["y"])
    assert level == pytest.approx(energy(NOTES, 0.5, 0.5))
    assert all(len(column) == 0 for column in orbit_line(SEXES).values())
    drawn = arrows(NOTES)
    k = int(np.argmin(np.hypot(drawn["x"] - 0.5, drawn["y"] - 0.2)))
    # There q is below 0.75, so p falls, and p below 0.6, so q grows.
    x, y = drawn["x"][k], drawn["y"][k]
    assert drawn["dx"][k] == pytest.approx((x * (1 - x)) ** 2 * (4 * y - 3))
    assert drawn["dy"][k] == pytest.approx((y * (1 - y)) ** 2 * (-5 * x + 3))
    assert drawn["size"].max() == 200
    assert arrows(replace(NOTES, payoff_0=FLAT, payoff_1=FLAT))["size"].max() == 30


FLAT = ((0.0, 0.0), (0.0, 0.0))


def test_the_lines_that_part_a_saddle_cross_at_it():
    p, q = rest(SEXES)
    height = energy(SEXES, p, q)
    for line in level_sets(SEXES, sizes=(0.0,)):
        assert np.hypot(line[0] - p, line[1] - q).min() < 1e-2
        assert energy(SEXES, line[0][60:-60], line[1][60:-60]) == pytest.approx(height, abs=1e-6)


def test_a_game_without_equilibrium_has_no_level_sets():
    assert level_sets(DILEMMA) == []
