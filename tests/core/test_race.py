"""One lesson with several values of a field side by side, against runs of each value alone.

The laws of a lesson, resuming, steering and pickling among them, stand in test_contract.py.
"""

import gc
import math
import pickle
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core import gradient_descent, matrix_game, sine_fit
from core.course import play
from core.race import Race, race
from core.recording import Recording, shared

few = settings(max_examples=30, deadline=None)
OPTIMISERS = race(sine_fit, "optimiser", tuple(sine_fit.OPTIMISERS))
LENGTHS = race(sine_fit, "steps", (0, 4, 9, 30))


def same(one: Any, other: Any) -> bool:
    """Whether two states are equal bit for bit, but for kinds of nan."""
    if isinstance(one, torch.Tensor):
        return torch.equal(torch.nan_to_num(one, 7.0), torch.nan_to_num(other, 7.0))
    if isinstance(one, tuple):
        pairs = zip(one, other, strict=True)
        return type(one) is type(other) and all(same(*pair) for pair in pairs)
    return one == other


# --- A made-up lesson, of which only every third state can be resumed.


@dataclass(frozen=True, slots=True)
class Config:
    by: int = 1
    speed: int = 1
    steps: int = 12


class State(NamedTuple):
    step: int
    place: int | None


def run(config: Config, state: State | None = None) -> Iterator[State]:
    state = state or State(0, 0)
    yield state
    place = state.place
    for step in range(state.step + 1, config.steps + 1):
        assert place is not None
        place += config.by * config.speed
        yield State(step, place)


def lesson(name: str, **names: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(Config=Config, State=State, run=run, LIVE=frozenset({"speed"}), RANGES={})
    vars(module).update(names)
    return module


def test_a_step_of_a_race_is_called_what_it_is_in_the_lesson():
    assert race(lesson("epochs", STEP="epoch"), "by", (1, 2)).STEP == "epoch"
    assert race(lesson("updates"), "by", (1, 2)).STEP == "update"


# --- The lanes.


@few
@given(
    field=st.sampled_from(["points", "seed", "width", "steps", "optimiser", "reduction"]),
    steps=st.integers(0, 12),
    data=st.data(),
)
def test_each_lane_is_the_run_of_its_value(field: str, steps: int, data: st.DataObject) -> None:
    """At its last state where it has fewer steps than the config, cut where it has more."""
    value = {
        "points": st.integers(1, 60),
        "seed": st.integers(0, 2**40),
        "width": st.floats(0.1, 30),
        "steps": st.integers(0, 15),
        "optimiser": st.sampled_from(list(sine_fit.OPTIMISERS)),
        "reduction": st.sampled_from(sine_fit.REDUCTIONS),
    }[field]
    values = data.draw(st.lists(value, min_size=1, max_size=3, unique=True))
    config = sine_fit.Config(points=50, noise=0.1, steps=steps)
    states = list(race(sine_fit, field, values).run(config))
    for lane, one in enumerate(values):
        alone = list(sine_fit.run(replace(config, **{field: one})))
        steps = len(states) if field == "steps" else config.steps + 1
        for k in range(steps):
            assert same(states[k].lanes[lane], alone[min(k, len(alone) - 1)])


@few
@given(resumed=st.integers(0, 12))
def test_a_race_that_goes_on_is_lanes_that_go_on(resumed: int) -> None:
    """From a state that is handed back as it is; lanes at rest too."""
    config = sine_fit.Config(points=50, steps=12)
    states = list(LENGTHS.run(config))
    rest = list(LENGTHS.run(config, states[resumed]))
    assert rest[0] is states[resumed]
    assert len(rest) == len(states) - resumed
    assert all(map(same, rest, states[resumed:]))


def test_columns_are_those_of_each_lane_by_its_own_config() -> None:
    """`wave` of a wider field is drawn over it: a frame made by another config would show."""
    config = sine_fit.Config(points=50, steps=3)
    widths = (2.0, 6.0, 20.0)
    wide = race(sine_fit, "width", widths)
    *_, last = wide.run(config)
    columns = wide.frame(config, last)
    names = sine_fit.frame(config, last.lanes[0]).keys()
    assert list(columns) == [f"lane_{i}_{name}" for i in range(3) for name in names]
    for i, width in enumerate(widths):
        alone = sine_fit.frame(replace(config, width=width), last.lanes[i])
        for name in names:
            np.testing.assert_array_equal(columns[f"lane_{i}_{name}"], alone[name])


def test_a_lane_alone_is_the_run_of_its_value() -> None:
    """What a page asks of one: its own columns, its own settings all the way."""
    slow = sine_fit.Config(points=50, steps=8)
    fast = replace(slow, step_size=0.3)
    both = race(sine_fit, "optimiser", ("adam", "newton"))
    frames = Recording(both.run, ((0, slow), (3, fast)), frame=both.frame).finish(60)
    for k, optimiser in enumerate(("adam", "newton")):
        own = replace(slow, optimiser=optimiser), (3, replace(fast, optimiser=optimiser))
        assert both.legs(k, slow, (3, fast)) == own
        alone = Recording(sine_fit.run, ((0, own[0]), own[1]), frame=sine_fit.frame).finish(60)
        lane = both.lane(frames, k)
        assert lane.columns.keys() == alone.columns.keys()
        for name, values in alone.columns.items():
            np.testing.assert_array_equal(lane.columns[name], values)


def test_a_live_change_reaches_every_lane_but_those_at_rest() -> None:
    """Their numbers stay those of their last update, also what a frame makes of the settings."""
    slow = sine_fit.Config(points=50, steps=12, step_size=0.1)
    fast = replace(slow, step_size=0.3)
    recording = Recording(LENGTHS.run, ((0, slow), (6, fast)), frame=LENGTHS.frame)
    columns = recording.finish(60).columns
    sizes = [columns[f"lane_{i}_step_size"].tolist() for i in range(4)]
    assert sizes[:2] == [[0.1] * 13] * 2  # which rest since update 0 and 4
    assert sizes[2:] == [[0.1] * 7 + [0.3] * 6] * 2
    lane = tuple((k, replace(config, steps=9)) for k, config in recording.course)
    for i, alone in ((1, ((0, replace(slow, steps=4)),)), (2, lane)):
        *_, last = play(sine_fit.run, alone)
        assert same(recording.at(12).lanes[i], last)


def test_a_steered_race_is_shared_and_goes_on_from_what_is_known() -> None:
    slow = sine_fit.Config(points=50, steps=12)
    course = ((0, slow), (6, replace(slow, step_size=0.3)))
    recording = shared(OPTIMISERS.run, course, frame=OPTIMISERS.frame)
    again = race(sine_fit, "optimiser", list(sine_fit.OPTIMISERS))
    assert shared(again.run, course, frame=again.frame) is recording
    expected = list(play(OPTIMISERS.run, course))
    losses = recording.finish(60).columns["lane_3_loss"]
    assert losses.tolist() == [state.lanes[3].loss.item() for state in expected]
    assert same(recording.at(9), expected[9])


# --- What else a lesson has.


def test_what_does_not_depend_on_the_lane_is_the_lessons_own() -> None:
    for name in ("Config", "LIVE", "RANGES", "__name__"):
        assert getattr(OPTIMISERS, name) is getattr(sine_fit, name)


def test_a_race_has_diverged_when_one_lane_has() -> None:
    wild = race(gradient_descent, "start", ((1.0,) * 5, (1e200,) * 5))
    (state,) = wild.run(gradient_descent.Config(steps=0))
    assert wild.diverged(state)  # the square of 1e200 is inf
    calm = race(gradient_descent, "start", ((1.0,) * 5, (2.0,) * 5))
    (state,) = calm.run(gradient_descent.Config(steps=0))
    assert not calm.diverged(state)
    assert math.isfinite(sum(lane.loss.item() for lane in state.lanes))


def test_a_race_goes_on_from_where_each_lane_can() -> None:
    """A lane at rest can go on from its last state, whatever the step of the race."""
    thirds = race(
        lesson("thirds", resumable=lambda state: state.step % 3 == 0), "steps", (3, 5, 12)
    )
    told = [state.step for state in thirds.run(Config()) if thirds.resumable(state)]
    assert told == [0, 3]  # the second lane rests at 5
    always = race(lesson("always"), "steps", (3, 5, 12))
    assert all(map(always.resumable, always.run(Config())))


def test_the_script_of_a_race_is_that_of_each_lane() -> None:
    config = sine_fit.Config(points=50, steps=3)
    pair = race(sine_fit, "optimiser", ("adam", "newton"))
    printed = ""
    for name in pair.values:
        printed += output(sine_fit.plain_pytorch(replace(config, optimiser=name)))
    script = pair.plain_pytorch(config)
    assert output(script) == printed
    assert "# optimiser = 'newton'" in script


def output(script: str) -> str:
    with redirect_stdout(StringIO()) as printed:
        exec(script, {})
    return printed.getvalue()


# --- One object for one race.


def test_a_race_is_the_same_object_while_anyone_has_it() -> None:
    values = ((1.0,) * 5, (3.0,) * 5)
    one = race(gradient_descent, "start", values)
    assert race(gradient_descent, "start", list(values)) is one
    assert race("core.gradient_descent", "start", iter(values)) is one
    assert pickle.loads(pickle.dumps(one)) is one
    assert race(gradient_descent, "start", values[::-1]) is not one
    assert race(gradient_descent, "target", values) is not one
    gone = weakref.ref(one)
    sent = pickle.dumps(one)
    del one
    gc.collect()
    assert gone() is None
    assert pickle.loads(sent).values == values


class Slow(int):
    """A value that lets other threads go first whenever it is looked up."""

    def __hash__(self) -> int:
        time.sleep(0.001)
        return int(self)


def test_threads_that_ask_at_once_get_the_same_object() -> None:
    slow, barrier, found = lesson("slow"), threading.Barrier(8), []

    def ask() -> None:
        barrier.wait()
        found.append(race(slow, "by", (Slow(1), Slow(2))))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


# --- What is refused.


@pytest.mark.parametrize(
    ("make", "culprit", "allowed"),
    [
        (lambda: race(sine_fit, "optimizer", ("adam",)), "field = 'optimizer'", "optimiser"),
        (lambda: race(sine_fit, "run", (1,)), "field = 'run'", "one of points, width"),
        (lambda: race(sine_fit, "decay", (0.0,)), "field = 'decay'", "seed, device"),
        (lambda: race(matrix_game, "learner", ("naive",)), "field = 'learner'", "rivals"),
        (lambda: race(sine_fit, "seed", ()), "seed = ()", "at least 1 value"),
        (lambda: race(sine_fit, "seed", (3, 4, 3)), "seed = 3", "only once"),
        (lambda: race(sine_fit, "noise", (0, 0.0)), "noise = 0.0", "only once"),
        (lambda: race(sine_fit, "seed", (3, -4)), "seed = -4", "at least 0"),
        (lambda: race(sine_fit, "seed", (3, 4.0)), "seed = 4.0", "a whole number"),
        (lambda: race(sine_fit, "optimiser", "sgd"), "optimiser = 's'", "adam, newton"),
        (lambda: race(matrix_game, "rivals", (["naive"],)), "rivals = ['naive']", "a tuple"),
    ],
)
def test_what_cannot_be_raced_is_refused_by_name(
    make: Callable[[], Race], culprit: str, allowed: str
) -> None:
    kept = race(sine_fit, "seed", (3, 4))  # equal to a refused one: 4 == 4.0
    with pytest.raises(ValueError, match="is not allowed: it must be") as caught:
        make()
    message = str(caught.value)
    assert message.startswith(f"{culprit} is not allowed")
    assert allowed in message.partition("must be")[2]
    assert kept.values == (3, 4)


def test_a_live_field_is_not_among_what_may_be_raced() -> None:
    with pytest.raises(ValueError, match="one of by, steps") as caught:
        race(lesson("made up"), "speed", (1, 2))
    assert "speed" not in str(caught.value).partition("must be")[2]


def test_a_value_that_the_rest_of_the_config_forbids_stops_the_run_at_its_start() -> None:
    """Five weights beside a target of two: a page shows the message of the Config."""
    five = race(gradient_descent, "start", ((1.0,) * 5, (2.0,) * 5))
    with pytest.raises(ValueError, match="5 numbers, not 2"):
        next(five.run(gradient_descent.Config(start=(0.0, 0.0), target=(1.0, 2.0))))
