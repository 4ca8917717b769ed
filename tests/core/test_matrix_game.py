"""The matrix game: the notes' run, every formula of the theory, hand-written gradients, batches."""

import copy
import math
import pickle
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from core.matrix_game import (
    FEW,
    LEARNERS,
    SHOWN,
    Config,
    State,
    analyse,
    arrows,
    average,
    averages,
    cloud,
    corner,
    distance,
    distances,
    diverged,
    drift,
    energy,
    flow,
    foreseen,
    frame,
    half_life,
    laps,
    level_lines,
    level_sets,
    measure,
    needed,
    orbit,
    orbit_line,
    orbit_period,
    plain_pytorch,
    predicted_course,
    predicted_distances,
    predicted_play,
    rest,
    run,
    running_averages,
)
from core.recording import play

few = settings(max_examples=40, deadline=None)
fewer = settings(max_examples=15, deadline=None)  # for the slow ones
every_learner = pytest.mark.parametrize("learner", LEARNERS)
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")

NOTES = Config()
PENNIES = Config(((1.0, -1.0), (-1.0, 1.0)), ((-1.0, 1.0), (1.0, -1.0)))
DILEMMA = Config(((3.0, 0.0), (5.0, 1.0)), ((3.0, 5.0), (0.0, 1.0)))
STAG_HUNT = Config(((4.0, 1.0), (3.0, 3.0)), ((4.0, 3.0), (1.0, 3.0)))
SEXES = Config(((3.0, 0.0), (0.0, 2.0)), ((2.0, 0.0), (0.0, 3.0)))


@st.composite
def games(draw: st.DrawFn, **fields: Any) -> Config:
    row = st.tuples(st.floats(-5, 5), st.floats(-5, 5))
    return Config(draw(st.tuples(row, row)), draw(st.tuples(row, row)), **fields)


@st.composite
def cycles(draw: st.DrawFn, **fields: Any) -> Config:
    """Games with a cycle that is not too near an edge: by c, p*, q*, and what moves nothing."""
    c0, c1, p, q = (draw(st.floats(*ends)) for ends in ((1, 5), (1, 5), (0.15, 0.85), (0.15, 0.85)))
    sign = draw(st.sampled_from([-1.0, 1.0]))
    moot = st.floats(-3, 3)
    left, right, top, bottom = (draw(moot) for _ in range(4))
    c0, c1 = sign * c0, -sign * c1
    payoff_0 = ((c0 * (1 - q) + left, right), (left, c0 * q + right))
    payoff_1 = ((c1 * (1 - p) + top, top), (bottom, c1 * p + bottom))
    return Config(payoff_0, payoff_1, **fields)


def logit(x: float) -> float:
    return math.log(x / (1 - x))


def recorded(config: Config) -> dict[str, np.ndarray]:
    """Columns (steps + 1,) of the first start."""
    states = list(run(config))
    names = ("p", "q", "reward_0", "reward_1")
    return {name: torch.cat([getattr(state, name) for state in states]).numpy() for name in names}


@pytest.fixture(scope="module")
def notes() -> dict[str, np.ndarray]:
    return recorded(NOTES)


# --- The notes' run.


def test_the_notes_run_cycles_with_the_published_laps(notes: dict[str, np.ndarray]):
    assert [notes[name][0] for name in notes] == pytest.approx([0.5, 0.5, 2.5, 2.75], abs=1e-15)
    lengths = np.diff(laps(NOTES, notes["p"]))
    # Printed with one decimal.
    assert lengths == pytest.approx([3551.2, 3556.4, 3561.8, 3567.2, 3572.6, 3578.2], abs=0.05)


def test_the_notes_run_gains_nine_percent_of_energy(notes: dict[str, np.ndarray]):
    above = energy(NOTES, notes["p"], notes["q"]) - energy(NOTES, 0.6, 0.75)
    assert above[0] == pytest.approx(2.60269, abs=5e-6)
    assert above[-1] == pytest.approx(2.84060, abs=5e-6)
    assert above[-1] / above[0] == pytest.approx(1.09, abs=0.005)
    assert (np.diff(above) > 0).all()  # at every single update


def test_the_orbit_of_the_notes_start_takes_3547_updates():
    assert orbit_period(NOTES, (0.0, 0.0)) == pytest.approx(3547, abs=0.5)
    assert orbit_period(replace(NOTES, learning_rate=0.001), (0.0, 0.0)) == pytest.approx(
        10 * orbit_period(NOTES, (0.0, 0.0))
    )


def test_averages_over_whole_laps_are_the_equilibrium_and_others_are_not(
    notes: dict[str, np.ndarray],
):
    begins = laps(NOTES, notes["p"])
    found = analyse(NOTES)
    for name, expected in zip(notes, found[1:5], strict=True):
        over_laps = average(notes[name], begins)
        assert over_laps.shape == (6,)
        # The orbit drifts by 1.5 % of its energy a lap, and does not quite close.
        assert over_laps == pytest.approx(np.full(6, expected), abs=2e-3)
        partial = average(notes[name], begins[:2] + np.array([0, 900]))
        assert abs(partial[0] - expected) > 0.01


def test_averages_over_laps_of_the_flow_are_the_equilibrium_to_many_digits():
    """As the learning rate goes to 0, so does the error, in proportion."""
    errors = []
    for eta, steps in ((0.08, 1000), (0.04, 2000)):
        found = recorded(replace(NOTES, learning_rate=eta, steps=steps))
        means = [average(found[name], laps(NOTES, found["p"]))[-1] for name in found]
        errors.append(np.abs(np.subtract(means, analyse(NOTES)[1:5])).max())
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.2)


# --- Equilibrium, payoffs, kind.


def test_the_equilibrium_of_the_notes_and_what_it_pays():
    found = analyse(NOTES)
    assert found.kind == "cycle"
    assert (found.p, found.q) == (0.6, 0.75)
    assert (found.value_0, found.value_1) == pytest.approx((2.5, 2.6))
    # c₀ = 4, c₁ = -5, s = 0.24 · 0.1875: ω = s √20.
    assert found.omega == pytest.approx(0.045 * math.sqrt(20))
    assert found.period == pytest.approx(3122.1, abs=0.05)
    assert found.growth == pytest.approx(math.sqrt(1 + (0.01 * found.omega) ** 2), rel=1e-15)
    assert found.half_life == pytest.approx(math.log(2) / math.log(found.growth))


@pytest.mark.parametrize(
    ("game", "kind", "p", "q", "value_0", "value_1"),
    [
        (PENNIES, "cycle", 0.5, 0.5, 0.0, 0.0),
        (DILEMMA, "dominance", 0.0, 0.0, 1.0, 1.0),
        (STAG_HUNT, "saddle", 2 / 3, 2 / 3, 3.0, 3.0),
        (SEXES, "saddle", 0.6, 0.4, 1.2, 1.2),
    ],
)
def test_well_known_games(
    game: Config, kind: str, p: float, q: float, value_0: float, value_1: float
):
    found = analyse(game)
    assert found.kind == kind
    assert found[1:5] == pytest.approx((p, q, value_0, value_1))
    assert math.isnan(found.omega) == (kind != "cycle")
    assert math.isnan(found.growth) == (kind == "dominance")
    assert math.isnan(found.period) == (kind != "cycle")


def test_learning_ends_in_the_corner_that_dominance_names():
    *_, last = run(replace(DILEMMA, learning_rate=1.0, steps=2000, starts=((2.0, 3.0),)))
    assert (last.p.item(), last.q.item()) == pytest.approx((0, 0), abs=0.01)
    one_sided = replace(DILEMMA, payoff_1=((1.0, 3.0), (5.0, 2.0)))  # only player 0 has a best row
    found = analyse(one_sided)
    assert (found.kind, found.p, found.q) == ("dominance", 0.0, 1.0)
    *_, last = run(replace(one_sided, learning_rate=1.0, steps=2000))
    assert (last.p.item(), last.q.item()) == pytest.approx((0, 1), abs=0.01)
    other = Config(((1.0, 3.0), (5.0, 2.0)), ((2.0, 1.0), (2.0, 1.0)))  # only player 1 does
    assert analyse(other)[:3] == ("dominance", 0.0, 1.0)


def test_a_game_without_an_answer_has_none():
    flat = ((1.0, 1.0), (1.0, 1.0))
    found = analyse(Config(flat, flat))
    assert found.kind == "dominance"
    assert all(map(math.isnan, found[1:]))
    assert found.half_life != found.half_life
    best = analyse(replace(DILEMMA, payoff_0=flat))
    assert (best.q, math.isnan(best.p)) == (0.0, True)
    # A best row only where player 1 does not always answer with column 1: it still wins, slowly.
    weak = analyse(Config(((1.0, 0.0), (0.0, 0.0)), ((0.0, 1.0), (0.0, 1.0))))
    assert (weak.kind, weak.p, weak.q) == ("dominance", 1.0, 0.0)
    assert math.isnan(orbit_period(DILEMMA, (0.0, 0.0)))
    assert math.isnan(energy(DILEMMA, 0.5, 0.5))
    assert laps(DILEMMA, np.linspace(0, 1, 5)).size == 0
    assert all(map(math.isnan, rest(DILEMMA)))


@few
@given(games())
def test_an_equilibrium_leaves_both_players_indifferent(game: Config):
    found = analyse(game)
    R0, R1 = np.array(game.payoff_0), np.array(game.payoff_1)
    if found.kind == "dominance":
        return
    by_row = R0 @ [found.q, 1 - found.q]
    by_column = [found.p, 1 - found.p] @ R1
    # Of payoffs up to 5, divided by sums of them: rounding of 1e-15, far from edges.
    assert by_row == pytest.approx([found.value_0] * 2, abs=1e-9)
    assert by_column == pytest.approx([found.value_1] * 2, abs=1e-9)


@few
@given(games(), st.floats(-3, 3), st.floats(-3, 3))
def test_the_field_is_the_formula_and_the_jacobian_is_autograds(game: Config, a0: float, a1: float):
    state = next(run(replace(game, starts=((a0, a1),))))
    (p, q), (dp, dq) = (state.p, state.q), flow(game, state.p, state.q)
    expected = torch.stack([dp / (p * (1 - p)), dq / (q * (1 - q))])
    torch.testing.assert_close(state.field, expected, rtol=1e-9, atol=1e-13)
    numbers = flow(game, p.item(), q.item())
    assert numbers == pytest.approx((dp.item(), dq.item()))


def field_of(game: Config, logits: torch.Tensor) -> torch.Tensor:
    """v (2,) by functional autograd, with P and Q as the notes have them."""
    R0, R1 = (torch.tensor(R, dtype=torch.float64) for R in (game.payoff_0, game.payoff_1))

    def reward(R: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        p, q = torch.sigmoid(a)
        return torch.stack([p, 1 - p]) @ R @ torch.stack([q, 1 - q])

    own = [torch.func.grad(lambda a, R=R: reward(R, a))(logits)[i] for i, R in enumerate((R0, R1))]
    return torch.stack(own)


def jacobian_of(game: Config, logits: torch.Tensor) -> torch.Tensor:
    return torch.func.jacrev(lambda a: field_of(game, a))(logits)  # type: ignore[return-value]


@fewer
@given(cycles())
def test_the_jacobian_at_the_equilibrium_turns(game: Config):
    found = analyse(game)
    assert found.kind == "cycle"
    J = jacobian_of(game, torch.tensor([logit(found.p), logit(found.q)], dtype=torch.float64))
    R0, R1 = np.array(game.payoff_0), np.array(game.payoff_1)
    c0, c1 = (R[0, 0] - R[0, 1] - R[1, 0] + R[1, 1] for R in (R0, R1))
    s = found.p * (1 - found.p) * found.q * (1 - found.q)
    assert J.numpy() == pytest.approx(np.array([[0, c0 * s], [c1 * s, 0]]), abs=1e-12)
    assert found.omega == pytest.approx(s * math.sqrt(-c0 * c1))
    assert np.linalg.eigvals(J.numpy()).imag == pytest.approx([found.omega, -found.omega])


@few
@given(games(steps=30, learning_rate=0.3), st.floats(-4, 4), st.sampled_from(list(LEARNERS)))
def test_what_a_player_cannot_change_does_not_change_its_play(
    game: Config, shift: float, learner: str
):
    """A number added to a column of R₀ (a row of R₁), and the game's being zero-sum or not.

    Not for lola, which looks at what the other's move earns it.
    """
    assume(learner != "lola")
    game = replace(game, learner=learner)
    (a, b), (c, d) = game.payoff_0
    (e, f), (g, h) = game.payoff_1
    shifted = replace(
        game,
        payoff_0=((a + shift, b - 2), (c + shift, d - 2)),
        payoff_1=((e + shift, f + shift), (g - 1, h - 1)),
    )
    *_, one = run(game)
    *_, other = run(shifted)
    # The payoffs round to 1e-15; thirty updates of 0.3 near a saddle may multiply that by 1e4.
    torch.testing.assert_close(other.logits, one.logits, rtol=0, atol=1e-9)
    found, expected = analyse(shifted), analyse(game)
    if expected.kind == "cycle" and expected.omega > 1e-3:
        assert found[1:3] == pytest.approx(expected[1:3], abs=1e-6)
        assert found[5:] == pytest.approx(expected[5:], rel=1e-6)


def test_the_notes_game_is_strategically_zero_sum():
    """R₁ plus row constants is -5/4 of R₀ plus column constants."""
    R0, R1 = np.array(NOTES.payoff_0), np.array(NOTES.payoff_1)
    rest_of = R1 + 5 / 4 * R0
    # What is left is a sum of a row's and a column's number: it moves nobody, but for scale.
    assert rest_of[0, 0] - rest_of[0, 1] - rest_of[1, 0] + rest_of[1, 1] == 0
    assert (R0 + R1).std() > 0  # while it is not zero-sum as it stands


# --- Energy and orbits.


def rk4(game: Config, logits: tuple[float, float], h: float, steps: int) -> np.ndarray:
    """(steps + 1, 2) the flow by the classical Runge-Kutta method, in logits."""

    def v(a: np.ndarray) -> np.ndarray:
        x = 1 / (1 + np.exp(-a))
        return np.array(flow(game, *x)) / (x * (1 - x))

    path = [np.array(logits)]
    for _ in range(steps):
        a = path[-1]
        k1 = v(a)
        k2 = v(a + h / 2 * k1)
        k3 = v(a + h / 2 * k2)
        k4 = v(a + h * k3)
        path.append(a + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
    return np.array(path)


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


@few
@given(cycles(), st.floats(-3, 3), st.floats(-3, 3))
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


@few
@given(games(), st.floats(-3, 3), st.floats(-3, 3))
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
        if (np.abs(place) > 2.5).all() and (np.sign(speed) == np.sign(place)).all():
            break
    assume((np.abs(place) > 2.5).all())  # not there yet
    assert tuple((place > 0).astype(float)) == end


def energy_slopes(game: Config, p: float = 0.0, q: float = 0.0) -> np.ndarray:
    """What row 0 and column 0 earn more than the others."""
    R, S = np.array(game.payoff_0), np.array(game.payoff_1)
    return np.array([(R[0] - R[1]) @ [q, 1 - q], (S[:, 0] - S[:, 1]) @ [p, 1 - p]])


def test_the_flow_is_predicted_across_a_change_of_settings():
    start = replace(NOTES, steps=3_000)
    later = replace(start, learning_rate=0.02)
    play = predicted_play(start, (1_000, later))
    path = 1 / (1 + np.exp(-rk4(NOTES, (0.0, 0.0), 0.02, 2_500)))
    for step, time in ((0, 0.0), (1_000, 10.0), (1_500, 20.0), (3_000, 50.0)):
        assert play[step] == pytest.approx(path[round(time / 0.02)], abs=1e-7)  # fourth order
    assert np.isnan(predicted_play(start, (1_000, replace(start, learner="lola")))[1_001:]).all()
    assert not np.isnan(
        predicted_play(start, (1_000, replace(start, learner="lola")))[:1_000]
    ).any()
    assert np.isnan(predicted_play(replace(SEXES, steps=9))).all()


def test_each_run_is_as_far_as_its_own_learner_says():
    config = replace(
        NOTES, starts=((0.0, 0.0), (1.0, -1.0)), rivals=("lola", "optimistic"), steps=3
    )
    logits = np.random.default_rng(0).normal(size=(5, 2, 4))
    away = distances(config, logits)
    lola = distance(replace(config, learner="lola"), logits[..., 2:3])
    assert np.array_equal(away[:, [0, 1, 3]], distance(NOTES, logits[..., [0, 1, 3]]))
    assert np.array_equal(away[:, 2:3], lola)
    assert distances(config, logits[..., :1]).shape == (5, 1)
    theory = predicted_distances(config)
    assert theory.shape == (4, 4)
    growth = analyse(replace(config, learner="lola", rivals=())).growth
    assert theory[2, 2] == pytest.approx(theory[0, 2] * growth**2)
    assert theory[0, 0] == theory[0, 3] == distance(NOTES, np.zeros((2, 1)))[0]


def test_a_predicted_distance_takes_the_growth_of_each_leg():
    start = replace(NOTES, steps=300, rivals=("extragradient",))
    later = replace(start, learner="consensus")
    course = predicted_distances(start, (100, later))
    naive, consensus = (analyse(replace(NOTES, learner=x)).growth for x in ("naive", "consensus"))
    begun = distance(NOTES, np.zeros((2, 1)))[0]
    assert course[100, 0] == pytest.approx(begun * naive**100)
    assert course[300, 0] == pytest.approx(begun * naive**100 * consensus**200)
    assert course[:, 1] == pytest.approx(predicted_distances(start)[:, 1])
    # Lola rests elsewhere: how far the run is from there when it begins nobody predicts.
    assert np.isnan(predicted_distances(start, (100, replace(start, learner="lola")))[1:, 0]).all()


def test_the_lines_that_part_a_saddle_cross_at_it():
    p, q = rest(SEXES)
    height = energy(SEXES, p, q)
    for line in level_sets(SEXES, sizes=(0.0,)):
        assert np.hypot(line[0] - p, line[1] - q).min() < 1e-2
        assert energy(SEXES, line[0][60:-60], line[1][60:-60]) == pytest.approx(height, abs=1e-6)


def test_a_game_without_equilibrium_has_no_level_sets():
    assert level_sets(DILEMMA) == []


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


# --- The learners against their linearised updates.

STRONG = replace(NOTES, learning_rate=0.3)


def measured_growth_and_period(config: Config) -> tuple[float, float]:
    """From a start a millionth away from where the learner rests, fitted over the later half.

    The logits' distance obeys x_{k+2} = T x_{k+1} - D x_k, whose roots are the eigenvalues.
    """
    center = [logit(x) for x in rest(config)]
    start = (center[0] + 1e-6, center[1] - 0.5e-6)
    path = [state.logits[:, 0].numpy() - center for state in run(replace(config, starts=(start,)))]
    x = np.array(path)[len(path) // 2 :]
    left = np.column_stack([x[1:-1].ravel(), -x[:-2].ravel()])
    (T, D), *_ = np.linalg.lstsq(left, x[2:].ravel(), rcond=None)
    roots = np.roots([1, -T, D])
    largest = roots[np.argmax(np.abs(roots))]
    angle = abs(float(np.angle(largest)))
    return float(np.abs(largest)), 2 * math.pi / angle if angle else math.nan


@every_learner
@pytest.mark.parametrize("game", [NOTES, replace(PENNIES, learner_step=0.4)])
@pytest.mark.parametrize("learning_rate", [0.3, 1.5])
def test_growth_and_period_near_the_equilibrium(learner: str, game: Config, learning_rate: float):
    config = replace(game, learner=learner, learning_rate=learning_rate, steps=60)
    found = analyse(config)
    growth, period = measured_growth_and_period(config)
    # A millionth away the next order is 1e-6; of 1e-6, float64 keeps ten digits.
    assert found.growth == pytest.approx(growth, rel=1e-5)
    assert found.period == pytest.approx(period, rel=1e-4)
    # A learning rate of 1.5 is too large for half of the remedies: they go outward as well.
    assert (found.growth > 1) == (learner == "naive") or learning_rate == 1.5
    assert (found.growth == 1) == (learner == "alternating")


@every_learner
def test_growth_at_a_saddle(learner: str):
    config = replace(STAG_HUNT, learner=learner, learning_rate=0.3, learner_step=0.2, steps=60)
    growth, _ = measured_growth_and_period(config)
    assert analyse(config).growth == pytest.approx(growth, rel=1e-4)
    assert growth > 1


@every_learner
def test_growth_is_that_of_autograds_jacobian_of_the_update(learner: str):
    """The whole update, differentiated by differences; for the optimistic one in four numbers."""
    config = replace(STRONG, learner=learner, learner_step=0.7, steps=1)
    center = np.array([logit(x) for x in rest(config)])

    def advance(z: np.ndarray) -> np.ndarray:
        before = torch.tensor(z[2:])[:, None]
        first = next(run(replace(config, starts=((z[0], z[1]),))))
        _, second = run(config, first._replace(field_before=before))
        return np.concatenate([second.logits[:, 0].numpy(), first.field[:, 0].numpy()])

    still = np.concatenate(
        [center, next(run(replace(config, starts=(tuple(center),)))).field[:, 0]]
    )
    h = 1e-5
    columns = [(advance(still + h * e) - advance(still - h * e)) / (2 * h) for e in np.eye(4)]
    values = np.linalg.eigvals(np.array(columns).T)
    largest = values[np.argmax(np.abs(values))]
    found = analyse(config)
    assert found.growth == pytest.approx(abs(largest), abs=1e-8)
    assert found.period == pytest.approx(2 * math.pi / abs(np.angle(largest)), rel=1e-7)


@pytest.mark.parametrize(
    "learner", ["extragradient", "optimistic", "lookahead", "consensus", "symplectic"]
)
def test_remedies_reach_the_equilibrium_and_naive_learning_leaves(learner: str):
    *_, last = run(replace(STRONG, learner=learner, learning_rate=1.0, steps=1000))
    assert (last.p.item(), last.q.item()) == pytest.approx((0.6, 0.75), abs=1e-6)
    *_, naive = run(replace(STRONG, learning_rate=1.0, steps=1000))
    assert energy(NOTES, naive.p, naive.q) > 1.5 * energy(NOTES, 0.5, 0.5)


@few
@given(cycles(learner="alternating"), st.floats(1e-3, 1))
def test_alternating_play_neither_grows_nor_shrinks(game: Config, learning_rate: float):
    found = analyse(replace(game, learning_rate=learning_rate))
    assert (found.growth, found.half_life) == (1, math.inf)  # not 1 - 1e-16


def test_extragradient_and_optimistic_mirror_the_drift():
    growth = {name: analyse(replace(NOTES, learner=name)).growth - 1 for name in LEARNERS}
    assert growth["extragradient"] == pytest.approx(-growth["naive"], rel=1e-4)
    assert growth["optimistic"] == pytest.approx(-growth["naive"], rel=1e-4)
    assert growth["alternating"] == 0
    lives = {name: analyse(replace(NOTES, learner=name)).half_life for name in LEARNERS}
    assert lives["alternating"] == math.inf
    assert lives["naive"] == pytest.approx(342_296, rel=1e-5)
    # With a step of 1 of their own, two hundred times faster.
    assert all(
        1500 < lives[name] < 1800 for name in ("lookahead", "consensus", "symplectic", "lola")
    )


@pytest.mark.parametrize("gamma", [0.5, 1.0, 5.0])
def test_lola_rests_elsewhere(gamma: float):
    config = replace(STRONG, learner="lola", learner_step=gamma, steps=3000)
    p, q = rest(config)
    *_, last = run(config)
    assert (last.p.item(), last.q.item()) == pytest.approx((p, q), abs=1e-6)
    assert math.dist((p, q), (0.6, 0.75)) > 0.05
    assert rest(replace(config, learner="consensus")) == (0.6, 0.75)


def test_where_lola_rests_nowhere_inside_there_is_no_growth():
    lost = replace(NOTES, learner="lola", learner_step=1e4)
    found = analyse(lost)
    assert found[:3] == ("cycle", 0.6, 0.75)
    if math.isnan(rest(lost)[0]):
        assert math.isnan(found.growth)
        assert math.isnan(found.period)


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


# --- The run itself.


def by_hand(config: Config, start: tuple[float, float]) -> list[list[float]]:
    """p and q of every update, all derivatives written out for a 2 x 2 game, in plain Python."""
    (A, B), (C, D) = config.payoff_0
    (E, F), (G, H) = config.payoff_1
    c0, c1, eta, gamma = A - B - C + D, E - F - G + H, config.learning_rate, config.learner_step

    def parts(a0: float, a1: float) -> tuple[float, ...]:
        p, q = 1 / (1 + math.exp(-a0)), 1 / (1 + math.exp(-a1))
        return p, q, p * (1 - p), q * (1 - q)

    def v(a0: float, a1: float) -> tuple[float, float]:
        p, q, u, w = parts(a0, a1)
        return u * ((A - C) * q + (B - D) * (1 - q)), w * ((E - F) * p + (G - H) * (1 - p))

    a0, a1 = start
    before = v(a0, a1)
    path = []
    for _ in range(config.steps + 1):
        p, q, u, w = parts(a0, a1)
        path.append([p, q])
        v0, v1 = d0, d1 = v(a0, a1)
        J00, J11 = v0 * (1 - 2 * p), v1 * (1 - 2 * q)
        J01, J10 = c0 * u * w, c1 * u * w
        if config.learner == "alternating":
            d1 = v(a0 + eta * v0, a1)[1]
        elif config.learner == "extragradient":
            d0, d1 = v(a0 + eta * v0, a1 + eta * v1)
        elif config.learner == "optimistic":
            d0, d1 = 2 * v0 - before[0], 2 * v1 - before[1]
        elif config.learner == "lookahead":
            d0, d1 = v0 + gamma * J01 * v1, v1 + gamma * J10 * v0
        elif config.learner == "consensus":
            d0, d1 = v0 - gamma * (J00 * v0 + J10 * v1), v1 - gamma * (J01 * v0 + J11 * v1)
        elif config.learner == "symplectic":
            d0, d1 = v0 + gamma * (J01 - J10) / 2 * v1, v1 - gamma * (J01 - J10) / 2 * v0
        elif config.learner == "lola":
            d0 = v0 + gamma * w * ((A - B) * p + (C - D) * (1 - p)) * J10
            d1 = v1 + gamma * u * ((E - G) * q + (F - H) * (1 - q)) * J01
        before = v0, v1
        a0, a1 = a0 + eta * d0, a1 + eta * d1
    return path


@few
@given(
    games(learning_rate=0.2, learner_step=0.6, steps=40),
    st.sampled_from(list(LEARNERS)),
    st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
)
def test_a_plain_loop_with_gradients_by_hand_goes_the_same_way(
    game: Config, learner: str, start: tuple[float, float]
):
    config = replace(game, learner=learner, starts=(start,))
    R0, R1 = np.array(config.payoff_0), np.array(config.payoff_1)
    for state, (p, q) in zip(run(config), by_hand(config, start), strict=True):
        # Rounding of 1e-16, forty updates that near a saddle multiply it by 1e5 at most.
        assert (state.p.item(), state.q.item()) == pytest.approx((p, q), abs=1e-9)
        mixed = np.outer([p, 1 - p], [q, 1 - q])
        assert state.reward_0.item() == pytest.approx((R0 * mixed).sum(), abs=1e-7)
        assert state.reward_1.item() == pytest.approx((R1 * mixed).sum(), abs=1e-7)


@every_learner
def test_the_hand_written_loop_can_tell_the_learners_apart(learner: str):
    config = replace(STRONG, learner=learner, steps=5)
    for other in LEARNERS:
        *_, last = run(replace(config, learner=other))
        same = by_hand(config, (0.0, 0.0))[-1] == pytest.approx(
            [last.p.item(), last.q.item()], abs=1e-9
        )
        assert same == (other == learner)


@every_learner
def test_a_run_goes_on_from_a_state_that_was_pickled(learner: str):
    config = replace(STRONG, learner=learner, starts=((0.0, 0.0), (1.0, -2.0)), steps=20)
    states = list(run(config))
    for k in (0, 1, 13, 20):
        for moved in (pickle.loads(pickle.dumps(states[k])), copy.deepcopy(states[k])):
            resumed = list(run(config, moved))
            assert len(resumed) == 21 - k
            for one, other in zip(resumed, states[k:], strict=True):
                assert same_bits(one, other)


def same_bits(one: State, other: State) -> bool:
    return one.step == other.step and all(
        torch.equal(a, b) for a, b in zip(one[1:], other[1:], strict=True)
    )


@every_learner
@pytest.mark.parametrize("count", [2, 1003, 16_391])
def test_every_row_of_a_batch_is_the_run_alone_to_the_last_bit(learner: str, count: int):
    """More than 16,384 are shared out to threads; an odd count leaves some that fill no vector."""
    generator = torch.Generator().manual_seed(count)
    logits = 4 * torch.randn(count, 2, generator=generator, dtype=torch.float64)
    starts = tuple((a0, a1) for a0, a1 in logits.tolist())
    config = replace(STRONG, learner=learner, starts=starts, steps=3)
    *_, together = run(config)
    for k in {0, 1, count // 3, count // 2, count - 2, count - 1}:
        *_, alone = run(replace(config, starts=(starts[k],)))
        row = State(together.step, *(values[..., k : k + 1] for values in together[1:]))
        assert same_bits(row, alone)


def test_a_steered_run_takes_the_new_learner_from_that_step_on():
    course = (
        (0, replace(STRONG, steps=30)),
        (10, replace(STRONG, learner="optimistic", steps=30)),
        (20, replace(STRONG, learner="consensus", learning_rate=0.1, learner_step=2.0, steps=30)),
    )
    states = list(play(run, course))
    assert [state.step for state in states] == list(range(31))
    eta, ninth, tenth = 0.3, states[9], states[10]
    expected = tenth.logits + eta * (2 * tenth.field - ninth.field)
    assert torch.equal(states[11].logits, expected)
    assert torch.equal(tenth.field_before, ninth.field)


def test_the_field_before_the_first_update_is_the_field():
    first, second = islice(run(STRONG), 2)
    assert torch.equal(first.field_before, first.field)
    assert torch.equal(second.field_before, first.field)
    assert not torch.equal(second.field, first.field)


@every_learner
def test_huge_logits_stay_numbers(learner: str):
    starts = ((1000.0, -1000.0), (-1e300, 0.5), (0.0, 1e308), (40.0, -40.0))
    *_, last = run(replace(STRONG, learner=learner, starts=starts, steps=5))
    assert not diverged(last)
    assert all(values.isfinite().all() for values in last[1:])
    assert last.p.tolist()[:2] == [1, 0]
    assert energy(NOTES, last.p, last.q)[:3].tolist() == [math.inf] * 3


def test_probabilities_are_those_of_torch():
    starts = tuple((a / 10, -a / 7) for a in range(-400, 401))
    state = next(run(replace(NOTES, starts=starts)))
    # The odd few at the end are rounded otherwise there.
    torch.testing.assert_close(state.p, torch.sigmoid(state.logits[0]), rtol=1e-15, atol=0)
    torch.testing.assert_close(state.q, torch.sigmoid(state.logits[1]), rtol=1e-15, atol=0)


@every_learner
def test_a_wild_run_says_that_it_diverged(learner: str):
    wild = Config(((1e6, -1e6), (-1e6, 1e6)), ((-1e6, 1e6), (1e6, -1e6)), ((0.1, 0.2),))
    *_, last = run(replace(wild, learner=learner, learning_rate=1e308, learner_step=1e3, steps=4))
    assert last.step == 4
    analysis = analyse(replace(wild, learner=learner, learning_rate=1e308, learner_step=1e300))
    assert analysis.kind == "cycle"
    nothing = torch.full((2, 1), math.nan)
    assert diverged(last._replace(logits=nothing))
    assert diverged(last._replace(logits=torch.tensor([[0.0], [math.inf]])))
    assert not diverged(next(run(wild)))


@given(
    st.tuples(*[st.floats(-1e6, 1e6)] * 8),
    st.sampled_from(list(LEARNERS)),
    st.floats(1e-300, 1e300),
    st.floats(1e-300, 1e300),
)
@example((1.0, -1.0, 0.0, 0.0, 0.0, 3e-11, 3890.0, 0.0), "naive", 1.0, 1.0)  # p* next to 1
@settings(max_examples=200, deadline=None)
def test_no_game_makes_the_analysis_raise(
    numbers: tuple[float, ...], learner: str, eta: float, gamma: float
):
    a, b, c, d, e, f, g, h = numbers
    config = Config(
        ((a, b), (c, d)), ((e, f), (g, h)), learner=learner, learning_rate=eta, learner_step=gamma
    )
    found = analyse(config)
    assert found.kind in {"cycle", "saddle", "dominance"}
    assert found.half_life >= 0 or math.isnan(found.half_life)
    period = orbit_period(config, (1.0, -1.0))
    assert math.isnan(period) == (found.kind != "cycle")
    energy(config, 0.3, 0.4)


# --- Laps and averages.


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


def test_what_a_run_shows_is_measured(notes: dict[str, np.ndarray]):
    columns = {name: notes[name][:, None] for name in ("p", "q", "reward_0", "reward_1")}
    logit = {name: np.log(notes[name]) - np.log1p(-notes[name]) for name in ("p", "q")}
    columns["logits"] = np.stack([logit["p"], logit["q"]], axis=1)[..., None]
    thinned = {name: values[::11] for name, values in columns.items()}
    for frames, every in ((columns, 1), (thinned, 11)):
        seen = measure(NOTES, frames, every)
        assert seen.laps == 6
        assert seen.first_lap == pytest.approx(3551.2, abs=0.1)
        assert seen.last_lap == pytest.approx(3578.2, abs=0.1)
        # The energy of the notes' run: 2.84060 / 2.60269 in seven laps.
        assert (1 + seen.gained) ** 7 == pytest.approx(2.84060 / 2.60269, abs=1e-3)
        assert seen.averages == pytest.approx((0.6, 0.75, 2.5, 2.6), abs=2e-3)
        assert seen.half_lives[0] < 0
    short = measure(NOTES, {name: values[:2] for name, values in columns.items()}, 1)
    assert short.laps == 0
    assert np.isnan([short.first_lap, short.last_lap, *short.averages]).all()


def test_averages_begin_with_the_first_lap_where_there_are_laps(notes: dict[str, np.ndarray]):
    found = averages(NOTES, notes["p"], notes["q"])
    begins = laps(NOTES, notes["p"])
    assert np.isnan(found["so_far"][: int(begins[0]) + 1]).all()
    assert found["whole"][-1, 0] == average(notes["p"], begins)[-1]
    early = averages(NOTES, notes["p"][:9], notes["q"][:9])
    assert np.isnan(early["so_far"]).all()
    rolling = averages(SEXES, np.array([0.5, 0.6, 0.7]), np.array([0.5, 0.4, 0.3]))
    assert rolling["so_far"][2].tolist() == pytest.approx([0.6, 0.4])


def test_running_averages_of_a_run_without_laps_begin_at_its_start():
    values = np.array([[1.0], [2.0], [3.0]])
    so_far, whole = running_averages(values, 0.0, np.array([]))
    assert so_far[1:, 0].tolist() == [1.5, 2.0]
    assert np.isnan(so_far[0]).all()
    assert np.isnan(whole).all()
    assert np.isnan(running_averages(values[:1], 0.0, np.array([]))[0]).all()


@every_learner
def test_the_predicted_course_is_that_of_the_run(learner: str):
    config = replace(STRONG, learner=learner, rivals=("lola",), starts=((1.0, -0.5), (-2.0, 0.3)))
    now = replace(config, learning_rate=0.1, learner="optimistic", learner_step=0.4, steps=300)
    first = list(run(replace(config, steps=300)))[:121]
    states = [*first[:-1], *run(now, first[-1])]
    for k in range(3):
        path = np.array([state.logits[:, k].numpy() for state in states])
        course = predicted_course(k, replace(config, steps=300), (120, now))
        assert course == pytest.approx(path, rel=1e-9, abs=1e-9)  # 300 roundings, and no chaos


def test_who_starts_at_rest_gains_nothing():
    assert math.isnan(drift(PENNIES, (0.0, 0.0)))


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


def test_a_half_life_is_not_read_where_only_rounding_is_left():
    """Consensus at rest: its last 5,000 updates only flip last digits."""
    config = replace(NOTES, learner="consensus", learning_rate=0.3, steps=20_000)
    found = foreseen(0, 1, config).measured
    assert found.half_lives[0] == pytest.approx(analyse(config).half_life, rel=0.01)
    assert found.last_lap == pytest.approx(analyse(config).period, rel=0.01)


def test_what_a_run_needs_is_what_it_takes():
    short = replace(NOTES, learning_rate=0.1, steps=500)

    def tells(seen) -> bool:
        return seen.measured.laps > 0

    count = needed(tells, 0, 1, short)
    assert count is not None
    for steps, shown in ((count - 1, 0), (count, 1)):
        assert foreseen(0, 1, replace(short, steps=steps)).measured.laps == shown
    assert needed(tells, 0, 1, replace(short, steps=1000)) == 1000
    assert needed(tells, 0, 1, replace(STAG_HUNT, steps=100)) is None


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


# --- What a page shows.


def test_a_frame_shows_the_first_runs_of_a_large_batch():
    starts = tuple((k / 100, -k / 100) for k in range(SHOWN + 50))
    state = next(run(replace(NOTES, starts=starts)))
    shown = frame(state)
    assert {name: values.shape for name, values in shown.items()} == {
        "p": (FEW,),
        "q": (FEW,),
        "reward_0": (FEW,),
        "reward_1": (FEW,),
        "logits": (2, FEW),
        "field": (2, FEW),
        "cloud": (2, SHOWN),
    }
    assert shown["logits"][0].tolist() == [a0 for a0, _ in starts[:FEW]]
    assert shown["p"].tolist() == state.p[:FEW].tolist()
    assert shown["cloud"].dtype == np.float32
    assert shown["cloud"][1].tolist() == state.q[:SHOWN].float().tolist()
    small = frame(next(run(NOTES)))
    assert small["logits"].shape == (2, 1)
    assert "cloud" not in small


def test_a_cloud_fills_its_disk_and_so_does_its_beginning():
    center = np.array([1.0, -2.0])
    away = np.array(cloud(6_000, (1.0, -2.0), 0.5)) - center
    radius, angle = np.hypot(*away.T), np.arctan2(away[:, 1], away[:, 0]) % (2 * math.pi)
    assert (angle // (math.pi / 3) == np.arange(6_000) % 6).all()
    for part in (slice(600), slice(None)):
        # As many within a radius as its area has, and in each sixth of the angle.
        inside = [np.mean(radius[part] < 0.5 * math.sqrt(share)) for share in (0.25, 0.5, 0.75, 1)]
        assert inside == pytest.approx([0.25, 0.5, 0.75, 1], abs=0.02)
        halves = np.mean(angle[part] % (math.pi / 3) < math.pi / 6)
        assert halves == pytest.approx(0.5, abs=0.02)


def test_rivals_run_beside_as_they_would_alone():
    starts = ((0.3, -1.0), (0.0, 2.0))
    rivals = tuple(LEARNERS)[1:]
    config = replace(STRONG, starts=starts, steps=40, learner="optimistic")
    states = list(run(replace(config, rivals=rivals)))
    assert len(states[0].p) == 2 + 7
    alone = [replace(config, starts=(start,)) for start in starts]
    alone += [replace(alone[0], learner=rival) for rival in rivals]
    for k, one in enumerate(alone):
        for state, expected in zip(states, run(one), strict=True):
            assert torch.equal(state.logits[:, k : k + 1], expected.logits)
            assert torch.equal(state.field_before[:, k : k + 1], expected.field_before)


@every_learner
def test_the_script_prints_the_run(learner: str, capsys: pytest.CaptureFixture[str]):
    config = replace(STRONG, learner=learner, starts=((0.3, -1.0), (0.0, 2.0)), steps=510)
    exec(plain_pytorch(config), {})
    lines = [line.split() for line in capsys.readouterr().out.strip().split("\n")]
    assert [int(line[0]) for line in lines] == [*range(0, 510, 21), 510]
    states = list(run(config))
    for step, *numbers in lines:
        expected = [values[0].item() for values in states[int(step)][2:6]]
        # Rounded differently, some hundred updates of a cycle, which does not multiply it.
        assert [float(number) for number in numbers] == pytest.approx(expected, abs=1e-10)


def test_too_many_starts_are_refused_by_their_number():
    many = ((0.0, 0.0),) * 100_001
    with pytest.raises(ValueError, match=r"starts = 100001 pairs .* 1 to 100000 pairs") as caught:
        Config(starts=many)
    assert len(str(caught.value)) < 200
    assert len(Config(starts=many[1:]).starts) == 100_000


# --- With a GPU.


@needs_cuda
@every_learner
def test_a_run_on_a_gpu_is_that_on_the_cpu(learner: str):
    config = replace(STRONG, learner=learner, starts=((0.0, 0.0), (2.0, -1.0)), steps=200)
    for one, other in zip(run(replace(config, device="cuda")), run(config), strict=True):
        assert all(values.device.type == "cuda" for values in one[1:])
        shown, expected = frame(one), frame(other)
        for name, values in expected.items():
            # exp rounds its last digit otherwise: 1e-16 an update, on a cycle that keeps it.
            assert np.abs(shown[name] - values).max() < 1e-11


@needs_cuda
@every_learner
def test_rows_on_a_gpu_are_runs_alone_and_resume_bit_for_bit(learner: str):
    logits = torch.linspace(-5, 5, 2 * 1003, dtype=torch.float64).reshape(1003, 2)
    starts = tuple((a0, a1) for a0, a1 in logits.tolist())
    config = replace(STRONG, learner=learner, starts=starts, steps=5, device="cuda")
    states = list(run(config))
    for one, other in zip(run(config, states[2]), states[2:], strict=True):
        assert same_bits(one, other)
    for k in (0, 500, 1002):
        *_, alone = run(replace(config, starts=(starts[k],)))
        row = State(5, *(values[..., k : k + 1] for values in states[-1][1:]))
        assert same_bits(row, alone)


@needs_cuda
def test_a_state_of_the_cpu_goes_on_on_a_gpu():
    states = list(run(replace(STRONG, steps=10)))
    *_, last = run(replace(STRONG, steps=10, device="cuda"), states[4])
    assert last.p.device.type == "cuda"
    assert last.p.item() == pytest.approx(states[-1].p.item(), abs=1e-13)
