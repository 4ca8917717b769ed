"""A course walked leg by leg, against loops that ask at each update which settings hold."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.course import (
    Course,
    check_course,
    common_steps,
    legs,
    lengthened,
    play,
    settings_at,
    walk,
)


@dataclass(frozen=True)
class Push:
    by: float = 1.0
    steps: int = 20


class Place(NamedTuple):
    step: int
    x: float


def run(config: Push, state: Place | None = None):
    state = state or Place(0, 1.0)
    yield state
    for step in range(state.step + 1, config.steps + 1):
        state = Place(step, state.x / 2 + config.by)
        yield state


def update_of(config: Push) -> Callable[[float], float]:
    return lambda x: x / 2 + config.by


@st.composite
def courses(draw: st.DrawFn) -> Course:
    steps = draw(st.integers(0, 20))
    changes = draw(st.lists(st.integers(1, 20), max_size=4, unique=True))
    begins = [0, *sorted(step for step in changes if step <= steps)]
    return tuple((begin, Push(draw(st.floats(-5, 5)), steps)) for begin in begins)


@given(courses())
def test_a_walk_takes_at_each_update_the_settings_that_hold(course: Course) -> None:
    x, expected = 1.0, [1.0]
    for step in range(course[-1][1].steps):
        *_, now = (config for begin, config in course if begin <= step)
        x = x / 2 + now.by
        expected.append(x)
    assert list(walk(course, 1.0, update_of)) == expected
    assert list(play(run, course)) == list(map(Place, range(len(expected)), expected))


@given(courses())
def test_legs_follow_each_other_from_the_start_to_the_end(course: Course) -> None:
    parts = legs(course)
    assert [(leg.begin, leg.settings) for leg in parts] == list(course)
    assert [leg.end for leg in parts] == [*(begin for begin, _ in course[1:]), parts[-1].end]
    assert parts[-1].end == course[-1][1].steps


@given(courses())
def test_the_settings_at_a_step_are_those_of_the_update_that_led_there(course: Course) -> None:
    """Walked, with each update leaving behind the settings that made it."""
    first, *made = walk(course, None, lambda config: lambda before: config)
    assert first is None
    assert settings_at(course, 0) is course[0][1]
    assert [settings_at(course, 1 + step) for step in range(len(made))] == made


def test_settings_without_a_number_of_steps_are_told_it() -> None:
    course = ((0, "here"), (3, "there"))
    assert legs(course, 5) == [(0, 3, "here"), (3, 5, "there")]
    assert list(walk(course, 0, lambda place: lambda x: x + len(place), 5)) == [0, 4, 8, 12, 17, 22]


def test_what_updates_an_update_is_asked_once_a_leg() -> None:
    asked = []

    def counted(config: Push) -> Callable[[float], float]:
        asked.append(config)
        return update_of(config)

    course = ((0, Push(1)), (7, Push(2)))
    list(walk(course, 1.0, counted))
    assert asked == [Push(1), Push(2)]


@given(courses(), st.integers(0, 10))
def test_a_longer_course_begins_like_the_shorter(course: Course, more: int) -> None:
    steps = course[-1][1].steps
    longer = list(walk(lengthened(course, steps + more), 1.0, update_of))
    assert len(longer) == steps + more + 1
    assert longer[: steps + 1] == list(walk(course, 1.0, update_of))


@pytest.mark.parametrize(
    ("other", "steps"),
    [
        (((0, Push(1)), (7, Push(2))), 20),
        (((0, Push(1)), (7, Push(3))), 7),
        (((0, Push(1)), (9, Push(2))), 7),
        (((0, Push(1)),), 7),
        (((0, Push(2)),), -1),
    ],
)
def test_how_far_courses_are_the_same(other: Course, steps: int) -> None:
    assert common_steps(((0, Push(1)), (7, Push(2))), other) == steps


@pytest.mark.parametrize("step", [5.0, True, "5", 0, 11])
def test_a_step_that_is_no_whole_number_within_the_run_is_refused(step: object) -> None:
    course: Any = ((0, Push(1.0, 10)), (step, Push(2.0, 10)))
    with pytest.raises(ValueError, match="must be whole numbers that grow"):
        check_course(course)
