"""Equilibrium, payoffs, kind of game, and growth near where learners rest."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from core.matrix_game import LEARNERS, Config, analyse, energy, laps, orbit_period, rest, run
from tests.core.games import (
    DILEMMA,
    NOTES,
    PENNIES,
    SEXES,
    STAG_HUNT,
    STRONG,
    cycles,
    every_learner,
    few,
    fewer,
    games,
    logit,
)


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
