"""Minima of the sine fit's loss: bowls, side valleys, the best fit of a mix."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.sine_fit import Config, best_fit, data, minima, minimum_below, predicted_course, surface

few = settings(max_examples=10, deadline=None)


@pytest.mark.parametrize("seed", range(6))
def test_one_point_has_a_curve_of_best_fits_and_so_no_bowl(seed):
    """Whatever f is, some a goes through it: what curves along that is rounding."""
    config = Config(points=1, width=20.0, true_frequency=0.4371183424948082, seed=seed)
    assert minima(config, 0.02, 3.0) == []


def loss_at(config: Config, w: torch.Tensor) -> torch.Tensor:
    x, y = data(config)
    squares = (w[0] * torch.sin(w[1] * x) - y) ** 2
    return squares.sum() if config.reduction == "sum" else squares.mean()


@few
@given(
    st.floats(0.3, 3),
    st.floats(0.3, 3),
    st.floats(4, 20),
    st.floats(0, 0.5),
    st.sampled_from(["sum", "mean"]),
)
def test_a_minimum_is_a_bowl_with_autograds_curvatures(
    amplitude: float, frequency: float, width: float, noise: float, reduction: str
):
    config = Config(
        true_amplitude=amplitude,
        true_frequency=frequency,
        width=width,
        noise=noise,
        reduction=reduction,
    )
    for minimum in minima(config, 0.0, frequency + 1.0):
        w = torch.tensor(minimum.place, requires_grad=True)
        loss = loss_at(config, w)
        (gradient,) = torch.autograd.grad(loss, w)
        hessian = torch.autograd.functional.hessian(lambda w: loss_at(config, w), w.detach())
        assert isinstance(hessian, torch.Tensor)
        size = minimum.curvatures[0]
        # Newton's method doubles the digits each time: what is left is rounding, of sums.
        assert gradient.norm().item() < 1e-9 * size
        assert minimum.loss == pytest.approx(loss.item(), rel=1e-9, abs=1e-20 * size)
        rebuilt = minimum.directions @ np.diag(minimum.curvatures) @ minimum.directions.T
        assert rebuilt == pytest.approx(hessian.numpy(), abs=1e-9 * size)
        assert minimum.curvatures[0] >= minimum.curvatures[1] > 0
        assert (minimum.directions[1] >= 0).all()


def test_the_minima_are_all_that_a_fine_grid_shows():
    config = Config()
    frequencies = np.linspace(0.05, 6, 12_001)
    least = surface(config, np.linspace(-0.4, 1.4, 181), frequencies).min(axis=0)
    low = np.flatnonzero((least[1:-1] < least[:-2]) & (least[1:-1] <= least[2:])) + 1
    found = minima(config, 0.05, 6)
    # Amplitudes a hundredth apart ripple by 1000 / 4 1e-4 = 0.025: more than the shallowest pass.
    assert len(found) == 9
    for minimum in found:
        near = low[np.argmin(np.abs(frequencies[low] - minimum.place[1]))]
        assert frequencies[near] == pytest.approx(minimum.place[1], abs=0.05)
        assert least[near] == pytest.approx(minimum.loss, abs=0.1)


def test_the_best_fit_of_sin_x_is_sin_x_and_of_noise_none_that_is_much():
    best = best_fit(Config())
    assert best is not None
    assert best.place == pytest.approx([1, 1], abs=1e-12)
    assert best.loss < 1e-25
    assert best_fit(Config(true_amplitude=0.0)) is None
    noisy = best_fit(Config(noise=0.5))
    assert noisy is not None
    # Two parameters of a thousand points: each is known to a noise / sqrt(points / 2) or better.
    assert noisy.place == pytest.approx([1, 1], abs=4 * 0.5 / math.sqrt(500))
    assert noisy.loss == pytest.approx(998 * 0.25, rel=0.15)


def test_one_sine_cannot_be_two_and_the_best_is_between():
    """The mix that the notes leave out: sin x + 2 sin 0.7x."""
    config = Config(second_amplitude=2.0)
    best = best_fit(config)
    assert best is not None
    assert 0.7 < best.place[1] < 1
    assert 2 < best.place[0] < 3
    assert best.loss > 10
    a = best.place[0]
    grid = surface(config, np.linspace(a - 0.5, a + 0.5, 41), np.linspace(0.05, 3, 600))
    assert best.loss <= grid.min()


@pytest.mark.parametrize("start", [0.6, 0.9, 1.3, 1.7, 2.2, 2.6, 3.2, 4.4])
def test_a_slow_descent_ends_in_the_minimum_below(start: float):
    """A run whose steps are short walks downhill, the amplitude first: the same valley."""
    config = Config(
        frequency=start, amplitude=0.1, optimiser="gradient_descent", step_size=5e-5, steps=6000
    )
    below = minimum_below(config, (0.1, start))
    assert below is not None
    last = predicted_course(config)[-1]
    found = minimum_below(config, last)
    assert found is not None
    assert found.place == pytest.approx(below.place, abs=1e-9)
    assert last[1] == pytest.approx(below.place[1], abs=0.05)


def test_the_same_wave_has_two_places():
    up, down = minimum_below(Config(), (0.9, 1.1)), minimum_below(Config(), (-0.9, -1.1))
    assert up is not None
    assert down is not None
    assert down.place == pytest.approx(-up.place)
    assert down.curvatures == pytest.approx(up.curvatures)


def test_where_there_is_no_valley_there_is_no_minimum():
    assert minimum_below(Config(), (1.0, 0.05)) is None  # downhill to a straight line through 0
    assert minimum_below(Config(), (1.0, math.nan)) is None
    assert minimum_below(Config(), (1.0, math.inf)) is None
    assert minimum_below(Config(true_amplitude=0.0), (1.0, 1.0)) is None
    assert minima(Config(), 0.9, 0.95) == []
