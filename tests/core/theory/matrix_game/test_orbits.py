"""Energy, orbits, corners, distances and drift of the flow."""

import math
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st

from core.matrix_game import (
    Config,
    analyse,
    begins_at_rest,
    corner,
    distance,
    drift,
    energy,
    flow,
    laps,
    orbit,
    orbit_period,
    rest,
    run,
)
from tests.core.games import DILEMMA, NOTES, PENNIES, SEXES, cycles, few, fewer, games, logit, rk4


def test_the_orbit_of_the_notes_start_takes_3547_updates():
    assert orbit_period(NOTES, (0.0, 0.0)) == pytest.approx(3547, abs=0.5)
    assert orbit_period(replace(NOTES, learning_rate=0.001), (0.0, 0.0)) == pytest.approx(
        10 * orbit_period(NOTES, (0.0, 0.0))
    )


@pytest.mark.parametrize(
    ("game", "start"), [(NOTES, (0.0, 0.0)), (PENNIES, (1.0, 0.5)), (SEXES, (0.5, -0.6))]
)
def test_the_flow_conserves_the_energy(game: Config, start: tuple[float, float]):
    path = 1 / (1 + np.exp(-rk4(game, start, 0.02, 2000)))
    found = energy(game, *path.T)
    # Fourth order: 0.02⁴ and 2000 steps. It moves by tenths of the plane meanwhile.
    assert np.ptp(path, axis=0).max() > 0.2
    assert found == pytest.approx(np.full(2001, found[0]), abs=1e-7)


@pytest.mark.parametrize("start", [(0.0, 0.0), (2.0, -1.0), (0.41, 1.1)])
def test_the_period_of_an_orbit_is_that_of_the_flow(start: tuple[float, float]):
    h = 0.01
    found = orbit_period(NOTES, start) * NOTES.learning_rate
    path = rk4(NOTES, start, h, int(2.2 * found / h))
    begins = laps(NOTES, 1 / (1 + np.exp(-path[:, 0])))
    # Crossings of a curve between two points h apart by a line: 1e-2 of h at most.
    assert np.diff(begins)[0] * h == pytest.approx(found, abs=1e-4)


@fewer
@given(cycles(learning_rate=0.3))
def test_small_orbits_have_the_linear_period(game: Config):
    found = analyse(game)
    expected = 2 * math.pi / found.omega / 0.3
    center = np.array([logit(found.p), logit(found.q)])
    for size, tolerance in ((0.0, 1e-9), (1e-6, 1e-9), (9e-5, 1e-7), (1.1e-4, 1e-7), (0.01, 1e-3)):
        start = tuple((center + np.array([size, -size])).tolist())
        assert orbit_period(game, start) == pytest.approx(expected, rel=tolerance)
    # Large orbits are slower.
    start = tuple((center + np.array([2, -2])).tolist())
    assert orbit_period(game, start) > expected * 1.1


@few
@given(cycles(), st.floats(-4, 4), st.floats(-4, 4))
def test_an_orbit_has_one_energy_and_goes_the_way_of_the_flow(game: Config, a0: float, a1: float):
    assume(math.dist((a0, a1), (logit(analyse(game).p), logit(analyse(game).q))) > 0.1)
    found = orbit(game, (a0, a1), 64)
    height = energy(game, found.p, found.q)
    start = energy(game, *(1 / (1 + math.exp(-a)) for a in (a0, a1)))
    assert height == pytest.approx(np.full(65, start), rel=1e-9)
    assert (found.p[0], found.q[0]) == (found.p[-1], found.q[-1])
    dp, dq = flow(game, found.p[:-1], found.q[:-1])
    forward = dp * np.diff(found.p) + dq * np.diff(found.q)
    # Between two of the 64 points it bends by less than a right angle.
    assert (forward > 0).mean() > 0.9


# Starts on an axis, where a turn begins: p, but not q, is that of the equilibrium, or the reverse.
ON_AXIS = Config(((-0.5, 0.0), (0.0, -0.5)), ((0.75, 0.0), (0.0, 0.25)))
REVERSE = Config(((0.5, 0.0), (0.0, 0.5)), ((-0.75, 0.0), (0.0, -0.25)))


@few
@given(cycles(), st.floats(-3, 3), st.floats(-3, 3))
@example(ON_AXIS, 0.0, 0.0)
@example(REVERSE, 0.0, 0.0)
@example(ON_AXIS, math.log(1 / 3), 1.0)
def test_an_orbit_tells_when_the_flow_passes(game: Config, a0: float, a1: float):
    lap = orbit(game, (a0, a1))
    assume(np.hypot(*(np.array((a0, a1)) - _logits_of_rest(game))) > 1e-2)
    span = lap.time[-1] - lap.time[0]
    assert span == pytest.approx(lap.period * game.learning_rate, rel=1e-12)
    assert (np.diff(lap.time) > 0).all()
    assert 0 <= lap.time[0] < span / 100
    # A third of a lap by Runge and Kutta's method, from the start.
    place, steps = np.array(_sigmoid(np.array((a0, a1)))), 2_000
    h = span / 3 / steps
    for _ in range(steps):
        k1 = np.array(flow(game, *place))
        k2 = np.array(flow(game, *(place + h / 2 * k1)))
        k3 = np.array(flow(game, *(place + h / 2 * k2)))
        k4 = np.array(flow(game, *(place + h * k3)))
        place = place + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    # Between 4,096 points a straight line is off by the square of their distance.
    assert np.interp(span / 3, lap.time, lap.p, period=span) == pytest.approx(place[0], abs=1e-4)
    assert np.interp(span / 3, lap.time, lap.q, period=span) == pytest.approx(place[1], abs=1e-4)


def _logits_of_rest(game: Config) -> np.ndarray:
    p, q = rest(game)
    return np.log([p / (1 - p), q / (1 - q)])


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


@few
@given(games(), st.floats(-3, 3), st.floats(-3, 3))
@example(Config(((-1.0, 0.03125), (0.0, 0.0)), ((-1.0, 0.0), (0.015625, 0.0))), 0.0, 0.0)
def test_the_corner_is_where_the_flow_ends(game: Config, a0: float, a1: float):
    end = corner(game, (a0, a1))
    kind = analyse(game).kind
    if kind != "saddle":
        known = analyse(game)[1:3] if kind == "dominance" else (math.nan, math.nan)
        assert np.array_equal(end, known, equal_nan=True)
        return
    assume(not np.isnan(end).any())
    c = max(1e-3, np.abs(energy_slopes(game)).max())
    place = np.array([a0, a1])
    # Whoever is too near the line that parts takes too long.
    assume(abs(energy(game, *_sigmoid(place)) - energy(game, *rest(game))) > 0.05 * c)
    place = np.array([a0, a1])
    for _ in range(60_000):
        p, q = _sigmoid(place)
        speed = np.array([p * (1 - p), q * (1 - q)]) * energy_slopes(game, p, q)
        place = place + speed * min(0.05 / c, 0.2 / max(np.abs(speed).max(), 1e-12))
        away = place - _logits_of_rest(game)
        # Each moves away from rest because the other one is where it is: that stays so.
        if (np.sign(speed) == np.sign(away)).all():
            break
    else:
        assume(False)  # not there yet
    assert tuple((away > 0).astype(float)) == end


def energy_slopes(game: Config, p: float = 0.0, q: float = 0.0) -> np.ndarray:
    """What row 0 and column 0 earn more than the others."""
    R, S = np.array(game.payoff_0), np.array(game.payoff_1)
    return np.array([(R[0] - R[1]) @ [q, 1 - q], (S[:, 0] - S[:, 1]) @ [p, 1 - p]])


@few
@given(cycles(), st.floats(-3, 3), st.floats(-3, 3))
def test_the_distance_is_constant_on_an_orbit_and_is_what_the_energy_exceeds(
    game: Config, a0: float, a1: float
):
    lap, (p, q) = orbit(game, (a0, a1), 64), rest(game)
    play = np.stack([lap.p, lap.q])
    away = distance(game, np.log(play / (1 - play)))
    assert away == pytest.approx(distance(game, np.array([[a0], [a1]]))[0], rel=1e-6, abs=1e-6)
    exceeds = energy(game, lap.p, lap.q) - energy(game, p, q)
    assert away**2 == pytest.approx(exceeds, abs=1e-10 * (1 + abs(energy(game, p, q))))


def test_where_nothing_rests_there_is_no_distance():
    assert np.isnan(distance(DILEMMA, np.zeros((5, 2, 3)))).all()
    assert distance(DILEMMA, np.zeros((5, 2, 3))).shape == (5, 3)


@pytest.mark.parametrize("learner", ["naive", "alternating", "extragradient", "optimistic"])
def test_the_drift_is_what_a_lap_adds_to_the_energy(learner: str):
    game = replace(PENNIES, learning_rate=0.02, learner=learner, starts=((1.0, 0.5),))
    period = orbit_period(game, (1.0, 0.5))
    states = list(run(replace(game, steps=math.ceil(period))))
    energies = energy(game, *(torch.stack([getattr(s, x)[0] for s in states]) for x in "pq"))
    least = energy(game, *rest(game))
    gained = np.interp(period, np.arange(len(states)), energies.numpy()) - energies[0].item()
    predicted = drift(game, (1.0, 0.5))
    # The next order is smaller by the learning rate.
    assert gained / (energies[0].item() - least) == pytest.approx(predicted, rel=0.02)
    assert (predicted > 0) == (learner in ("naive", "alternating"))


def test_no_drift_is_told_where_theory_has_none():
    assert math.isnan(drift(DILEMMA, (0.0, 0.0)))
    assert math.isnan(drift(replace(NOTES, learner="lola"), (0.0, 0.0)))
    # Alternating play keeps tiny orbits as they are.
    tiny = tuple(_logits_of_rest(NOTES) + np.array([1e-3, 0.0]))
    naive, alternating = (drift(replace(NOTES, learner=x), tiny) for x in ("naive", "alternating"))
    assert abs(alternating) < 1e-3 * naive


def test_the_period_of_orbits_near_the_edge():
    exact = [orbit(NOTES, (10.0, -10.0), points).period for points in (4096, 32768)]
    assert exact[0] == pytest.approx(exact[1], rel=1e-7)
    assert 1e6 < exact[0] < 1e8
    assert orbit_period(NOTES, (800.0, 0.0)) == math.inf
    assert orbit_period(NOTES, (0.0, -1e300)) == math.inf


def test_the_energy_takes_numbers_arrays_and_tensors():
    p, q = np.array([0.2, 0.6]), np.array([0.3, 0.75])
    found = energy(NOTES, p, q)
    assert isinstance(found, np.ndarray)
    assert found.tolist() == [energy(NOTES, 0.2, 0.3), energy(NOTES, 0.6, 0.75)]
    tensors = energy(NOTES, torch.tensor(p), torch.tensor(q))
    assert torch.equal(tensors, torch.tensor(found))
    assert isinstance(energy(NOTES, 0.2, 0.3), float)
    # G, written out for p* = 0.6 and q* = 0.75, where |c₁| = 5 and |c₀| = 4.
    by_hand = 5 * (-0.2 * logit(0.2) + 0.6 / 0.2 + 0.4 / 0.8)
    by_hand += 4 * (-0.5 * logit(0.3) + 0.75 / 0.3 + 0.25 / 0.7)
    assert found[0] == pytest.approx(by_hand)
    assert found[1] == energy(NOTES, 0.6, 0.75) < found[0]
    assert energy(
        NOTES, np.array([0.0, 1.0, 0.5, 0.5]), np.array([0.5, 0.5, 0.0, 1.0])
    ).tolist() == ([math.inf] * 4)


@fewer
@given(cycles(), st.floats(-1.5, 1.5), st.floats(-1.5, 1.5))
def test_an_update_adds_the_energy_of_its_square(game: Config, a0: float, a1: float):
    """½ η² vᵀ (∇²H) v, for ∇H is at right angles to v; the next term is of η³."""
    eta = 1e-3
    first, second = islice(run(replace(game, starts=((a0, a1),), learning_rate=eta)), 2)
    v = first.field[:, 0]
    assume(v.norm() > 0.05)
    hessian: Any = torch.autograd.functional.hessian(
        lambda a: energy(game, *torch.sigmoid(a)), torch.tensor([a0, a1], dtype=torch.float64)
    )
    gain = energy(game, second.p, second.q) - energy(game, first.p, first.q)
    predicted = eta**2 / 2 * v @ hessian @ v
    assert gain.item() == pytest.approx(predicted.item(), rel=0.02)
    assert gain > 0


def test_who_starts_at_rest_gains_nothing():
    assert math.isnan(drift(PENNIES, (0.0, 0.0)))


def test_nothing_moves_where_all_begin_at_rest_and_only_there():
    still = replace(PENNIES, starts=((0.0, 0.0), (0.0, 0.0)), steps=50)
    for game in (still, replace(still, starts=((0.0, 0.0), (0.0, 1e-3))), NOTES):
        first, *later = islice(run(game), 51)
        moves = any(not torch.equal(state.logits, first.logits) for state in later)
        assert begins_at_rest(game) == (not moves)
    assert begins_at_rest(still)
