"""What a page shows as measured is near what theory predicts, whatever the run and its forks.

A run too short to tell is told as such: `needed` of each lesson, which asks theory alone. So each
number left must be near the predicted one. How near, and why, stands at each check.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core import gradient_descent, linear_regression, matrix_game
from core.recording import Course, Recording
from core.theory import gradient_descent as descent_theory
from core.theory.enough import TRUST
from core.theory.linear_regression import measurement as regression_theory
from core.theory.matrix_game import foreseen as game_theory

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
        for theory in (descent_theory, regression_theory, game_theory):
            patch.setattr(theory, "fewest", lambda *_: None)
        yield


def recorded(lesson, course: Course) -> Recording:
    recording = Recording(lesson.run, course, frame=lesson.frame)
    recording.finish(60)
    return recording


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


@some
@given(descents())
def test_what_gradient_descent_shows_is_near_the_predicted(course: Course) -> None:
    lesson, config = gradient_descent, course[-1][1]
    columns = recorded(lesson, course).finish(0).columns
    losses = lesson.predicted_loss(*legs(course))
    since = course[-1][0]
    stale = since > 0 and config.zero_grad and not course[-2][1].zero_grad
    begin = min(since + stale, config.steps)
    prediction = lesson.predict(config)
    found = lesson.measure(config, columns["weights"][begin:], columns["loss"][begin:])
    if len(columns["loss"]) <= config.steps:
        return  # it stopped

    if losses[begin:].any():
        if lesson.needed("rate", begin, *legs(course)) == config.steps:
            assert_rate(found.rate, prediction.rate, 0.02)
        if (
            prediction.regime.startswith("swinging")
            and lesson.needed("period", begin, *legs(course)) == config.steps
        ):
            assert found.period == pytest.approx(prediction.period, rel=2 * TRUST)
    assert_loss(found.final_loss, float(losses[-1]), lesson.rounding_loss(*legs(course)))


def assert_loss(found: float, value: float, rounding: float) -> None:
    """To TRUST, but for rounding; below `rounding` a page says so. Of numbers near the largest,
    squares are lost.
    """
    if value < rounding or not value < 1e290:
        return
    assert math.sqrt(found) == pytest.approx(
        math.sqrt(value), rel=TRUST, abs=math.sqrt(rounding) + 1e-150
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
    lesson, (since, config) = linear_regression, course[-1]
    columns = recorded(lesson, course).finish(0).columns
    if len(columns["loss"]) <= config.steps:
        return  # it stopped
    prediction = lesson.predict(config)
    found = lesson.measure(config, *(columns[n][since:] for n in ("x", "gradient", "loss")))
    errors = lesson.predicted_modes(*legs(course))
    if errors[since:].any() and prediction.moving:
        for index, count in lesson.needed(*legs(course)).items():
            if count == config.steps and index is not None:
                assert_rate(found.rates[index], prediction.modes[index].rate, 0.02)
            elif count == config.steps:
                assert_rate(found.rate, prediction.rate, 0.02)
    for name in ("critical_damping_factor", "best_damping_factor"):
        value = getattr(found, name)
        if not math.isnan(value):  # from errors of 100 digits or more
            assert value == pytest.approx(getattr(prediction, name), rel=2 * TRUST)
    losses = lesson.predicted_loss(*legs(course))
    assert_loss(found.final_loss, float(losses[-1]), lesson.rounding_loss(*legs(course)))


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
    lesson, (since, config) = matrix_game, course[-1]
    frames = list(recorded(lesson, course).finish(0).columns.items())
    columns = {name: values[-(-since // every) * every :: every] for name, values in frames}
    end = [float(values[-1, 0]) for name, values in frames if name in ("p", "q")]
    found = lesson.measure(config, columns, every)
    seen = lesson.foreseen(0, every, *legs(course))
    game, follows = lesson.analyse(config), config.learner in lesson.FLOWING
    if game.kind == "cycle" and follows:
        start = tuple(lesson.predicted_course(0, *legs(course))[since].tolist())
        spans = [np.ptp(R) for R in (config.payoff_0, config.payoff_1)]
        rows = [
            (lesson.orbit_period(config, start), found.first_lap, seen.measured.first_lap, None),
            (lesson.drift(config, start), found.gained, seen.measured.gained, None),
            *zip(
                game[1:5], found.averages, seen.measured.averages, (None, None, *spans), strict=True
            ),
            (game.half_life, abs(found.half_lives[0]), abs(seen.measured.half_lives[0]), None),
        ]
        for value, shown, expected, scale in rows:
            if lesson.obeys(value, expected, scale):
                # SMALL: theory of the first order in η; the rest is rounding, seven digits of it.
                size = abs(value if scale is None else scale)
                assert abs(shown - value) <= (lesson.SMALL + 1e-6) * size, (value, shown)
        return
    lap = (game.period, found.last_lap, seen.measured.last_lap)
    nowhere = game.kind == "cycle"
    start = config.starts[0] if nowhere else lesson.predicted_course(0, *legs(course))[since]
    goals = lesson.rest(config) if nowhere else lesson.corner(config, tuple(start))
    rows = [(goals[0], end[0], seen.end[0]), (goals[1], end[1], seen.end[1])]
    if nowhere:
        rows += [lap, (game.half_life, abs(found.half_lives[0]), abs(seen.measured.half_lives[0]))]
    for value, shown, expected in rows:
        if lesson.settles(value, expected) and math.isfinite(value):
            # As the predicted course, but for rounding: seven digits are left above FLOOR.
            assert abs(shown - value) <= (TRUST + 1e-6) * abs(value or 1), (value, shown)
