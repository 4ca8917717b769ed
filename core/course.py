"""A course: the settings of a run with the steps at which each was chosen, walked leg by leg.

    ((0, settings), (k, settings'), ...): update k + 1 is the first one made with settings'

Whatever follows a run through its changes of settings, the run itself or what theory predicts of
it, goes by `legs`: `play` where a leg is a generator of states, `walk` where it is one update
again and again, and `legs` alone where a formula gives the whole leg at once.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

from core.ranges import Range

C = TypeVar("C")  # the settings of a leg: a lesson's Config, or the part of it that theory needs
T = TypeVar("T")  # a state

Change = tuple[int, C]  # from this step on these settings
Course = tuple[Change[Any], ...]


class Leg(NamedTuple):
    """A part of a course that has one kind of settings: updates begin + 1 to end."""

    begin: int  # updates done before it
    end: int  # updates done after it
    settings: Any


def legs(course: Course, steps: int | None = None) -> list[Leg]:
    """The legs of a course of `steps` updates; of as many as its last config has, if not given."""
    last: int = course[-1][1].steps if steps is None else steps
    ends = (*(begin for begin, _ in course[1:]), last)
    return [Leg(begin, end, settings) for (begin, settings), end in zip(course, ends, strict=True)]


def walk(
    course: Course, state: T, update_of: Callable[[Any], Callable[[T], T]], steps: int | None = None
) -> Iterator[T]:
    """Yield `state`, then what each update makes of it: `steps + 1` states.

    `update_of(settings)` is asked once a leg, and gives the function from a state to the next.
    """
    yield state
    for leg in legs(course, steps):
        update = update_of(leg.settings)
        for _ in range(leg.begin, leg.end):
            state = update(state)
            yield state


def play(run: Callable[..., Iterator[Any]], course: Course, state: Any = None) -> Iterator[Any]:
    """The states of a course from its beginning, or from `state` on, which then comes first.

    `run` is a lesson's: run(config, state) yields `state`, then one state after each update.
    """
    parts = legs(course)
    left = [leg for leg in parts if state is None or state.step < leg.end] or parts[-1:]
    for leg in left:
        states = run(leg.settings, state)
        if leg is not left[0]:
            next(states)  # the last state of the leg before, once more
        for state in states:
            yield state
            if state.step == leg.end:
                break


def settings_at(course: Course, step: int) -> Any:
    """The settings of the update that led to `step`; before any update those of the first.

    Where settings change at `step`, the ones before: the new ones have not done anything yet.
    """
    return next((config for begin, config in reversed(course) if begin < step), course[0][1])


def lengthened(course: Course, steps: int) -> Course:
    """The same course, but of `steps` updates: its last settings hold for more, or for fewer."""
    return tuple((begin, replace(config, steps=steps)) for begin, config in course)


def common_steps(one: Course, other: Course) -> int:
    """The last step at which two courses are in the same state by necessity, -1 if at none."""
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    if not same:
        return -1
    return min(c[same][0] if same < len(c) else c[-1][1].steps for c in (one, other))


def check_course(course: Course) -> None:
    """Raise `ValueError` unless it starts at step 0 and changes settings within the run."""
    if not course or course[0][0] != 0:
        raise ValueError(f"course = {course!r} is not allowed: it must start at step 0.")
    for (start, config), (end, changed) in pairwise(course):
        if end not in Range(start + 1, min(config.steps, changed.steps), whole=True):
            raise ValueError(
                f"course = {course!r} is not allowed: its steps must be whole numbers that grow, "
                "each within the run before and after."
            )
