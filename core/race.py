"""One lesson with several values of one setting, side by side: a lane for each, as one run.

    race(sine_fit, "optimiser", ("normalised", "adam")).run(config)

A race is used as a lesson is. Its config is the lesson's own, of which each lane takes all but the
raced field: so courses, links and steering know nothing of it, and a live change reaches every
lane. A state holds one of each lane, so it can be resumed where all of these can, and what resumes
goes on bit for bit because each lane does.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from importlib import import_module
from itertools import repeat
from types import ModuleType
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import numpy as np

from core.course import Change
from core.recording import Frames


class State(NamedTuple):
    """A race after `step` updates, of any lesson: one class, so that a state can be pickled."""

    step: int
    lanes: tuple[Any, ...]  # the lesson's state of each lane; one at rest is at an earlier step
    configs: tuple[Any, ...]  # the lesson's config of the update that led to each


class Race:
    """What `race` makes, to be used as a lesson: lane i has `values[i]`."""

    State = State

    def __init__(self, lesson: ModuleType, field: str, values: tuple[Any, ...]) -> None:
        self.lesson, self.field, self.values = lesson, field, values
        self.Config, self.LIVE, self.RANGES = lesson.Config, lesson.LIVE, lesson.RANGES
        self.STEP = getattr(lesson, "STEP", "update")  # what a step is called on screen
        self.__name__ = lesson.__name__

    def __repr__(self) -> str:
        return f"race({self.__name__!r}, {self.field!r}, {self.values!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return race, (self.__name__, self.field, self.values)  # a module has a name, but no pickle

    def configs(self, config: Any) -> tuple[Any, ...]:
        """The config of each lane. Raises `ValueError` where the rest of `config` forbids one."""
        return tuple(replace(config, **{self.field: value}) for value in self.values)

    def run(self, config: Any, state: State | None = None) -> Iterator[State]:
        """Yield the state before any update, then one after each: `config.steps + 1`. Or go on.

        A lane that has fewer steps than `config` rests at its last; of one that has more, no more
        are shown. Raises what the lesson's run and `configs` raise.
        """
        configs = self.configs(config)
        befores = repeat(None, len(configs)) if state is None else state.lanes
        runs = [
            zip(self.lesson.run(lane, before), repeat(lane))
            for lane, before in zip(configs, befores, strict=True)
        ]
        lanes = [next(run) for run in runs]
        if state is None:
            state = _state(0, lanes)
        else:  # which earlier configs may have led to
            lanes = list(zip(state.lanes, state.configs, strict=True))
        yield state
        for step in range(state.step + 1, config.steps + 1):
            lanes = [next(run, rest) for run, rest in zip(runs, lanes, strict=True)]
            yield _state(step, lanes)

    def frame(self, config: Any, state: State) -> dict[str, np.ndarray]:
        """The lesson's columns of each lane: `lane_0_loss`, ..., `lane_1_loss`, ...

        Each by the config that led to it, which the state has: what a lane at rest shows does not
        change with settings that no longer reach it.
        """
        return {
            f"lane_{index}_{name}": values
            for index, (lane, own) in enumerate(zip(state.configs, state.lanes, strict=True))
            for name, values in self.lesson.frame(lane, own).items()
        }

    def lane(self, frames: Frames, index: int) -> Frames:
        """The frames of one lane alone, in the lesson's own columns."""
        start = f"lane_{index}_"
        columns = {
            name.removeprefix(start): values
            for name, values in frames.columns.items()
            if name.startswith(start)
        }
        return frames._replace(columns=columns)

    def legs(self, index: int, config: Any, *later: Change[Any]) -> tuple[Any, ...]:
        """The same of one lane: its first config and its later changes."""
        rest = ((step, self.configs(changed)[index]) for step, changed in later)
        return (self.configs(config)[index], *rest)

    def diverged(self, state: State) -> bool:
        """Whether some lane has."""
        return any(map(self.lesson.diverged, state.lanes))

    def resumable(self, state: State) -> bool:
        """Whether the run can go on from here: whether each lane can."""
        asked = getattr(self.lesson, "resumable", None)  # missing: from every state
        return asked is None or all(map(asked, state.lanes))

    def plain_pytorch(self, config: Any) -> str:
        """The scripts of all lanes, one after the other."""
        return "\n\n".join(
            f"# {self.field} = {value!r}\n{self.lesson.plain_pytorch(lane)}"
            for value, lane in zip(self.values, self.configs(config), strict=True)
        )


def _state(step: int, lanes: Iterable[tuple[Any, Any]]) -> State:
    states, configs = zip(*lanes, strict=True)
    return State(step, states, configs)


# (run, frame, course) names a recording that all share: a race is one object while anyone has it.
_races: WeakValueDictionary[tuple[Any, ...], Race] = WeakValueDictionary()
_lock = threading.Lock()


def race(lesson: ModuleType | str, field: str, values: Iterable[Any]) -> Race:
    """The lesson (a module, or the name of one) with a lane for each of `values` of `field`.

    The same object for the same arguments. Raises `ValueError` for a field that the lesson's Config
    does not have or that is live, for no value, for one that the Config refuses beside its other
    defaults, and for two that are equal.
    """
    if isinstance(lesson, str):
        lesson = import_module(lesson)
    allowed = [one.name for one in fields(lesson.Config) if one.name not in lesson.LIVE]
    if field not in allowed:
        raise ValueError(
            f"field = {field!r} is not allowed: it must be one of {', '.join(allowed)}."
        )
    values = tuple(values)
    if not values:
        raise ValueError(f"{field} = () is not allowed: it must be raced with at least 1 value.")
    for index, value in enumerate(values):
        replace(lesson.Config(), **{field: value})
        if value in values[:index]:
            raise ValueError(f"{field} = {value!r} is not allowed: it must be raced only once.")
    with _lock:
        return _races.setdefault((lesson, field, values), Race(lesson, field, values))
