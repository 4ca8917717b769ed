"""Solving A x = b: published trace, plain loop, eigenvalues, systems without one answer."""

import ast
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.linear_regression import (
    Config,
    Measurement,
    Window,
    axes,
    diverged,
    findings,
    frame,
    level_lines,
    levels,
    measure,
    mode_errors,
    plain_pytorch,
    predict,
    predicted_loss,
    predicted_modes,
    predicted_x,
    run,
    solutions,
    undetermined,
    window,
)
from core.recording import Recording, play
from core.theory.heavy_ball import updates_per_decimal

few = settings(max_examples=40, deadline=None)
VALLEY = Config(A=((1.0, 0.0), (0.0, 10.0)), b=(1.0, 10.0), damping_factor=0.005, steps=60)  # κ 100
SINGULAR = Config(A=((1.0, 2.0), (2.0, 4.0)), b=(1.0, 2.0), damping_factor=0.01, steps=200)


@st.composite
def configs(draw: st.DrawFn, size: int | None = None) -> Config:
    """Systems whose largest ηλ is below 2, so that nothing grows beyond comparison."""
    n = size or draw(st.integers(1, 4))
    row = st.lists(st.floats(-3, 3), min_size=n, max_size=n).map(tuple)
    A = tuple(draw(st.lists(row, min_size=n, max_size=n)))
    largest = 2 * float(np.linalg.norm(A, 2)) ** 2
    assume(largest > 1e-3)
    eta = draw(st.floats(0.05, 1.95)) / largest
    momentum = draw(st.just(0.0) | st.floats(0, 0.95))
    return Config(A, draw(row), draw(row), eta, momentum, steps=draw(st.integers(0, 40)))


def places(config: Config) -> np.ndarray:
    return np.array([state.x.numpy() for state in run(config)])


def test_a_damping_factor_of_a_half_solves_the_notes_system_in_one_update():
    states = list(run(Config()))
    assert [state.x.tolist() for state in states] == [[0, 0]] + [[1, 1]] * 10
    assert states[-1].loss == 0


def test_a_damping_factor_of_a_tenth_gives_the_published_numbers():
    published = [0, 0.2, 0.36, 0.488, 0.5904, 0.6723, 0.7379, 0.7903, 0.8322, 0.8658]
    found = places(Config(damping_factor=0.1, steps=9))
    # Printed with four decimals.
    assert found == pytest.approx(np.column_stack([published, published]), abs=5e-5)


@few
@given(configs())
def test_a_plain_loop_goes_the_same_way(config: Config):
    """The notes' loop, by einsum, with PyTorch's own optimizer for the update."""
    A = torch.tensor(config.A, dtype=torch.float64)
    b = torch.tensor(config.b, dtype=torch.float64)
    x = torch.tensor(config.start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=config.damping_factor, momentum=config.momentum)
    for state in run(config):
        loss = ((torch.einsum("ij,j->i", A, x) - b) ** 2).sum()
        # Entries of some 10, forty updates that do not grow: rounding of 1e-15 each stays below.
        assert state.x.tolist() == pytest.approx(x.tolist(), abs=1e-10)
        assert state.loss.item() == pytest.approx(loss.item(), rel=1e-9, abs=1e-10)
        optimizer.zero_grad()
        loss.backward()
        assert x.grad is not None
        assert state.gradient.tolist() == pytest.approx(x.grad.tolist(), abs=1e-8)
        optimizer.step()


@few
@given(configs())
def test_the_run_is_where_theory_says(config: Config):
    # Directions whose curvature is next to nothing are rounded off: they move by 1e-12 at most.
    # A solution of 1e7 is itself known to 1e-8 at best.
    size = 1 + np.abs(predict(config).solution).max()
    assert places(config) == pytest.approx(predicted_x(config), abs=1e-8 * size)
    last = list(run(config))[-1].loss.item()
    assert predict(config).final_loss == pytest.approx(last, rel=1e-6, abs=1e-8)


@few
@given(configs())
def test_curvatures_and_directions_are_those_of_the_hessian(config: Config):
    A = np.array(config.A)
    found = predict(config)
    hessian = found.directions @ np.diag(found.curvatures) @ found.directions.T
    assert hessian == pytest.approx(2 * A.T @ A, abs=1e-10)
    assert (np.diff(found.curvatures) >= 0).all()


def test_each_mode_shrinks_by_its_own_factor():
    """In the long valley: by 1 - 2η along it, by 1 - 200η = 0 across."""
    along, across = predicted_modes(VALLEY).T
    assert along[1:] / along[:-1] == pytest.approx(np.full(60, 1 - 0.01))
    assert across[1:].tolist() == [0] * 60
    assert [mode.regime for mode in predict(VALLEY).modes if mode] == ["monotone", "one step"]


def test_best_and_critical_damping_of_a_valley():
    found = predict(VALLEY)
    assert found.curvatures.tolist() == [2, 200]
    assert found.critical_damping_factor == pytest.approx(2 / 200)
    assert found.best_damping_factor == pytest.approx(2 / 202)
    # κ = 100: (κ - 1)/(κ + 1) without momentum, (√κ - 1)/(√κ + 1) with it.
    best = replace(VALLEY, damping_factor=found.best_damping_factor)
    assert predict(best).rate == pytest.approx(99 / 101)
    eta, momentum = found.best_with_momentum
    assert momentum == pytest.approx((9 / 11) ** 2)
    # A double root moves by the root of its rounding.
    assert predict(replace(VALLEY, damping_factor=eta, momentum=momentum)).rate == pytest.approx(
        9 / 11, abs=1e-6
    )


@pytest.mark.parametrize(("factor", "grows"), [(0.99, False), (1.01, True)])
@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_the_critical_damping_factor_is_the_edge(factor: float, grows: bool, momentum: float):
    still = replace(VALLEY, momentum=momentum, steps=3000)
    edge = predict(still).critical_damping_factor
    config = replace(still, damping_factor=factor * edge)
    states = list(run(config))
    assert (states[-1].loss > states[0].loss) == grows
    assert (predict(config).rate > 1) == grows


def test_a_singular_system_leaves_its_flat_direction_where_it_started():
    for start in [(0.0, 0.0), (3.0, -1.0)]:
        config = replace(SINGULAR, start=start)
        found = predict(config)
        assert found.modes[0] is None
        flat = found.directions[:, 0]
        assert np.array(config.A) @ flat == pytest.approx(np.zeros(2), abs=1e-15)
        end = places(config)[-1]
        assert end == pytest.approx(found.solution)
        assert end @ flat == pytest.approx(np.array(start) @ flat)
        assert np.array(config.A) @ end == pytest.approx(config.b)


def test_a_system_without_a_solution_ends_at_least_squares():
    config = replace(SINGULAR, b=(1.0, 0.0))
    least = np.linalg.lstsq(np.array(config.A), np.array(config.b), rcond=None)[0]
    assert places(config)[-1] == pytest.approx(least)
    assert predict(config).final_loss > 0.1


def test_a_matrix_of_zeros_moves_nothing_and_predicts_nothing():
    config = Config(A=((0.0, 0.0), (0.0, 0.0)), start=(3.0, 4.0))
    found = predict(config)
    assert (places(config) == [3.0, 4.0]).all()
    assert found.modes == (None, None)
    assert math.isnan(found.rate)
    assert math.isnan(found.critical_damping_factor)
    assert found.solution.tolist() == [3, 4]


def test_a_run_far_past_the_edge_says_that_it_diverged():
    *_, last = run(Config(damping_factor=1e3, steps=200))
    assert diverged(last)
    assert predict(Config(damping_factor=1e3, steps=200)).rate > 1


# --- What a page shows beside the run.

OBLIQUE = Config(
    ((0.55, 0.45), (0.45, 0.55)), (1.0, 0.0), (0.5, 2.0), damping_factor=0.9, steps=200
)


def measured(config: Config) -> Measurement:
    states = list(run(config))
    x, gradient, loss = (
        np.array([getattr(state, name).numpy() for state in states])
        for name in ("x", "gradient", "loss")
    )
    return measure(config, x, gradient, loss)


@few
@given(configs())
def test_the_errors_along_the_modes_are_those_of_a_loop(config: Config):
    found, x = predict(config), places(config)
    errors = mode_errors(config, x)
    assert errors.shape == x.shape
    for row, point in zip(errors, x, strict=True):
        for index in range(len(config.b)):
            along = sum(
                (point[k] - found.solution[k]) * found.directions[k, index]
                for k in range(len(config.b))
            )
            size = 1 + abs(point).max() + abs(found.solution).max()
            assert row[index] == pytest.approx(abs(along), abs=1e-12 * size)


def test_the_errors_along_the_modes_meet_the_theory():
    assert mode_errors(OBLIQUE, places(OBLIQUE)) == pytest.approx(
        np.abs(predicted_modes(OBLIQUE)), abs=1e-13
    )


@few
@given(configs())
def test_the_predicted_loss_is_that_of_the_run(config: Config):
    losses = [state.loss.item() for state in run(config)]
    # Directions whose curvature is next to nothing are rounded off: see above.
    assert predicted_loss(config) == pytest.approx(losses, rel=1e-6, abs=1e-8)


def test_the_loss_of_a_system_without_a_solution_stays_above_zero():
    config = replace(SINGULAR, b=(1.0, 0.0))
    assert predicted_loss(config)[-1] == pytest.approx(0.8)  # b is 2/√5 away from (1, 2)
    assert predicted_loss(SINGULAR)[-1] < 1e-20


def test_what_an_update_keeps_explains_the_notes():
    assert predict(Config()).kept.tolist() == [0, 0]
    assert predict(Config(damping_factor=0.1)).kept.tolist() == pytest.approx([0.8, 0.8])
    assert predict(Config()).round_bowl
    assert not predict(OBLIQUE).round_bowl
    assert not predict(SINGULAR).round_bowl  # one direction is curved, the other flat


def test_the_oblique_valley_has_the_condition_number_100():
    low, high = predict(OBLIQUE).curvatures
    assert high / low == pytest.approx(100)


@pytest.mark.parametrize(
    "config", [OBLIQUE, SINGULAR, replace(SINGULAR, b=(1.0, 0.0)), Config(b=(1e6, 1e6))]
)
def test_a_level_line_has_its_level(config: Config):
    above = np.array([3.0, 0.5])
    found = level_lines(config, above, far=1e9)
    points = np.column_stack([found["x"], found["y"]])
    loss = ((points @ np.array(config.A).T - config.b) ** 2).sum(axis=1)
    least = predicted_loss(replace(config, start=tuple(predict(config).solution), steps=0))[0]
    # The strips end 1e9 away, where 16 digits of x leave 1e-7 of A x; the ellipses do not.
    assert loss == pytest.approx(found["level"] + least, rel=1e-3)
    assert set(found["level"]) == {3.0, 0.5}


def test_a_level_line_is_closed_and_brought_back_from_far():
    found = level_lines(OBLIQUE, np.array([1.0]), far=2.0)
    solution = predict(OBLIQUE).solution
    points = np.column_stack([found["x"], found["y"]]) - solution
    assert points[0] == pytest.approx(points[-1])
    assert np.abs(points @ predict(OBLIQUE).directions).max() <= 2 + 1e-12
    assert (np.diff(found["turn"]) == 1).all()


@few
@given(configs(2))
def test_a_picture_of_the_plane_is_small_and_holds_what_it_should(config: Config):
    view = window(config)
    inside = np.array([config.start, predict(config).solution])
    center, half = np.array(view[:2]), np.array(view[2:]) / 2
    assert (np.abs(inside - center) <= half + 1e-9 * (1 + np.abs(inside))).all()
    above = levels(config, view)
    assert 1 <= len(above) <= 12
    assert len(level_lines(config, above, 4 * max(view[2:]))["x"]) <= 600
    names = axes(config, view)
    at = np.column_stack([names["x"], names["y"]])[names["end"] == 1]
    assert len(at) == len(predict(config).moving)
    wide = np.where(half > 0, half, np.inf)
    assert (np.abs(at - center) <= wide * (1 + 1e-6) + 1e-9 * (1 + np.abs(center))).all()


def test_the_window_of_a_run_that_leaves_stays_near():
    view = window(Config(damping_factor=2.0, steps=500))
    assert max(view.span_x, view.span_y) < 10
    assert window(Config(start=(1.0, 1.0))).span_x > 0  # nothing to do
    assert window(Config(damping_factor=1e150, steps=20)).span_x < 10


def test_a_click_means_no_more_than_three_digits_of_the_window():
    view = Window(0.0, 0.0, 1.2, 0.7)
    assert view.rounded(0.123456, -0.98765) == (0.123, -0.988)
    assert Window(0.0, 0.0, 12_000.0, 7.0).rounded(1234.56, 8.8) == (1230.0, 10.0)


def test_a_matrix_of_zeros_has_no_lines():
    config = Config(A=((0.0, 0.0), (0.0, 0.0)), start=(3.0, 4.0))
    view = window(config)
    assert len(levels(config, view)) == 0
    for rows in (level_lines(config, np.empty(0), 9.0), axes(config, view)):
        assert {len(column) for column in rows.values()} == {0}
    found = solutions(config, view)
    assert set(found["x"]) == {3.0}
    assert set(found["y"]) == {4.0}


def test_the_solutions_of_a_singular_system_are_a_line():
    ends = solutions(SINGULAR, window(SINGULAR))
    for x, y in zip(ends["x"], ends["y"], strict=True):
        assert np.array(SINGULAR.A) @ [x, y] == pytest.approx(SINGULAR.b)
    assert abs(ends["x"][1] - ends["x"][0]) > 1
    point = solutions(OBLIQUE, window(OBLIQUE))
    assert (point["x"][0], point["y"][0]) == pytest.approx((5.5, -4.5))


def test_what_stays_undetermined_keeps_its_value_through_the_run():
    config = replace(SINGULAR, start=(3.0, -1.0))
    ((direction, value),) = undetermined(config)
    assert direction == pytest.approx([2 / math.sqrt(5), -1 / math.sqrt(5)])
    assert places(config) @ direction == pytest.approx(np.full(201, value))
    assert undetermined(OBLIQUE) == ()
    assert len(undetermined(Config(A=((0.0, 0.0), (0.0, 0.0))))) == 2


# --- Measured against predicted.


@pytest.mark.parametrize("eta", [0.05, 0.5, 0.9, 0.99, 1.0, 1.1])
def test_the_measured_rates_are_the_predicted(eta: float):
    config = replace(OBLIQUE, damping_factor=eta)
    found, theory = measured(config), predict(config)
    rates = [mode.rate for mode in theory.modes if mode]
    # 1e-5: the error is followed to 1e-12 of the first, but rounds to 1e-15 of x.
    assert found.rates == pytest.approx(rates, rel=1e-4, abs=1e-12)
    assert found.rate == pytest.approx(theory.rate, rel=1e-4)


@few
@given(configs())
def test_damping_factors_are_measured_by_the_first_gradient(config: Config):
    found, theory = measured(config), predict(config)
    low, high = theory.curvatures[[0, -1]]
    assume(low > 1e-3 * high)
    assume(mode_errors(config, np.array([config.start])).min() > 1e-3)
    assert found.critical_damping_factor == pytest.approx(theory.critical_damping_factor, rel=1e-6)
    assert found.best_damping_factor == pytest.approx(theory.best_damping_factor, rel=1e-6)


def test_momentum_is_measured_in_the_long_run():
    config = replace(OBLIQUE, damping_factor=0.5, momentum=0.5, steps=400)
    found, theory = measured(config), predict(config)
    assert found.rates == pytest.approx([mode.rate for mode in theory.modes if mode], rel=0.02)
    assert found.per_decimal == pytest.approx(theory.per_decimal, rel=0.02)


def test_what_does_not_move_is_not_measured():
    assert math.isnan(measured(SINGULAR).rates[0])
    assert measured(SINGULAR).rates[1] == pytest.approx(0.5, rel=1e-4)
    still = measured(Config(start=(1.0, 1.0)))
    assert all(map(math.isnan, (*still.rates, still.rate, still.critical_damping_factor)))


def test_a_run_beyond_all_numbers_is_measured():
    found = measured(Config(A=((0.0, 1e6), (1e6, 0.0)), damping_factor=1e308))
    assert found.rates == (math.inf, math.inf)
    assert found.per_decimal == math.inf


def test_updates_for_one_decimal():
    assert updates_per_decimal(0.1) == 1
    assert updates_per_decimal(0.0) == 0
    assert updates_per_decimal(1.0) == updates_per_decimal(1.5) == math.inf
    assert math.isnan(updates_per_decimal(math.nan))


@pytest.mark.parametrize("config", [Config(), OBLIQUE, replace(OBLIQUE, momentum=0.67), SINGULAR])
def test_the_script_prints_the_run(config: Config, capsys: pytest.CaptureFixture[str]):
    exec(plain_pytorch(config), {})
    lines = capsys.readouterr().out.strip().split("\n")
    assert len(lines) <= 21  # a screenful
    states = list(run(config))
    assert int(lines[-1].split()[0]) == len(states) - 1
    for line in lines:
        state = states[int(line.split()[0])]
        step, rest = line.split(" ", 1)
        place, loss = rest.rsplit(" ", 1)
        assert int(step) == state.step
        # A x - b squared and summed, or a product of vectors: the last digit may differ.
        assert ast.literal_eval(place) == pytest.approx(state.x.tolist(), rel=1e-12, abs=1e-13)
        assert float(loss) == pytest.approx(state.loss.item(), rel=1e-6, abs=1e-20)


def test_theory_follows_changes_of_settings_on_the_way():
    first = Config(
        A=((1.0, 0.3), (0.2, 0.5)), b=(1.0, -2.0), start=(3.0, 1.0), damping_factor=0.1, steps=80
    )
    course = (
        (0, first),
        (20, replace(first, damping_factor=0.4, momentum=0.7)),
        (50, replace(first, damping_factor=0.3)),
    )
    states = list(play(run, course))
    x = np.stack([state.x.numpy() for state in states])
    losses = np.array([state.loss.item() for state in states])
    np.testing.assert_allclose(predicted_x(first, *course[1:]), x, atol=1e-10)
    np.testing.assert_allclose(predicted_loss(first, *course[1:]), losses, rtol=1e-6, atol=1e-20)


@pytest.mark.parametrize("lost", [math.inf, -math.inf, math.nan, 1e307])
def test_a_run_that_begins_beyond_all_numbers_is_measured_as_nothing(lost):
    config = Config(steps=3)
    x = np.full((4, 2), lost)
    found = measure(config, x, 2 * x, np.full(4, math.inf))
    assert all(math.isnan(rate) or rate >= 0 for rate in found.rates)
    assert found.final_loss == math.inf


def test_a_fork_of_a_run_that_has_run_away_can_be_measured():
    wild = Config(A=((1.0, 2.0), (2.0, 4.0)), damping_factor=0.9, steps=200)
    states = list(play(run, ((0, wild), (195, replace(wild, damping_factor=0.02)))))
    x, gradient = (
        np.stack([getattr(state, name).numpy() for state in states]) for name in ("x", "gradient")
    )
    loss = np.array([state.loss.item() for state in states])
    with np.errstate(all="ignore"):
        measure(wild, x[195:], gradient[195:], loss[195:])


@pytest.mark.parametrize(("damping_factor", "momentum"), [(2e-8, 0.9), (1e-8, 0.99), (1e-6, 0.9)])
def test_a_rate_near_1_is_told_within_a_hundredth_of_its_logarithm_or_not_at_all(
    damping_factor, momentum
):
    """Forty updates show what momentum makes of the first ones, not the millions that follow."""
    config = Config(damping_factor=damping_factor, momentum=momentum, steps=40)
    frames = Recording(run, ((0, config),), frame=frame).finish(30)
    rows = [one for one in findings(frames, config) if one.quantity in ("rate", "per_decimal")]
    assert rows
    for found in rows:
        (near, made) = (
            (-math.log(value) if found.quantity == "rate" else value)
            for value in (found.predicted, found.measured)
        )
        assert not found.shown(config.steps) or made == pytest.approx(near, rel=0.011)
