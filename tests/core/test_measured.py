"""What a page shows as measured is near what theory predicts, whatever the run and its forks.

A run too short to tell is told as such: `Finding.needed`, of which theory alone is asked. So each
number left must be near the predicted one. How near, and why, stands at each check.
"""

import importlib
import math
import pkgutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core import (
    datasets,
    gradient_descent,
    linear_regression,
    matrix_game,
    mnist,
    sine_fit,
    theory,
    xor,
)
from core.recording import Course, Recording
from core.theory import enough
from core.theory.enough import TRUST
from core.theory.finding import Finding
from core.theory.sine_fit.two_cycle import NEAR

some = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
# What a page's controls allow; round numbers, near ones and tiny ones.
ENTRIES = (
    st.integers(-9, 9).map(float)
    | st.floats(-1e6, 1e6)
    | st.floats(-10, 10)
    | st.sampled_from([0.0, -0.0, 1e-320, 1e-160, 1e-9, 1e6, -1e6, 1e6 - 1e-6])
)
FACTORS = st.integers(1, 240).map(lambda k: k * 0.005)
MOMENTA = st.sampled_from([0.0, 0.0, 0.5, 0.9, 0.99, 1.0]) | st.floats(0, 1)
LENGTHS = st.integers(1, 300) | st.sampled_from([1, 2, 3, 10])


@pytest.fixture(autouse=True, scope="module")
def no_search():
    """How many updates would do is not asked here, only whether these do."""
    with pytest.MonkeyPatch.context() as patch:
        for found in pkgutil.walk_packages(theory.__path__, "core.theory."):
            module = importlib.import_module(found.name)
            if hasattr(module, "fewest") and module is not enough:
                patch.setattr(module, "fewest", lambda *_: None)
        yield


def recorded(lesson, course: Course, every: int = 1) -> Recording:
    recording = Recording(lesson.run, course, frame=lesson.frame, every=every)
    recording.finish(60)
    return recording


def shown(lesson, course: Course) -> list[Finding]:
    """What a page shows as measured of a run that did not stop."""
    frames = recorded(lesson, course).finish(0)
    steps = course[-1][1].steps
    found = lesson.findings(frames, *legs(course)) if len(frames.steps) > steps else []
    return [one for one in found if one.shown(steps)]


def course_of(config, changes: dict, at: float) -> Course:
    """The run of `config`, or where there are changes, these from a part `at` of it on."""
    step = 1 + int(at * (config.steps - 1))
    if not changes or step >= config.steps:
        return ((0, config),)
    return ((0, config), (step, replace(config, **changes)))


def legs(course: Course) -> tuple:
    return (course[0][1], *course[1:])


def assert_rate(found: float, value: float, rounding: float = 0.0) -> None:
    """Within TRUST of how fast the error shrinks, as foretold, and what rounding adds to that.

    An error is followed down to 100 units of its last digit: 1 % at either end of what is measured.
    """
    if found == value or math.isnan(found):  # nan: nothing but rounding left, and the page says —
        return
    assert found > 0
    assert value > 0
    away = abs(math.log(found / value))
    assert away <= TRUST * abs(math.log(value)) + 1e-6 + rounding, (found, value)


# --- Gradient descent.


@st.composite
def descents(draw) -> Course:
    size = draw(st.integers(1, 3))
    vector = st.lists(ENTRIES, min_size=size, max_size=size).map(tuple)
    live = {"learning_rate": FACTORS, "momentum": MOMENTA, "zero_grad": st.booleans()}
    config = gradient_descent.Config(
        start=draw(vector),
        target=draw(vector),
        steps=draw(LENGTHS),
        **{field: draw(values) for field, values in live.items()},
    )
    changes = draw(st.just({}) | st.fixed_dictionaries({}, optional=live))
    return course_of(config, changes, draw(st.floats(0, 1)))


OPPOSITE = gradient_descent.Config((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), 0.245, steps=111)


@some
@given(descents())
@example(course_of(OPPOSITE, {"learning_rate": 0.015}, 0.5))  # at rest but for rounding
@example(course_of(replace(OPPOSITE, momentum=0.99), {"learning_rate": 0.01}, 0.5))
@example(course_of(gradient_descent.Config((0.0,), (1e-165,), zero_grad=False, steps=1), {}, 0))
def test_what_gradient_descent_shows_is_near_the_predicted(course: Course) -> None:
    for found in shown(gradient_descent, course):
        if found.quantity == "rate":
            assert_rate(found.measured, found.predicted, 0.02)
        elif found.quantity == "period":
            if found.needed == 0 and math.isnan(found.measured):
                continue  # nothing moves
            assert found.measured == pytest.approx(found.predicted, rel=2 * TRUST)
        else:
            assert_loss(found)


def test_the_settings_decide_from_the_first_update_that_the_old_gradient_has_left() -> None:
    before = gradient_descent.Config(learning_rate=0.1, zero_grad=False, steps=40)
    course = course_of(before, {"zero_grad": True}, 0.25)
    begin, rate = gradient_descent.in_force(*legs(course)), 1 - 0.1 * 2
    losses = recorded(gradient_descent, course).finish(0).columns["loss"]
    assert losses[begin + 1 :] == pytest.approx(losses[begin:-1] * rate**2)
    assert losses[begin] != pytest.approx(losses[begin - 1] * rate**2, rel=0.1)


def assert_loss(found: Finding) -> None:
    """To TRUST, but for rounding; below `floor` a page says so. Of numbers near the largest,
    squares are lost.
    """
    assert found.quantity == "final_loss"
    if found.predicted < found.floor or not found.predicted < 1e290:
        return
    assert math.sqrt(found.measured) == pytest.approx(
        math.sqrt(found.predicted), rel=TRUST, abs=math.sqrt(found.floor) + 1e-150
    )


# --- Linear regression.


@st.composite
def regressions(draw) -> Course:
    pair = st.tuples(ENTRIES, ENTRIES)
    live = {"damping_factor": FACTORS, "momentum": MOMENTA}
    gentle = st.integers(-20, 20).map(lambda k: k / 20)
    config = linear_regression.Config(
        A=draw(st.tuples(*[st.tuples(gentle, gentle)] * 2) | st.tuples(pair, pair)),
        b=draw(pair),
        start=draw(pair),
        steps=draw(LENGTHS),
        **{field: draw(values) for field, values in live.items()},
    )
    changes = draw(st.just({}) | st.fixed_dictionaries({}, optional=live))
    return course_of(config, changes, draw(st.floats(0, 1)))


VALLEY = linear_regression.Config(
    A=((-0.3, 0.6), (0.45, 0.45)),
    b=(0.0, 1.0),
    start=(0.0, 4238.0),
    damping_factor=0.18,
    momentum=0.5,
    steps=193,
)


@some
@given(regressions())
@example(course_of(VALLEY, {"damping_factor": 0.005}, 0.75))  # at rest but for rounding
def test_what_linear_regression_shows_is_near_the_predicted(course: Course) -> None:
    for found in shown(linear_regression, course):
        if found.quantity in ("rate", "all"):
            assert_rate(found.measured, found.predicted, 0.02)
        elif found.quantity in ("critical_damping_factor", "best_damping_factor"):
            # From errors of 100 digits or more.
            if not math.isnan(found.measured):
                assert found.measured == pytest.approx(found.predicted, rel=2 * TRUST)
        elif found.quantity != "per_decimal":  # which follows from the rate
            assert_loss(found)


# --- The matrix game.


@st.composite
def games(draw) -> Course:
    entry = st.integers(-5, 5).map(float) | st.floats(-5, 5)
    payoffs = st.tuples(*[st.tuples(entry, entry)] * 2)
    live = {
        "learning_rate": st.floats(0.001, 0.5),
        "learner": st.sampled_from(list(matrix_game.LEARNERS)),
        "learner_step": st.floats(0.05, 5),
    }
    around = draw(st.booleans())
    c0, c1, p, q = (
        draw(st.floats(low, high)) for low, high in ((1, 8), (1, 8), *[(0.05, 0.95)] * 2)
    )
    cycle = (((c0 * (1 - q), -c0 * q), (0.0, 0.0)), ((-c1 * (1 - p), 0.0), (c1 * p, 0.0)))
    payoff_0, payoff_1 = cycle if around else (draw(payoffs), draw(payoffs))
    config = matrix_game.Config(
        payoff_0,
        payoff_1,
        starts=(draw(st.tuples(st.floats(-4, 4), st.floats(-4, 4))),),
        steps=draw(st.integers(1, 15).map(lambda k: 100 * k)),
        **{field: draw(values) for field, values in live.items()},
    )
    changes = draw(st.just({}) | st.fixed_dictionaries({}, optional=live))
    return course_of(config, changes, draw(st.floats(0, 1)))


@some
@given(games(), st.sampled_from([1, 1, 3, 11]))
def test_what_the_matrix_game_shows_is_near_the_predicted(course: Course, every: int) -> None:
    config = course[-1][1]
    recording = recorded(matrix_game, course, every)
    frames = recording.finish(0)
    _, findings = matrix_game.findings(frames, every, 1, *legs(course))
    follows = config.learner in matrix_game.FLOWING
    for found in findings:
        if not found.shown(config.steps) or not math.isfinite(found.predicted):
            continue
        if found.quantity == "tiny_lap":
            assert math.isnan(found.measured)
        elif found.quantity.startswith(("end", "corner")) or not follows:
            # As the predicted course, but for rounding: seven digits are left above FLOOR.
            assert_within(found, (TRUST + 1e-6) * abs(found.predicted or 1))
        else:
            # SMALL: theory of the first order in η; the rest is rounding, seven digits of it.
            span = {"value_0": np.ptp(config.payoff_0), "value_1": np.ptp(config.payoff_1)}
            size = span.get(found.quantity, abs(found.predicted))
            assert_within(found, (matrix_game.SMALL + 1e-6) * size)


def assert_within(found: Finding, room: float) -> None:
    assert abs(found.measured - found.predicted) <= room, found


# --- The sine fit.


@st.composite
def fits(draw) -> Course:
    live = {
        "step_size": st.sampled_from([0.001, 0.01, 0.05, 0.1, 0.2, 0.3]) | st.floats(1e-4, 0.4),
        "momentum": st.sampled_from([0.0, 0.0, 0.3, 0.9]),
        "decay": st.sampled_from([0.0, 0.0, 0.1]),
    }
    config = sine_fit.Config(
        points=draw(st.sampled_from([50, 200, 1000])),
        noise=draw(st.sampled_from([0.0, 0.1])),
        frequency=draw(st.sampled_from([0.9, 1.0, 1.1, 3.0])),
        second_amplitude=draw(st.sampled_from([0.0, 0.0, 0.5])),
        optimiser=draw(st.sampled_from(["normalised", "normalised", *sine_fit.OPTIMISERS])),
        reduction=draw(st.sampled_from(sine_fit.REDUCTIONS)),
        seed=draw(st.integers(0, 9)),
        steps=draw(st.integers(1, 400)),
        **{field: draw(values) for field, values in live.items()},
    )
    changes = draw(st.just({}) | st.fixed_dictionaries({}, optional=live))
    return course_of(config, changes, draw(st.floats(0, 1)))


@some
@given(fits())
def test_what_the_sine_fit_shows_is_near_the_predicted(course: Course) -> None:
    frames = recorded(sine_fit, course).finish(0)
    _, findings = sine_fit.findings(frames, *legs(course))
    theory, now = sine_fit.predict(*legs(course)), course[-1][1]
    for found in findings:
        if not found.shown(now.steps) or math.isnan(found.predicted):
            continue
        if found.quantity in ("amplitude", "frequency"):
            begin = sine_fit.predicted_course(*legs(course))[course[-1][0]]
            room = TRUST * (1 + 2 * math.hypot(*begin))
        else:  # as far from theory as the predicted course may be, and TRUST from where that ends
            assert theory
            room = (NEAR + TRUST) * theory.amplitude
        assert_within(found, room)


# --- XOR.


@st.composite
def classifiers(draw) -> Course:
    live = {
        "learning_rate": st.sampled_from([0.01, 0.1, 1.0, 5.0, 1e30]),
        "momentum": st.sampled_from([0.0, 0.0, 0.9]),
        "weight_decay": st.sampled_from([0.0, 0.0, 0.1]),
        "held": st.sampled_from([(), (("linear1.bias", 0, 2.0),)]),
    }
    config = xor.Config(
        data=draw(st.sampled_from(["xor", "circle", "moons", "spiral", "blobs"])),
        samples=draw(st.integers(1, 300)),
        noise=draw(st.sampled_from([0.0, 0.1, 0.5])),
        features=draw(st.sampled_from([("x", "y"), ("x", "y", "xy"), ("x^2", "sin y")])),
        layers=draw(st.integers(1, 2)),
        activation=draw(st.sampled_from(["linear", "linear", "tanh", "relu"])),
        loss=draw(st.sampled_from(list(xor.LOSSES))),
        seed=draw(st.integers(0, 9)),
        epochs=draw(st.integers(1, 30)),
        **{field: draw(values) for field, values in live.items()},
    )
    changes = draw(st.just({}) | st.fixed_dictionaries({}, optional=live))
    return course_of(config, changes, draw(st.floats(0, 1)))


@some
@given(classifiers())
def test_what_xor_shows_keeps_the_limits_of_theory(course: Course) -> None:
    """It predicts no number of a run but what there is to learn; the rest are limits. Those of
    accuracy are of new points, which a handful of points may pass.
    """
    found = {one.quantity: one for one in shown(xor, course)}
    assert found["parameters"].measured == found["parameters"].predicted
    assert 0 <= found["accuracy"].measured <= 1
    loss = found["loss"]
    assert math.isnan(loss.limit) == (course[-1][1].activation != "linear")
    # No straight line has less, whatever the updates: but for rounding in seven digits.
    assert not loss.measured < loss.limit - 1e-6


# --- MNIST.


@st.composite
def readers(draw) -> Course:
    rates = st.sampled_from([1e-3, 0.1, 1.0, 3.0])
    config = mnist.Config(
        dataset="digits",
        hidden=tuple(draw(st.lists(st.integers(1, 12), min_size=1, max_size=2))),
        softmax=draw(st.booleans()),
        learning_rate=draw(rates),
        batch_size=draw(st.integers(100, 1_438)),
        epochs=draw(st.integers(1, 2)),
        initial=draw(st.sampled_from(mnist.INITIALS)),
        shuffle=draw(st.booleans()),
        seed=draw(st.integers(0, 9)),
    )
    if config.epochs == 1 or draw(st.booleans()):
        return ((0, config),)
    return ((0, config), (config.batches, replace(config, learning_rate=draw(rates))))


@some
@given(readers())
@example(((0, mnist.Config("digits", initial="uniform", epochs=1)),))  # certain, for ever
@example(((0, mnist.Config("digits", (1,), batch_size=100, epochs=1, initial="uniform", seed=4)),))
def test_what_mnist_shows_keeps_the_limits_of_theory(course: Course) -> None:
    config = course[-1][1]
    found = {one.quantity: one for one in shown(mnist, course)}
    assert found.keys() <= {"floor", "certain_loss", "gradient"}  # the document has no such run
    if "floor" in found:
        # Numbers of seven digits.
        assert found["floor"].measured >= found["floor"].limit - 1e-6
    if config == mnist.Config("digits", initial="uniform", epochs=1):
        assert "gradient" in found
    if "gradient" in found:
        assert found["gradient"].predicted == 0
        assert found["gradient"].measured < 1e-6  # a probability has seven digits
        # Batches count alike, and the last one is smaller: by so much other weights can move the
        # mean of losses that are at most 1 apart.
        tests, size = datasets.SIZES["digits"][1], config.batch_size
        sizes = [min(size, tests - first) for first in range(0, tests, size)]
        moves = sum(abs(1 / len(sizes) - one / tests) for one in sizes) / 2
        one = found["certain_loss"]
        assert one.measured == pytest.approx(one.predicted, abs=moves + 1e-6)
