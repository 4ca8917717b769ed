"""Laps, averages and half-lives, of runs and of numbers made by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from core.matrix_game import (
    analyse,
    average,
    energy,
    half_life,
    laps,
    measure,
    run,
    running_averages,
)
from tests.core.games import NOTES, logit, recorded


def test_averages_over_laps_of_the_flow_are_the_equilibrium_to_many_digits():
    """As the learning rate goes to 0, so does the error, in proportion."""
    errors = []
    for eta, steps in ((0.08, 1000), (0.04, 2000)):
        found = recorded(replace(NOTES, learning_rate=eta, steps=steps))
        means = [average(found[name], laps(NOTES, found["p"]))[-1] for name in found]
        errors.append(np.abs(np.subtract(means, analyse(NOTES)[1:5])).max())
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.2)


def test_a_measured_half_life_is_the_predicted():
    config = replace(NOTES, learner="consensus", starts=((logit(0.6) + 0.02, logit(0.75)),))
    found = analyse(config)
    states = list(run(replace(config, steps=2 * round(found.period))))
    above = [
        energy(config, states[k * round(found.period)].p, states[k * round(found.period)].q).item()
        - energy(config, 0.6, 0.75)
        for k in range(3)
    ]
    # Energy is a square of the amplitude.
    halved = round(found.period) * math.log(2) / (math.log(above[1] / above[2]) / 2)
    assert halved == pytest.approx(found.half_life, rel=0.01)


def test_laps_are_found_between_the_updates():
    time = np.arange(400)
    p = 0.6 + 0.1 * np.sin(2 * math.pi * (time - 12.34) / 56.78)
    begins = laps(NOTES, p)
    # A sine is straight where it rises through its middle, to the third order.
    assert begins == pytest.approx(12.34 + 56.78 * np.arange(7), abs=1e-3)
    assert laps(NOTES, np.full(50, 0.6)).size == 0
    assert laps(NOTES, np.array([0.5, 0.7])).tolist() == pytest.approx([0.5])
    assert laps(NOTES, np.array([0.7, 0.5])).size == 0


def test_averages_are_integrals_of_the_straight_lines():
    values = np.array([0.0, 2.0, 2.0, -4.0])
    # From ½: a trapezoid of 1 to 2 over ½, then 2, then 2 to -1 over ½.
    assert average(values, np.array([0.5, 2.5])) == pytest.approx([(0.75 + 2 + 0.25) / 2])
    assert average(values, np.array([0.0, 1.0, 3.0])) == pytest.approx([1.0, (1 + 2 - 1) / 3])
    assert average(values, np.array([1.0])).size == 0
    assert average(values, np.array([])).size == 0


def test_running_averages_are_those_of_the_laps_when_a_lap_is_done():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(60, 2)).cumsum(axis=0)
    begins = np.array([3.25, 20.5, 41.0, 50.75])
    so_far, whole = running_averages(values, begins[0], begins)
    assert np.isnan(so_far[:4]).all()
    assert np.isnan(whole[:21]).all()
    for k, (row, lap) in enumerate([(21, 1), (41, 2), (51, 3)]):
        for column in (0, 1):
            mean = average(values[:, column], begins)
            assert (whole[row : [41, 51, 60][k], column] == mean[lap - 1]).all()
    assert so_far[41] == pytest.approx(whole[41])  # this lap begins at a row
    # By many small pieces.
    fine = np.interp(np.linspace(3.25, 30, 20_001), np.arange(60), values[:, 0])
    assert so_far[30, 0] == pytest.approx(np.trapezoid(fine) / 20_000, abs=1e-4)
    # What is known of a run's beginning does not change later.
    early = running_averages(values[:45], begins[0], begins[:3])
    assert np.array_equal(early[0], so_far[:45], equal_nan=True)
    assert np.array_equal(early[1], whole[:45], equal_nan=True)


def test_running_averages_of_a_run_without_laps_begin_at_its_start():
    values = np.array([[1.0], [2.0], [3.0]])
    so_far, whole = running_averages(values, 0.0, np.array([]))
    assert so_far[1:, 0].tolist() == [1.5, 2.0]
    assert np.isnan(so_far[0]).all()
    assert np.isnan(whole).all()
    assert np.isnan(running_averages(values[:1], 0.0, np.array([]))[0]).all()


def test_no_frames_measure_nothing():
    found = measure(
        replace(NOTES, rivals=("lola",)),
        {name: np.empty((0, 2)) for name in ("p", "q", "reward_0", "reward_1")}
        | {"logits": np.empty((0, 2, 2))},
        7,
    )
    assert found.laps == 0
    assert np.isnan([*found[1:4], *found.averages, *found.half_lives]).all()
    assert len(found.half_lives) == 2


@pytest.mark.parametrize("every", [1, 11])
def test_a_half_life_is_read_from_the_second_half(every: int):
    steps = np.arange(2_000) * every
    wobble = 1 + 0.05 * np.sin(steps / 7)
    assert half_life(2.0 ** (-steps / 350) * wobble, every) == pytest.approx(350, rel=0.02)
    assert half_life(2.0 ** (steps / 90_000), every) == pytest.approx(-90_000)
    assert half_life(np.ones(9)) == math.inf
    # Up and down within laps of 44 rows, and from lap to lap the same.
    rows = np.arange(2_000)
    assert abs(half_life(1 + 0.05 * np.sin(rows * 2 * math.pi / 44), every, 44)) > 1e9
    assert half_life(2.0 ** (-rows / 350) * wobble, 1, 44) == pytest.approx(350, rel=0.002)
    # What is 0, or no number, ends it.
    died = np.append(2.0 ** (-np.arange(100) / 5), np.zeros(500))
    assert half_life(died) == pytest.approx(5)
    assert math.isnan(half_life(np.array([1.0, math.nan, 1.0, 1.0, 1.0])))
    assert math.isnan(half_life(np.zeros(9)))
