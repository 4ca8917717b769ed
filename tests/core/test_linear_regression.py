"""Solving A x = b: published trace, plain loop, eigenvalues, systems without one answer."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.linear_regression import Config, diverged, predict, predicted_modes, predicted_x, run

few = settings(max_examples=40, deadline=None)
VALLEY = Config(A=((1.0, 0.0), (0.0, 10.0)), b=(1.0, 10.0), damping_factor=0.005, steps=60)  # κ 100
SINGULAR = Config(A=((1.0, 2.0), (2.0, 4.0)), b=(1.0, 2.0), damping_factor=0.01, steps=200)


@st.composite
def configs(draw: st.DrawFn) -> Config:
    """Systems whose largest ηλ is below 2, so that nothing grows beyond comparison."""
    n = draw(st.integers(1, 4))
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
    assert places(config) == pytest.approx(predicted_x(config), abs=1e-8)
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
