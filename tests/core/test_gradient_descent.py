"""Gradient descent against published numbers, closed forms, eigenvalues and plain loops."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.gradient_descent import (
    CURVATURE,
    Config,
    State,
    diverged,
    frame,
    measure,
    plain_pytorch,
    predict,
    predicted_error,
    predicted_loss,
    predicted_weights,
    rounding_loss,
    run,
    window,
)
from core.recording import play
from core.theory.heavy_ball import REGIMES
from core.theory.measuring import departure, first_not_finite

few = settings(max_examples=40, deadline=None)

learning_rates = st.floats(0.01, 1.5)
momenta = st.just(0.0) | st.floats(0, 1)
weights = st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=1, max_size=4)


@st.composite
def configs(draw: st.DrawFn) -> Config:
    start, target = zip(*draw(weights), strict=True)
    return Config(
        start=start,
        target=target,
        learning_rate=draw(learning_rates),
        momentum=draw(momenta),
        zero_grad=draw(st.booleans()),
        steps=draw(st.integers(0, 30)),
    )


class Run(NamedTuple):
    states: list[State]
    weights: np.ndarray  # (steps + 1, n)
    gradients: np.ndarray  # (steps + 1, n)
    velocities: np.ndarray  # (steps + 1, n)
    losses: np.ndarray  # (steps + 1,)


def record(config: Config) -> Run:
    states = list(run(config))
    columns = [
        np.stack([values.numpy() for values in values_of])
        for values_of in zip(*[state[1:] for state in states], strict=True)
    ]
    return Run(states, *columns)


def from_one(**fields: Any) -> np.ndarray:
    """The errors of a single weight that starts at 1 and should become 0: then w is the error, to
    16 digits however small it gets.
    """
    return record(Config(start=(1.0,), target=(0.0,), **fields)).weights[:, 0]


def assert_close(actual: np.ndarray, expected: np.ndarray) -> None:
    """The same up to rounding.

    Each of at most a few hundred updates rounds by 1e-16 of the largest number so far; 1e-11 of it
    leaves room for their sum. No error grows faster than the run, whose last numbers are the scale.
    """
    scale = np.maximum.accumulate(np.abs(expected).reshape(len(expected), -1).max(axis=1))
    allowed = 1e-11 * np.maximum(scale, 1.0)
    worst = np.abs(actual - expected).reshape(len(expected), -1).max(axis=1)
    assert actual.shape == expected.shape
    assert (worst <= allowed).all()


# --- Published numbers: "Notes on PyTorch", Simple automatic differentiation, printed to 0.1.


def test_the_notes_trace_of_weights_and_gradients() -> None:
    trace = record(Config(learning_rate=0.1, steps=1))
    assert trace.weights[0] == pytest.approx([1, 1, 1, 1, 1], abs=0)
    assert trace.gradients[0] == pytest.approx([2, 0, -2, -4, -6], abs=0)
    # 1e-14: a few roundings of numbers below 16.
    assert trace.weights[1] == pytest.approx([0.8, 1.0, 1.2, 1.4, 1.6], abs=1e-14)
    assert trace.gradients[1] == pytest.approx([1.6, 0.0, -1.6, -3.2, -4.8], abs=1e-14)


def test_the_notes_trace_where_gradients_are_not_cleared() -> None:
    trace = record(Config(learning_rate=0.1, steps=1, zero_grad=False))
    assert trace.gradients[0] == pytest.approx([2, 0, -2, -4, -6], abs=0)
    assert trace.weights[1] == pytest.approx([0.8, 1.0, 1.2, 1.4, 1.6], abs=1e-14)  # as above
    assert trace.gradients[1] == pytest.approx([3.6, 0.0, -3.6, -7.2, -10.8], abs=1e-14)


def test_the_defaults_are_those_of_the_notes() -> None:
    config = Config()
    assert config.start == (1, 1, 1, 1, 1)
    assert config.target == (0, 1, 2, 3, 4)
    assert (config.learning_rate, config.momentum, config.zero_grad) == (0.05, 0, True)
    assert config.steps == 100
    assert all(values.dtype == torch.float64 for values in next(run(config))[1:])


# --- Closed forms.


@few
@given(learning_rate=st.floats(0.01, 0.99), steps=st.integers(0, 60))
def test_each_update_multiplies_the_error_by_one_minus_two_eta(
    learning_rate: float, steps: int
) -> None:
    config = Config(learning_rate=learning_rate, steps=steps)
    trace = record(config)
    k = np.arange(steps + 1)
    kept = (1 - 2 * learning_rate) ** k
    first = np.subtract(config.start, config.target)
    # An update rounds w (up to 4) by a few 1e-16; the factor, at most 0.98, sums that to below
    # 50 times as much. The loss is the square of the error's length, which is off by no more.
    assert trace.weights - config.target == pytest.approx(kept[:, None] * first, abs=1e-12)
    assert np.sqrt(trace.losses) == pytest.approx(np.abs(kept) * math.sqrt(15), abs=1e-12)


def test_the_notes_loss_after_a_hundred_updates() -> None:
    # 1e-9: two hundred factors of 0.9, each within 1e-16 of its own, and a w that is known to
    # 1e-15 where the error is still 1e-4.
    assert record(Config()).losses[-1] == pytest.approx(15 * 0.9**200, rel=1e-9)
    assert predict(Config()).final_loss == pytest.approx(15 * 0.9**200, rel=1e-9)


@few
@given(config=configs())
def test_loss_and_gradient_belong_to_the_weights_beside_them(config: Config) -> None:
    trace = record(config)
    residuals = trace.weights - config.target
    gradients = 2 * residuals if config.zero_grad else np.cumsum(2 * residuals, axis=0)
    assert_close(trace.losses, (residuals**2).sum(axis=1))
    assert_close(trace.gradients, gradients)


# --- Oracles: plain loops.


def notes_loop(config: Config) -> Run:
    """The loop of the notes, with a velocity and with `zero_grad` left out where asked."""
    w = torch.tensor(np.array(config.start, dtype=float), requires_grad=True)
    t = torch.tensor(np.array(config.target, dtype=float))
    z = torch.zeros_like(t)
    rows = []
    for i in range(config.steps + 1):
        if config.zero_grad and w.grad is not None:
            w.grad.zero_()
        e = torch.sum(torch.square(w - t))
        e.backward()
        assert w.grad is not None
        rows.append([x.detach().clone().numpy() for x in (w, w.grad, z, e)])
        if i < config.steps:
            with torch.no_grad():
                z.mul_(config.momentum).add_(w.grad)
                w -= config.learning_rate * z
    return Run([], *map(np.stack, zip(*rows, strict=True)))


def optimizer_loop(config: Config) -> np.ndarray:
    """(steps + 1, n) the weights of `torch.optim.SGD`."""
    w = torch.tensor(config.start, dtype=torch.float64, requires_grad=True)
    t = torch.tensor(config.target, dtype=torch.float64)
    optimizer = torch.optim.SGD([w], lr=config.learning_rate, momentum=config.momentum, dampening=0)
    rows = [w.detach().clone().numpy()]
    for _ in range(config.steps):
        if config.zero_grad:
            optimizer.zero_grad()
        (w - t).square().sum().backward()
        optimizer.step()
        rows.append(w.detach().clone().numpy())
    return np.stack(rows)


@few
@given(config=configs())
def test_a_run_equals_the_loop_of_the_notes(config: Config) -> None:
    trace, loop = record(config), notes_loop(config)
    for ours, theirs in zip(trace[1:], loop[1:], strict=True):
        assert_close(ours, theirs)


@few
@given(config=configs())
def test_a_run_equals_the_optimizer_of_pytorch(config: Config) -> None:
    assert_close(record(config).weights, optimizer_loop(config))


@few
@given(config=configs())
def test_forgetting_zero_grad_is_a_momentum_of_one(config: Config) -> None:
    forgotten = replace(config, zero_grad=False, momentum=0.0)
    never_forgets = replace(config, zero_grad=True, momentum=1.0)
    assert_close(record(forgotten).weights, record(never_forgets).weights)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"zero_grad": False, "learning_rate": 0.1},
        {"momentum": 0.8, "learning_rate": 0.3},
        {"momentum": 0.3, "zero_grad": False, "steps": 30},
        {"start": (2.0,), "target": (-1.5,), "steps": 7},
        {"learning_rate": 1e150, "steps": 5},  # to inf and nan
        {"steps": 0},
        {"learning_rate": np.float64(0.1), "momentum": np.float32(0.5), "steps": 3},
        {"start": tuple(np.ones(2)), "target": tuple(np.arange(2.0)), "steps": np.int64(3)},
    ],
)
def test_the_script_to_take_away_makes_the_same_run(
    fields: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    trace = record(Config(**fields))
    names: dict[str, Any] = {}
    exec(plain_pytorch(Config(**fields)), names)
    lines = capsys.readouterr().out.strip().split("\n")
    printed = [line.split() for line in lines if line[:1].isdigit()]
    assert names["w"].detach().numpy() == pytest.approx(trace.weights[-1], abs=0, nan_ok=True)
    assert len(printed) <= 21  # a screenful
    known = [int(step) for step, _ in printed]
    assert (known[0], known[-1]) == (0, len(trace.states) - 1)
    # 1e-15: the loss is a sum of squares in the one, a product of vectors in the other.
    assert [float(loss) for _, loss in printed] == pytest.approx(
        trace.losses[known].tolist(), rel=1e-15, nan_ok=True
    )


def test_the_script_for_an_apple_gpu_asks_for_no_float64() -> None:
    """That device has none: `torch.tensor(..., dtype=torch.float64, device="mps")` raises."""
    script = plain_pytorch(Config(device="mps"))
    assert "'mps'" in script or '"mps"' in script
    assert "float64" not in script


# --- What a run can hold.


def test_no_updates_are_one_state() -> None:
    (state,) = run(Config(steps=0))
    assert state.step == 0
    assert state.loss.item() == 15  # 1 + 0 + 1 + 4 + 9, whole numbers
    assert predict(Config(steps=0)).final_loss == 15
    assert measured(Config(steps=0)).final_loss == 15


def test_one_weight_moves_as_it_does_among_others() -> None:
    alone = record(Config(start=(1.0,), target=(4.0,)))
    assert alone.weights.shape == (101, 1)
    assert (alone.weights[:, 0] == record(Config()).weights[:, 4]).all()


def test_velocity_is_zero_at_first_and_then_that_of_the_update_before() -> None:
    config = Config(learning_rate=0.1, momentum=0.7, steps=20)
    trace = record(config)
    assert not trace.velocities[0].any()
    assert_close(-np.diff(trace.weights, axis=0), config.learning_rate * trace.velocities[1:])


def test_a_frame_shows_the_numbers_of_its_state() -> None:
    config = Config(momentum=0.5, steps=3)
    *_, state = run(config)
    shown = frame(config, state)
    assert shown.keys() == {"loss", "weights", "gradient", "velocity"}
    assert all((shown[name] == getattr(state, name).numpy()).all() for name in shown)


@pytest.mark.parametrize("learning_rate", [1, np.float32(0.5), np.float64(0.5), np.int64(1)])
def test_numbers_of_numpy_and_whole_numbers_are_learning_rates(learning_rate: Any) -> None:
    plain = float(learning_rate)
    same = zip(
        run(Config(learning_rate=learning_rate, steps=3)),
        run(Config(learning_rate=plain, steps=3)),
        strict=True,
    )
    assert all(torch.equal(one.weights, other.weights) for one, other in same)


# --- Theory against eigenvalues.


def modes(learning_rate: float, momentum: float, zero_grad: bool) -> np.ndarray:
    """Eigenvalues of one update of (e, z, .grad), written from the recurrence.

    z' = β z + g, e' = e - η z', and backward leaves g' = λ e', or g + λ e' where not cleared.
    """
    velocity = np.array([0, momentum, 1.0])
    error = np.array([1.0, 0, 0]) - learning_rate * velocity
    gradient = CURVATURE * error + (0 if zero_grad else np.array([0, 0, 1.0]))
    return np.linalg.eigvals(np.stack([error, velocity, gradient]))


def period_of(mode: complex) -> float:
    angle = abs(np.angle(mode))
    return 2 * math.pi / angle if angle else math.nan


@few
@given(learning_rate=learning_rates, momentum=momenta, zero_grad=st.booleans())
def test_the_rate_is_the_largest_eigenvalue(
    learning_rate: float, momentum: float, zero_grad: bool
) -> None:
    config = Config(learning_rate=learning_rate, momentum=momentum, zero_grad=zero_grad, steps=0)
    largest = max(abs(modes(learning_rate, momentum, zero_grad)))
    # Where two modes meet, an eigenvalue is known to √1e-16 only; 1e-7 leaves a factor of ten.
    assert predict(config).rate == pytest.approx(largest, abs=1e-7)


@few
@given(momentum=st.floats(0.05, 1), turn=st.floats(0.05, 0.95))
def test_the_period_is_the_turn_of_the_complex_eigenvalue(momentum: float, turn: float) -> None:
    # This learning rate puts the modes at √β exp(±iπ turn).
    learning_rate = (1 + momentum - 2 * math.sqrt(momentum) * math.cos(math.pi * turn)) / CURVATURE
    prediction = predict(Config(learning_rate=learning_rate, momentum=momentum, steps=0))
    # 1e-9: the cosine is known to 1e-16, its angle to 1e-15 over sin(0.05 π).
    assert prediction.period == pytest.approx(2 / turn, rel=1e-9)
    assert prediction.rate == pytest.approx(math.sqrt(momentum), rel=1e-12)
    largest = modes(learning_rate, momentum, True)
    assert period_of(max(largest, key=abs)) == pytest.approx(2 / turn, rel=1e-6)


def test_the_published_period_where_zero_grad_is_forgotten() -> None:
    prediction = predict(Config(learning_rate=0.1, zero_grad=False))
    assert prediction.period == pytest.approx(13.9308, abs=5e-5)  # four decimals are published
    assert prediction.rate == 1


@few
@given(learning_rate=st.floats(0.001, 1.99))
def test_the_period_where_zero_grad_is_forgotten(learning_rate: float) -> None:
    step_size = CURVATURE * learning_rate
    period = predict(Config(learning_rate=learning_rate, zero_grad=False, steps=0)).period
    # 1e-9: near 0 and 4 the angle is the root of what is left of the cosine's 16 digits.
    assert period == pytest.approx(2 * math.pi / math.acos(1 - step_size / 2), rel=1e-9)


@few
@given(momentum=st.floats(0, 0.95), share=st.floats(0.1, 0.97) | st.floats(1.03, 2))
def test_a_run_learns_exactly_below_the_critical_learning_rate(
    momentum: float, share: float
) -> None:
    critical = (2 + 2 * momentum) / CURVATURE
    fields = {"learning_rate": share * critical, "momentum": momentum, "steps": 600}
    prediction = predict(Config(**fields))
    last = from_one(**fields)[-1]
    assert prediction.critical_learning_rate == pytest.approx(critical, rel=1e-15)
    assert (prediction.regime == "diverging") == (share > 1)
    # Within 3 % of the edge 600 updates shrink or grow the error by 1e6 at least.
    assert abs(last) < 1e-3 if share < 1 else not abs(last) < 1e3


@few
@given(momentum=st.floats(0, 0.99), learning_rate=learning_rates)
def test_no_learning_rate_beats_the_best(momentum: float, learning_rate: float) -> None:
    config = Config(momentum=momentum, learning_rate=learning_rate, steps=0)
    best = predict(config).best_learning_rate
    at_best = predict(replace(config, learning_rate=best)).rate
    # 1e-7: at the best rate two modes meet, see above.
    assert at_best == pytest.approx(math.sqrt(momentum), abs=1e-7)
    assert at_best <= predict(config).rate + 1e-7


@few
@given(momentum=st.floats(0, 0.99))
def test_the_best_learning_rate_is_the_smallest_of_those_as_good(momentum: float) -> None:
    """Up to (1 + √β)²/λ the rate is the same, but the weights swing."""
    best = predict(Config(momentum=momentum, steps=0)).best_learning_rate
    below = predict(Config(momentum=momentum, learning_rate=0.99 * best, steps=0))
    assert below.regime == "monotone"
    assert below.rate > math.sqrt(momentum) + 1e-7


def test_momentum_one_has_no_best_learning_rate() -> None:
    assert math.isnan(predict(Config(momentum=1.0)).best_learning_rate)


@few
@given(learning_rate=st.floats(0.01, 3), momentum=st.floats(0.05, 1))
def test_nothing_is_stable_with_momentum_and_gradients_never_cleared(
    learning_rate: float, momentum: float
) -> None:
    config = Config(learning_rate=learning_rate, momentum=momentum, zero_grad=False, steps=0)
    prediction = predict(config)
    # Three eigenvalues with a product of β, well apart in this range: good to 1e-12.
    assert max(abs(modes(learning_rate, momentum, False))) > 1 + 1e-9
    assert prediction.rate > 1 + 1e-9
    assert prediction.regime == "diverging"
    assert prediction.critical_learning_rate == 0


# --- Each regime, and what it looks like in a run.


def crossings(error: np.ndarray) -> np.ndarray:
    return error[1:] * error[:-1] < 0


def largest(error: np.ndarray) -> float:
    return float(np.abs(error).max())


# name -> (settings, what the errors of 200 updates must look like)
LOOKS: dict[str, tuple[list[dict[str, Any]], Callable[[np.ndarray], bool]]] = {
    "monotone": (
        [
            {"learning_rate": 0.05},
            {"learning_rate": 0.3},
            {"learning_rate": 0.02, "momentum": 0.5},
        ],
        lambda error: bool((np.diff(error) < 0).all()) and error[-1] > 0,
    ),
    "one step": (
        [{"learning_rate": 0.5}],
        lambda error: not error[1:].any(),
    ),
    "overshooting": (
        [{"learning_rate": 0.9}, {"learning_rate": 1.48, "momentum": 0.5}],
        lambda error: bool(crossings(error).all()) and largest(error[-20:]) < 1e-3,
    ),
    "swinging in": (
        [
            {"learning_rate": 0.05, "momentum": 0.8},
            {"learning_rate": 1.2, "momentum": 0.5},
        ],
        lambda error: 10 < crossings(error).sum() < 180 and largest(error[-20:]) < 1e-3,
    ),
    "bouncing": (
        [{"learning_rate": 1.0}, {"learning_rate": 1.5, "momentum": 0.5}],
        # 1e-12: with momentum the other mode, 0.5 to the 180th power, is long gone.
        lambda error: (
            bool(crossings(error).all())
            and np.ptp(np.abs(error[-20:])) < 1e-12 * largest(error[-20:])
        ),
    ),
    "swinging for ever": (
        [
            {"learning_rate": 0.1, "momentum": 1.0},
            {"learning_rate": 0.1, "zero_grad": False},
            {"learning_rate": 1.2, "zero_grad": False},
        ],
        # 5 %: seven swings or more in either half sample the peak that finely.
        lambda error: (
            10 < crossings(error).sum() < 180
            and largest(error[100:]) == pytest.approx(largest(error[:100]), rel=0.05)
        ),
    ),
    "diverging": (
        [
            {"learning_rate": 1.05},
            {"learning_rate": 1.6, "momentum": 0.5},
            {"learning_rate": 0.1, "momentum": 0.5, "zero_grad": False},
            {"learning_rate": 2.1, "zero_grad": False},
            # Here both modes are -1, and an error that obeys them grows as 2k + 1.
            {"learning_rate": 2.0, "zero_grad": False},
            {"learning_rate": 2.0, "momentum": 1.0},
        ],
        lambda error: not largest(error[-20:]) < 10 * largest(error[:10]),
    ),
}


def test_the_edge_is_found_though_its_learning_rate_is_rounded() -> None:
    """As a slider gives it: 1.14 is not 1 + 0.14 to the last bit."""
    for hundredths in range(100):
        config = Config(learning_rate=(100 + hundredths) / 100, momentum=hundredths / 100)
        assert predict(config).regime == "bouncing", config


def test_each_regime_has_its_looks() -> None:
    assert LOOKS.keys() == set(REGIMES)


@pytest.mark.parametrize(
    ("regime", "fields"), [(regime, fields) for regime in LOOKS for fields in LOOKS[regime][0]]
)
def test_a_regime_is_named_and_looks_like_its_name(regime: str, fields: dict[str, Any]) -> None:
    assert predict(Config(**fields)).regime == regime
    assert LOOKS[regime][1](from_one(**fields, steps=200))


@pytest.mark.parametrize("regime", LOOKS)
def test_no_other_regime_looks_like_it(regime: str) -> None:
    """The looks tell the regimes apart: else the test above could not fail."""
    for other in LOOKS.keys() - {regime}:
        for fields in LOOKS[other][0]:
            assert not LOOKS[regime][1](from_one(**fields, steps=200))


# --- Predicted against run.


@few
@given(config=configs())
def test_predicted_weights_and_loss_are_those_of_the_run(config: Config) -> None:
    trace = record(config)
    assert_close(predicted_weights(config), trace.weights)
    assert_close(predicted_loss(config), trace.losses)
    assert predict(config).final_loss == predicted_loss(config)[-1]


@few
@given(learning_rate=st.floats(0.01, 1.5), steps=st.integers(0, 60))
def test_the_predicted_error_is_a_power(learning_rate: float, steps: int) -> None:
    error = predicted_error(Config(learning_rate=learning_rate, steps=steps))
    assert_close(error, (1 - 2 * learning_rate) ** np.arange(steps + 1))


def test_a_weight_on_its_target_is_predicted_to_stay_there() -> None:
    """Also where the others leave for infinity: its own gradient is 0."""
    config = Config(learning_rate=1e3)  # factor -1999: beyond float64 after 93 updates
    assert (record(config).weights[:, 1] == 1).all()
    assert (predicted_weights(config)[:, 1] == 1).all()


def test_a_run_that_starts_on_target_is_predicted_to_stay_there() -> None:
    config = Config(start=(1.0, 2.0), target=(1.0, 2.0), learning_rate=1e3)
    assert (record(config).losses == 0).all()
    assert (predicted_loss(config) == 0).all()
    assert predict(config).final_loss == 0


@few
@given(target=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5).map(tuple))
def test_the_rounding_loss_is_that_of_the_nearest_weights_beyond_the_targets(
    target: tuple[float, ...],
) -> None:
    beyond = np.nextafter(target, np.copysign(np.inf, target))
    (state,) = run(Config(start=tuple(beyond), target=target, steps=0))
    # 1e-12: a sum of five squares; 1e-300 for the squares of what is next to 0.
    assert rounding_loss(
        Config(start=tuple(t + 1 for t in target), target=target, learning_rate=0.5, steps=1)
    ) == pytest.approx(state.loss.item(), rel=1e-12, abs=1e-300)


# --- Measured against predicted.


def measured(config: Config) -> Any:
    trace = record(config)
    return measure(config, trace.weights, trace.losses)


@few
@given(learning_rate=st.floats(0.01, 1.5))
def test_the_measured_rate_without_momentum_is_the_predicted(learning_rate: float) -> None:
    config = Config(learning_rate=learning_rate, steps=60)
    # The error is followed down to 3e-12, and known to 1e-14 there: 1 % at the very worst.
    assert measured(config).rate == pytest.approx(predict(config).rate, rel=0.01, abs=1e-12)


@few
@given(learning_rate=st.floats(0.52, 1.3))
def test_the_measured_period_of_overshooting_is_two(learning_rate: float) -> None:
    config = Config(learning_rate=learning_rate, steps=60)
    period = predict(config).period
    assert period == 2
    # At least four crossings, their places known to the 1 % of the error above.
    assert measured(config).period == pytest.approx(2, rel=0.01)


@few
@given(momentum=st.floats(0.5, 1), period=st.floats(6.5, 40))
def test_the_measured_rate_and_period_of_swings_are_the_predicted(
    momentum: float, period: float
) -> None:
    turn = math.cos(2 * math.pi / period)
    learning_rate = (1 + momentum - 2 * math.sqrt(momentum) * turn) / CURVATURE
    config = Config(learning_rate=learning_rate, momentum=momentum, steps=300)
    prediction, found = predict(config), measured(config)
    # A parabola through three of at least six updates a swing misses the peak's height by less
    # than 4 %, a line misses the crossing by less than 0.1 updates, and the first and the last
    # are 30 updates apart or more (0.7 to the 80th power is the floor).
    assert prediction.regime.startswith("swinging")
    assert found.rate == pytest.approx(prediction.rate, rel=0.005)
    assert found.period == pytest.approx(prediction.period, rel=0.01)


@few
@given(period=st.floats(6.5, 40), momentum=st.just(0.0) | st.floats(0.1, 1))
def test_the_measured_swings_where_zero_grad_is_forgotten(period: float, momentum: float) -> None:
    learning_rate = (1 - math.cos(2 * math.pi / period)) * 2 / CURVATURE
    config = Config(learning_rate=learning_rate, momentum=momentum, zero_grad=False, steps=300)
    prediction, found = predict(config), measured(config)
    # As above; 2 % where a third mode, at first as large, makes the first swings uneven.
    assert found.rate == pytest.approx(prediction.rate, rel=0.02)
    assert found.period == pytest.approx(prediction.period, rel=0.02)


@pytest.mark.parametrize(
    "fields",
    [
        {"learning_rate": 0.5, "zero_grad": False},  # errors 1, 0, -1, -1, 0, 1, ...
        {"learning_rate": 0.5, "momentum": 1.0},
        {"learning_rate": 0.5, "momentum": 0.8},
        {"learning_rate": 0.2, "momentum": 0.9},
    ],
)
def test_an_error_that_passes_through_zero_is_measured_on(fields: dict[str, Any]) -> None:
    config = Config(**fields, steps=300)
    prediction, found = predict(config), measured(config)
    # As above, with swings of six updates.
    assert found.rate == pytest.approx(prediction.rate, rel=0.005)
    assert found.period == pytest.approx(prediction.period, rel=0.01)


@pytest.mark.parametrize(
    ("learning_rate", "momentum"), [(1.9, 0.9), (0.0055, 0.8), (1.5, 0.5), (1.05, 0.1)]
)
def test_momentum_is_measured_in_the_long_run(learning_rate: float, momentum: float) -> None:
    """At first a faster mode of the other sign hides the one that lasts."""
    config = Config(learning_rate=learning_rate, momentum=momentum)
    # 1 %: after 50 updates the faster mode, at 0.88 of the slower one here, has 0.2 % left.
    assert measured(config).rate == pytest.approx(predict(config).rate, rel=0.01)


def test_one_step_leaves_nothing() -> None:
    config = Config(learning_rate=0.5)
    assert (predict(config).rate, predict(config).regime) == (0, "one step")
    assert measured(config).rate == 0
    assert measured(config).final_loss == 0
    assert math.isnan(measured(config).period)
    assert math.isnan(predict(config).period)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("steps", [0, 1, 50])
def test_where_nothing_moves_nothing_is_measured(momentum: float, steps: int) -> None:
    """No warning either: pytest turns those into errors."""
    config = Config(start=(1.0, 2.0), target=(1.0, 2.0), momentum=momentum, steps=steps)
    found = measured(config)
    assert math.isnan(found.rate)
    assert math.isnan(found.period)
    assert found.final_loss == 0
    assert predict(config).final_loss == 0


def test_a_rate_is_measured_far_from_zero_too() -> None:
    """float64 carries 16 digits of w = 10,000, so 12 of an error of 1."""
    config = Config(start=(1e4,), target=(1e4 + 1,), steps=1000)
    # 1 %: the error is worth following down to 1e-10 or so, some 200 updates.
    assert measured(config).rate == pytest.approx(0.9, rel=0.01)


def test_a_measured_loss_is_that_of_the_last_state() -> None:
    config = Config(momentum=0.3, steps=17)
    assert measured(config).final_loss == list(run(config))[-1].loss.item()


# --- Runs that leave for infinity.

FOR_INFINITY = [
    {"learning_rate": 1e150},
    {"learning_rate": 1e200},  # its square is beyond float64
    {"learning_rate": 1e308},
    {"learning_rate": 1e150, "momentum": 0.5},
    {"learning_rate": 1e150, "zero_grad": False},
    {"learning_rate": 1e308, "momentum": 0.5, "zero_grad": False},
    {"learning_rate": 1.5, "start": (0.0,), "target": (0.1,), "steps": 1100},
    {"learning_rate": 0.3, "momentum": 0.9, "zero_grad": False, "steps": 2000},
]


@pytest.mark.parametrize("fields", FOR_INFINITY)
def test_a_run_to_infinity_raises_nothing_and_says_so(fields: dict[str, Any]) -> None:
    config = Config(**fields)
    trace = record(config)
    assert not diverged(trace.states[0])
    assert diverged(trace.states[-1])
    lost = [not math.isfinite(loss) for loss in trace.losses]
    assert list(map(diverged, trace.states)) == lost
    assert first_not_finite(trace.losses) == lost.index(True)


@pytest.mark.parametrize("fields", FOR_INFINITY)
def test_a_run_to_infinity_is_predicted(fields: dict[str, Any]) -> None:
    prediction = predict(Config(**fields))
    assert prediction.regime == "diverging"
    assert prediction.rate > 1
    assert not math.isfinite(prediction.final_loss)


@pytest.mark.parametrize("fields", FOR_INFINITY)
def test_a_run_to_infinity_is_measured(fields: dict[str, Any]) -> None:
    config = Config(**fields)
    found = measured(config)
    assert not math.isfinite(found.final_loss)
    assert found.rate > 1


@pytest.mark.parametrize("learning_rate", [5e-324, 1e-300, 1e-17])
@pytest.mark.parametrize("momentum", [0.0, 0.5, 1.0])
def test_a_rate_too_small_to_move_is_predicted_to_stand_still(
    learning_rate: float, momentum: float
) -> None:
    config = Config(learning_rate=learning_rate, momentum=momentum)
    assert predict(config).rate == pytest.approx(1, abs=1e-15)  # 1 - ηλ rounds to 1
    # With momentum 1 the moves add up as ηλk²/2, 1e-13 after a hundred updates.
    assert predict(config).final_loss == pytest.approx(15, rel=1e-12)


losses = st.lists(
    st.floats(0, 3, allow_nan=False) | st.sampled_from([math.nan, math.inf]), max_size=8
)


@few
@given(first=st.floats(0, 3), rest=losses)
def test_departure_is_the_update_from_which_on_all_is_above_the_start(
    first: float, rest: list[float]
) -> None:
    loss = np.array([first, *rest])
    above = [k for k in range(1, len(loss)) if not (loss[k:] <= first).any()]
    assert departure(loss) == (above[0] if above else None)


def test_departure_of_runs() -> None:
    assert departure(record(Config()).losses) is None
    assert departure(record(Config(learning_rate=1.05)).losses) == 1
    assert departure(record(Config(learning_rate=0.3, momentum=0.95)).losses) is None
    assert departure(record(Config(steps=0)).losses) is None


@few
@given(rest=losses)
def test_first_not_finite_is_the_first(rest: list[float]) -> None:
    lost = [k for k, loss in enumerate([1.0, *rest]) if not math.isfinite(loss)]
    assert first_not_finite(np.array([1.0, *rest])) == (lost[0] if lost else None)


# --- What is worth a look.


@few
@given(config=configs(), share=st.floats(0.01, 1))
def test_a_run_that_learns_stays_in_the_window(config: Config, share: float) -> None:
    learns = replace(config, learning_rate=share, momentum=0.0, zero_grad=True)
    low, high = window(learns)
    assert low < high
    seen = record(learns).weights
    assert low <= seen.min()
    assert seen.max() <= high


def test_a_run_that_diverges_leaves_the_window() -> None:
    config = Config(learning_rate=1.05)
    low, high = window(config)
    last = record(config).weights[-1]
    assert (last < low).any() or (last > high).any()


def test_the_window_of_weights_on_their_targets_has_a_width() -> None:
    low, high = window(Config(start=(2.0,), target=(2.0,)))
    assert low < 2 < high


def test_theory_follows_changes_of_settings_on_the_way():
    first = Config(learning_rate=0.05, steps=80)
    course = (
        (0, first),
        (20, replace(first, learning_rate=0.3, momentum=0.6)),
        (35, replace(first, learning_rate=0.02, zero_grad=False)),
        (60, replace(first, learning_rate=0.4)),
    )
    states = list(play(run, course))
    weights = np.stack([state.weights.numpy() for state in states])
    losses = np.array([state.loss.item() for state in states])
    np.testing.assert_allclose(predicted_weights(first, *course[1:]), weights, atol=1e-12)
    # Rounding of w, not of w - t: the loss is true to about 1e-16 of the weights, squared.
    np.testing.assert_allclose(predicted_loss(first, *course[1:]), losses, rtol=1e-6, atol=1e-26)
