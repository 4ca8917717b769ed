"""A run computed as far as anyone has asked, kept as columns, and shared between sessions.

A generator cannot be shared: a second thread that calls `next()` while the first is inside gets
"generator already executing". A `Recording` can: one thread at a time computes, all read what is
known, nobody waits for a reader.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from core.course import Course, check_course, common_steps, play, settings_at

Frame = Mapping[str, Any]  # name -> number or array of fixed shape

MAX_FRAMES = 2_500  # more than a screen has pixels across
MAX_BYTES = 64 * 2**20  # of one recording's columns, and of its checkpoints
MAX_CHECKPOINTS = 64
SHARED_RECORDINGS = 128
SHARED_BYTES = 512 * 2**20


class Frames(NamedTuple):
    """Consecutive frames of a recording."""

    start: int  # index of the first one
    steps: np.ndarray  # (n,) int32 updates done at each frame
    columns: dict[str, np.ndarray]  # name -> (n, ...) values, to be read only
    total: int  # frames in the whole run
    error: str | None  # why the run stopped early, if it did

    @property
    def finished(self) -> bool:
        """Whether these reach the last frame that there will be."""
        return self.start + len(self.steps) >= self.total or self.error is not None


def frame_interval(steps: int, limit: int = MAX_FRAMES) -> int:
    """Updates from one frame to the next, so that at most `limit` frames show `steps` updates.

    Odd, always: every second loss of a run that flips between two values is a flat line.
    """
    every = 1
    while len(frame_steps(steps, every)) > limit:
        every += 2 * max(1, (-(-steps // limit) - every) // 2)
    return every


def frame_steps(steps: int, every: int) -> range | list[int]:
    """The update that each frame shows: 0, every, 2 every, ... and always the last."""
    regular = range(0, steps + 1, every)
    return regular if regular[-1] == steps else [*regular, steps]


def _check_step(step: object, last: int) -> None:
    if step not in range(last + 1):
        raise ValueError(
            f"step = {step!r} is not allowed: it must be a whole number from 0 to {last}."
        )


class Kept(NamedTuple):
    """A whole state, from which a run can go on."""

    row: int  # of its frame
    state: Any
    nbytes: int


class Recording:
    """The frames of `run` over `course`, one in `every` updates, computed when asked for.

    A recording with a `past`, one of a course that begins alike, goes on from there: the first call
    takes over the frames that both have and the nearest state kept. Of a `past` nothing is locked:
    its rows are written once, its kept states replaced as a whole.

    `frame(config, state)` picks what charts need and is the one copy to the host; its config is
    that of the update which led to the state. `run` may raise: the frames known by then stay, and
    `Frames.error` says why there are no more; where not even the first is known, `frames` raises
    it.
    """

    def __init__(
        self,
        run: Callable[..., Iterator[Any]],
        course: Course,
        *,
        frame: Callable[[Any, Any], Frame],
        every: int | None = None,
        past: "Recording | None" = None,
    ) -> None:
        check_course(course)
        self.course = course
        self.steps: int = course[-1][1].steps
        self.every = every or frame_interval(self.steps)
        self._run, self._frame, self._past = run, frame, past
        self._at = frame_steps(self.steps, self.every)
        self._states = play(run, course)
        self._lock = threading.Lock()
        # Rows are written once, below `_known`, which is raised when they are complete. Columns
        # that are full are replaced by longer ones. So a reader needs no lock if it looks at
        # `_known` first and then at the columns.
        self._columns: dict[str, np.ndarray] = {}
        self._room = 0  # rows that the columns have
        self._known = 0
        self._checkpoints: dict[int, Kept] = {}  # by row; replaced, never written to
        self._stride = 1  # frames between checkpoints
        # Where the last settings begin, and the head: both are where the next fork is likely.
        self._near: tuple[Kept, ...] = ()
        self._turn: Any = None  # the state at the last frame before the last settings
        self._state_bytes = 0
        self._began = 0  # the step after which states are computed here
        self._busy = 0.0
        self._updates = 0
        self._error: Exception | None = None

    @property
    def total(self) -> int:
        """Frames in the whole run."""
        return len(self._at)

    def frame_of(self, step: int) -> int:
        """The index of the last frame at or before `step`."""
        return min(step // self.every, self.total - 1)

    @property
    def known(self) -> int:
        """Frames computed so far."""
        return self._known

    @property
    def seconds_per_step(self) -> float:
        """Mean time of an update so far, nan before the first."""
        return self._busy / self._updates if self._updates else float("nan")

    @property
    def nbytes(self) -> int:
        """Bytes held by columns and states."""
        return self._column_bytes + self._state_bytes

    @property
    def _column_bytes(self) -> int:
        return sum(column.nbytes for column in self._columns.values())

    @property
    def _kept(self) -> dict[int, Kept]:
        """The states from which the run can go on, by row."""
        return self._checkpoints | {kept.row: kept for kept in self._near}

    def frames(self, start: int = 0, seconds: float = 0.05, count: int | None = None) -> Frames:
        """At most `count` frames from `start` on, computing for at most `seconds`.

        A call that finds frames missing computes one at least, whatever the time; a call that finds
        another thread computing waits for at most `seconds`, then returns what is known.
        """
        self._take_over()
        start = min(max(start, 0), self.total - 1)
        wanted = self.total if count is None else min(self.total, start + max(count, 1))
        if self._known < wanted and self._error is None:
            patience = -1 if self._known == 0 else seconds
            if self._lock.acquire(timeout=patience):
                try:
                    deadline = time.monotonic() + seconds
                    self._compute_until(wanted, deadline)
                finally:
                    self._lock.release()
        if self._known == 0 and self._error is not None:
            raise self._error
        end = max(start, min(wanted, self._known))
        return Frames(
            start,
            np.array(self._at[start:end], dtype=np.int32),
            {name: _to_read(column[start:end]) for name, column in self._columns.items()},
            self.total,
            (str(self._error) or type(self._error).__name__) if self._error else None,
        )

    def finish(self, seconds: float) -> Frames:
        """All frames, computing for at most `seconds`, in slices so that others get their turn."""
        deadline = time.monotonic() + seconds
        while self._known < self.total and self._error is None and time.monotonic() < deadline:
            self.frames(self._known, seconds=0.05)
        return self.frames(seconds=0)

    def at(self, step: int) -> Any:
        """A copy of the state after `step` updates: nearest checkpoint before it, then replay."""
        _check_step(step, self.steps)
        self._take_over()
        earlier = [kept.state for kept in self._kept.values() if kept.state.step <= step]
        nearest = max(earlier, key=lambda state: state.step, default=None)
        for state in play(self._run, self.course, nearest):
            if state.step == step:
                return deepcopy(state)  # checkpoints are shared: nobody else may see it written to
        raise RuntimeError(f"the run ended before step {step}.")

    def _take_over(self) -> None:
        """Begin with what the past knows by now, without waiting for what it computes."""
        if self._past is None:
            return
        with self._lock:
            if self._past is not None and self._past.known:
                self._go_on_from(self._past)
            self._past = None  # last: who sees none has no need of the lock

    def _go_on_from(self, past: "Recording") -> None:
        known = past.known  # before the columns, whose rows are complete up to here
        self._begin({name: column[0] for name, column in past._columns.items()})
        if self.every != past.every:
            return
        known = min(known, common_steps(past.course, self.course) // self.every + 1)
        kept = {row: one for row, one in past._kept.items() if row < known}
        if not kept:
            return
        rows = {name: column[:known] for name, column in past._columns.items()}
        self._extend(known)
        for name, column in self._columns.items():
            column[:known] = rows[name]
        self._stride = past._stride
        self._checkpoints = {row: one for row, one in kept.items() if row % self._stride == 0}
        nearest = kept[max(kept)]
        self._near = (nearest,)
        self._count_states()
        self._began = nearest.state.step
        self._states = play(self._run, self.course, nearest.state)
        self._busy, self._updates = past._busy, past._updates
        self._known = known

    def _compute_until(self, wanted: int, deadline: float) -> None:
        head = None
        while self._known < wanted:
            try:
                began = time.perf_counter()
                state = self._advance(self._at[self._known])
                row = self._frame(settings_at(self.course, state.step), state)
                self._busy += time.perf_counter() - began
                if not self._room:
                    self._begin(row)
                    wanted = min(wanted, self.total)
                if self._known == self._room:
                    self._extend(min(2 * self._known, self.total))
                for name, values in row.items():
                    self._columns[name][self._known] = values
            except Exception as error:
                self._error = error
                break
            if self._known % self._stride == 0:
                self._keep(self._known, state)
            self._known += 1
            head = state
            if time.monotonic() >= deadline:
                break
        self._keep_near(head)

    def _advance(self, step: int) -> Any:
        turn = self.course[-1][0] // self.every * self.every
        for state in self._states:
            self._updates += state.step > self._began
            if state.step == turn:
                self._turn = state
            if state.step == step:
                return state
        raise RuntimeError(f"the run ended before step {step}.")

    def _begin(self, row: Frame) -> None:
        """Columns with room for this first row, and so many frames that all will fit."""
        shapes = {name: np.asarray(values) for name, values in row.items()}
        size = sum(values.nbytes for values in shapes.values())
        while self.total * size > MAX_BYTES and self.total > 2:
            self.every += 2
            self._at = frame_steps(self.steps, self.every)
        self._columns = {
            name: np.empty((1, *values.shape), values.dtype) for name, values in shapes.items()
        }
        self._room = 1

    def _extend(self, rows: int) -> None:
        """Columns with room for so many rows, and what is known in them."""
        longer = {}
        for name, column in self._columns.items():
            longer[name] = np.empty((rows, *column.shape[1:]), column.dtype)
            longer[name][: self._known] = column[: self._known]
        self._columns, self._room = longer, rows

    def _keep(self, index: int, state: Any) -> None:
        self._checkpoints = self._checkpoints | {index: Kept(index, state, _nbytes(state))}
        while len(self._checkpoints) > 1 and (
            len(self._checkpoints) > MAX_CHECKPOINTS
            or sum(kept.nbytes for kept in self._checkpoints.values()) > MAX_BYTES
        ):
            self._stride *= 2
            self._checkpoints = {
                i: kept for i, kept in self._checkpoints.items() if i % self._stride == 0
            }
        self._count_states()

    def _keep_near(self, head: Any) -> None:
        if head is None:
            return
        near = {self._known - 1: head}
        if self._turn is not None:
            near[self._turn.step // self.every] = self._turn
        self._near = tuple(
            Kept(row, state, _nbytes(state))
            for row, state in near.items()
            if row not in self._checkpoints
        )
        self._count_states()

    def _count_states(self) -> None:
        """Count the bytes; where there are too many, only checkpoints stay."""
        size = sum(kept.nbytes for kept in self._kept.values())
        if size > MAX_BYTES and self._near:
            self._near, self._turn = (), None
            size = sum(kept.nbytes for kept in self._kept.values())
        self._state_bytes = size


def _to_read(rows: np.ndarray) -> np.ndarray:
    """The rows, not to be written to: others read them too, and a copy of all takes long."""
    rows = rows.view()
    rows.flags.writeable = False
    return rows


def _nbytes(value: Any) -> int:
    if isinstance(value, Mapping):
        return sum(_nbytes(part) for part in value.values())
    if isinstance(value, tuple | list):
        return sum(_nbytes(part) for part in value)
    return int(getattr(value, "nbytes", 0))


_shared: OrderedDict[tuple[Any, ...], Recording] = OrderedDict()
_shared_lock = threading.Lock()


def shared(
    run: Callable[..., Iterator[Any]],
    course: Course,
    *,
    frame: Callable[[Any, Any], Frame],
    every: int | None = None,
) -> Recording:
    """The recording of this course that all sessions share: a class of learners costs one run.

    A new one goes on from the recording whose course has the most in common with this one, so that
    a change of settings costs what follows, never what came before. Purity makes that safe:
    (run, course, every) determines every frame. The least recently used are let go.
    """
    key = (run, frame, course, every)
    with _shared_lock:
        others = [] if key in _shared else list(_shared.items())
    kin = [
        other
        for (runs, shows, _, gap), other in others
        if (runs, shows, gap) == (run, frame, every) and _in_common(other, course) > (0, -1)
    ]
    past = max(kin, key=lambda other: _in_common(other, course), default=None)
    with _shared_lock:
        recording = _shared.pop(key, None)
        recording = recording or Recording(run, course, frame=frame, every=every, past=past)
        _shared[key] = recording
        while len(_shared) > 1 and (
            len(_shared) > SHARED_RECORDINGS or _held(_shared.values()) > SHARED_BYTES
        ):
            _shared.popitem(last=False)
    return recording


def _in_common(other: Recording, course: Course) -> tuple[int, int]:
    """How many frames of another recording this course has too, and the last with a state."""
    rows = min(other.known, common_steps(other.course, course) // other.every + 1)
    return rows, max((row for row in other._kept if row < rows), default=-1)


def _held(recordings: Iterable[Recording]) -> int:
    """Bytes that recordings hold together; a state that several have kept counts once."""
    recordings = list(recordings)
    total = sum(recording.nbytes for recording in recordings)
    if total > SHARED_BYTES:
        once = {id(one.state): one for each in recordings for one in each._kept.values()}
        total = sum(recording._column_bytes for recording in recordings)
        total += sum(one.nbytes for one in once.values())
    return total
