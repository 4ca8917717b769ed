"""A run computed in the background as far as somebody plays or waits for it, kept as columns, and
shared between sessions.

A generator cannot be shared: a second thread that calls `next()` while the first is inside gets
"generator already executing". A `Recording` can: one thread at a time computes it, all read what is
known, and nobody who reads computes.

Who plays takes a *lease*, and gives it back on leaving. While there is one the recording is
computed in slices of 50 milliseconds or one update (core/slices.py), in turn with others that are
waited for. Python's own pools take slices in the order in which they come, and who has more to
compute comes again.
"""

import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Future
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from core import slices
from core.course import Course, check_course, common_steps, play
from core.ranges import Range
from core.slices import Block, Kept, Work

Frame = Mapping[str, Any]  # name -> number or array of fixed shape

MAX_FRAMES = 2_500  # more than a screen has pixels across
MAX_BYTES = 64 * 2**20  # of one recording's columns
MAX_STATE_BYTES = 256 * 2**20  # of the states that it keeps
MAX_CHECKPOINTS = 64  # spread evenly, where they are small and fast
SHARED_RECORDINGS = 128
SHARED_BYTES = 2**30
SLICE_SECONDS = 0.05  # of computing, until it is another recording's turn
LEASE_SECONDS = 5.0  # that who plays is waited for, from one word to the next
MOST_BREAKS = 2  # of the process that computes, after which a run is given up
ENDED = "The process that computed it has ended, perhaps for want of memory."
SOON_SECONDS = 2.0  # of computing that a run gets of which nobody has asked for more
FOLLOWED_SECONDS = 0.25  # after which who follows it may have turned away


class Frames(NamedTuple):
    """Consecutive frames of a recording."""

    start: int  # index of the first one
    steps: np.ndarray  # (n,) int32 updates done at each frame, to be read only
    columns: dict[str, np.ndarray]  # name -> (n, ...) values, to be read only
    total: int  # frames in the whole run
    error: str | None  # why the run stopped early, if it did

    @property
    def finished(self) -> bool:
        """Whether these reach the last frame that there will be."""
        return self.start + len(self.steps) >= self.total or self.error is not None


class Want(NamedTuple):
    """What somebody wants of a recording: that it is computed until both are reached."""

    until: float = 0.0  # of the clock: they play
    busy: float = 0.0  # of the seconds of computing


def frame_interval(steps: int, limit: int = MAX_FRAMES) -> int:
    """Updates from one frame to the next, so that at most `limit` frames show `steps` updates.

    Odd, always: every second loss of a run that flips between two values is a flat line. Raises
    `ValueError` for a limit below 2, since the first state and the last are always shown.
    """
    Range(2, whole=True).check("limit", limit)
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


class Recording:
    """The frames of `run` over `course`, one in `every` updates, computed when asked for.

    A recording with a `past`, one of a course that begins alike, goes on from there: the first call
    takes over the frames that both have and the nearest state kept. Of a `past` nothing is locked:
    its rows are written once, its kept states replaced as a whole.

    `frame(config, state)` picks what charts need and is the one copy to the host; its config is
    that of the update which led to the state. `run` may raise: the frames known by then stay, and
    `Frames.error` says why there are no more; where not even the first is known, `frames` raises
    it. `resumable(state)` says which states a run can go on from; without it, from all.
    """

    def __init__(
        self,
        run: Callable[..., Iterator[Any]],
        course: Course,
        *,
        frame: Callable[[Any, Any], Frame],
        every: int | None = None,
        resumable: Callable[[Any], bool] | None = None,
        past: "Recording | None" = None,
    ) -> None:
        check_course(course)
        self.course = course
        self.steps: int = course[-1][1].steps
        self.every = every or frame_interval(self.steps)
        stride = max(1, -(-self.steps // MAX_CHECKPOINTS))
        self._work = Work(slices.name(), run, frame, resumable, course, stride)
        weakref.finalize(self, slices.drop, self._work.name).atexit = False
        self._past = past
        self._place(frame_steps(self.steps, self.every))
        self._taking = threading.Lock()  # over from the past
        self._news = threading.Condition()  # over what follows, and told of new frames
        self._queued = False  # whether a slice is being made or will be
        self._waiting: list[int] = []  # the frames that readers wait for, by number
        self._wants: dict[Hashable, Want] = {}  # by who wants it
        # Rows are written once, below `_known`, which is raised when they are complete. Columns
        # that are full are replaced by longer ones. So a reader needs no lock if it looks at
        # `_known` first and then at the columns.
        self._columns: dict[str, np.ndarray] = {}
        self._room = 0  # rows that the columns have
        self._known = 0
        self._checkpoints: tuple[Kept, ...] = ()  # by step; replaced, never written to
        # Where the last settings begin, and the newest: both are where the next fork is likely.
        self._turn: Kept | None = None
        self._newest: Kept | None = None
        self._resumes: list[int] = []  # steps from which the run can go on, where not all
        self._state_bytes = 0
        self._busy = 0.0
        self._updates = 0
        self._breaks = 0  # how often the process that computed it has ended
        self._error: Exception | None = None

    def _place(self, at: range | list[int]) -> None:
        self._at = at
        self._at_array = np.array(at, dtype=np.int32)
        self._at_array.flags.writeable = False

    # --- Who reads.

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
    def finished(self) -> bool:
        """Whether there will be no more frames."""
        return self._known >= self.total or self._error is not None

    @property
    def seconds_per_step(self) -> float:
        """Mean time of an update so far, nan before the first."""
        return self._busy / self._updates if self._updates else float("nan")

    @property
    def seconds_left(self) -> float:
        """How long the rest takes at the run's own speed, nan before the first update."""
        done = self._at[self._known - 1] if self._known else 0
        return 0.0 if self.finished else (self.steps - done) * self.seconds_per_step

    @property
    def nbytes(self) -> int:
        """Bytes held by columns and states."""
        return self._column_bytes + self._state_bytes

    @property
    def _column_bytes(self) -> int:
        return sum(column.nbytes for column in self._columns.values())

    @property
    def _kept(self) -> list[Kept]:
        """The states from which the run can go on, by step."""
        near = [kept for kept in (self._turn, self._newest) if kept is not None]
        by_step = {kept.step: kept for kept in (*self._checkpoints, *near)}
        return [by_step[step] for step in sorted(by_step)]

    def frames(self, start: int = 0, seconds: float = 0.0, count: int | None = None) -> Frames:
        """At most `count` frames from `start` on, of those that are known.

        Waits for at most `seconds` until there are so many, and has them computed meanwhile. Only
        the very first frame is computed here, whatever the time: a page cannot draw nothing.
        """
        self._take_over()
        while self._known == 0 and self._error is None:
            self._begin_here()
        start = min(max(start, 0), self.total - 1)
        wanted = self.total if count is None else min(self.total, start + max(count, 1))
        if self._known < wanted and self._error is None and seconds > 0:
            self._wait(wanted, seconds)
            wanted = min(wanted, self.total)  # the first frame may have told that fewer fit
        if self._known == 0 and self._error is not None:
            raise self._error
        end = max(start, min(wanted, self._known))
        return Frames(
            start,
            self._at_array[start:end],
            {name: _to_read(column[start:end]) for name, column in self._columns.items()},
            self.total,
            (str(self._error) or type(self._error).__name__) if self._error else None,
        )

    def finish(self, seconds: float) -> Frames:
        """All frames, if they come within `seconds`; else those that are known by then."""
        return self.frames(0, seconds)

    def at(self, step: int, seconds: float = float("inf")) -> Any:
        """A copy of the state after `step` updates: the nearest state kept before it, then replay.

        Raises `TimeoutError`, which says how long it takes, where `seconds` are not enough.
        """
        nearest = self._nearest(step)
        began = time.perf_counter()
        for state in play(self._work.run, self.course, nearest.state() if nearest else None):
            if state.step == step:
                return deepcopy(state)  # checkpoints are shared: nobody else may see it written to
            spent = time.perf_counter() - began
            if spent > seconds:
                first = nearest.step if nearest else 0
                whole = spent * (step - first) / max(state.step - first, 1)
                raise TimeoutError(f"step {step} takes about {whole:.3g} seconds to reach again.")
        raise RuntimeError(f"the run ended before step {step}.")

    def near(self, step: int) -> Any:
        """A copy of the nearest state at or before `step` that is kept: nothing is replayed, and
        the first state alone is computed where none is kept yet.
        """
        nearest = self._nearest(step)
        if nearest:
            return deepcopy(nearest.state())
        return deepcopy(next(iter(play(self._work.run, self.course, None))))

    def nearest(self, step: int) -> int:
        """The step of the state that `near` gives, which is not unpacked for that."""
        nearest = self._nearest(step)
        return nearest.step if nearest else 0

    def _nearest(self, step: int) -> Kept | None:
        _check_step(step, self.steps)
        self._take_over()
        earlier = [kept for kept in self._kept if kept.step <= step]
        return earlier[-1] if earlier else None

    def resumes_at(self, step: int) -> int | None:
        """The first step from `step` on from which the run can go on, None if none is known yet."""
        if self._work.resumable is None or step <= 0:
            return step
        later = (one for one in self._resumes if one >= step)
        return next(later, self.steps if self.finished else None)

    # --- Who plays or waits.

    @property
    def computing(self) -> bool:
        """Whether somebody plays or waits for frames that are missing."""
        return not self.finished and self._known < self._goal()

    def lease(self, seconds: float = LEASE_SECONDS, who: Hashable = None) -> None:
        """Have it computed for so long from now on: `who` plays, or waits for all of it."""
        self._want(who, Want(until=time.monotonic() + seconds))

    def start(self, seconds: float = SOON_SECONDS, who: Hashable = None) -> None:
        """Spend so many seconds of computing on it, so that a short run is soon whole."""
        self._take_over()  # first: the past's computing is not of these seconds
        self._want(who, Want(busy=self._busy + seconds))

    def leave(self, who: Hashable) -> None:
        """Give back what `who` has asked for: it stops within a slice if nobody else waits."""
        self._wants.pop(who, None)

    def stop(self) -> None:
        """As if all had left; anyone may begin again at any time."""
        self._wants.clear()

    def _want(self, who: Hashable, more: Want) -> None:
        with self._news:
            for other, want in self._wants.copy().items():
                if not self._holds(want):
                    self._wants.pop(other, None)
            mine = self._wants.get(who, Want())
            self._wants[who] = Want(max(mine.until, more.until), max(mine.busy, more.busy))
        self._wake()

    def _holds(self, want: Want) -> bool:
        return time.monotonic() < want.until or self._busy < want.busy

    def _goal(self) -> int:
        """How many frames are wanted."""
        if any(self._holds(want) for want in self._wants.copy().values()):
            return self.total
        return max(self._waiting, default=0)

    def _wait(self, wanted: int, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        with self._news:
            self._waiting = [*self._waiting, wanted]
        self._wake()
        with self._news:
            while self._known < wanted and not self.finished:
                left = deadline - time.monotonic()
                if left <= 0 or not self._news.wait(left):
                    break
            rest = list(self._waiting)
            rest.remove(wanted)
            self._waiting = rest

    # --- Computing.

    def _wake(self, carry: bool = True) -> None:
        """See that a slice is made, if there is anything to compute; `carry` a large state too."""
        self._take_over()
        with self._news:
            if self._queued:
                return
            if not self.computing:
                slices.rest(self._work.name)
                return
            self._queued = True
        known = self._known
        # Of the first frame alone it is known how many will fit.
        steps = self._at[known : max(self._goal(), known + 1)] if known else self._at[:1]
        done = self._at[known - 1] if known else -1
        near = [one for one in self._kept if one.step <= (steps[0] if known else -1)]
        nearest = near[-1] if near else None
        try:
            slice_ = slices.submit(self._work, nearest, steps, SLICE_SECONDS, done, carry)
        except RuntimeError:
            return  # the process ends
        slice_.add_done_callback(self._take)

    def _take(self, slice_: "Future[Block | None]") -> None:
        """Take in a slice, and have the next one made."""
        block = None
        try:
            block = slice_.result()
            if block is not None:
                self._add(block)
        except BrokenExecutor:
            self._breaks += 1
            if self._breaks > MOST_BREAKS:
                self._error = RuntimeError(ENDED)
                _forget(self)
        except Exception as error:
            self._error = error
        finally:
            with self._news:
                self._queued = False
                self._news.notify_all()
        self._wake(carry=block is None)

    def _begin_here(self) -> None:
        """Compute the first frame, or wait until it is there."""
        with self._news:
            if self._queued:
                self._news.wait(SLICE_SECONDS)
                return
            if self._known or self._error is not None:
                return  # it has come since the caller looked
            self._queued = True
        try:
            here = slices.lane_of(self._work) is None
            block = slices.make(self._work, None, self._at[:1], 0.0, -1, hold=here)
            if block is not None:
                self._add(block)
        finally:
            with self._news:
                self._queued = False
                self._news.notify_all()
        self._wake()

    def _add(self, block: Block) -> None:
        """Take in frames and states; rows come before the count of them."""
        count = len(next(iter(block.columns.values()), ()))
        if count and not self._room:
            self._begin({name: rows[0] for name, rows in block.columns.items()})
        while self._known + count > self._room:
            self._extend(min(max(2 * self._room, self._known + count), self.total))
        for name, rows in block.columns.items():
            self._columns[name][self._known : self._known + count] = rows
        self._busy += block.busy
        self._updates += block.updates
        self._resumes += block.resumes
        self._turn, self._newest = block.turn or self._turn, block.newest or self._newest
        if block.kept:
            kept = [*self._checkpoints, *block.kept]
            room = _share(self) - 2 * kept[-1].nbytes  # for the two that are kept beside these
            self._checkpoints = tuple(_thinned(kept, room))
        self._count_states()
        self._breaks = 0
        self._known += count
        self._error = block.error or self._error  # last, or who reads would take it for the end

    def _take_over(self) -> None:
        """Begin with what the past knows by now, without waiting for what it computes."""
        if self._past is None:
            return
        with self._taking:
            if self._past is not None and self._past.known:
                self._go_on_from(self._past)
            self._past = None  # last: who sees none has no need of the lock

    def _go_on_from(self, past: "Recording") -> None:
        known = past.known  # before the columns, whose rows are complete up to here
        self._begin({name: column[0] for name, column in past._columns.items()})
        if self.every != past.every:
            return
        common = common_steps(past.course, self.course)
        known = min(known, common // self.every + 1)
        # Not from beyond the next frame, which would be missed.
        last = min(common, self._at[known]) if known < self.total else common
        kept = [one for one in past._kept if one.step <= last]
        if not kept:
            return
        rows = {name: column[:known] for name, column in past._columns.items()}
        self._extend(known)
        for name, column in self._columns.items():
            column[:known] = rows[name]
        self._checkpoints = tuple(one for one in past._checkpoints if one.step <= last)
        self._newest = kept[-1]
        self._resumes = [step for step in past._resumes if step <= last]
        self._count_states()
        self._busy, self._updates = past._busy, past._updates
        self._known = known

    def _begin(self, row: Frame) -> None:
        """Columns with room for this first row, and so many frames that all will fit."""
        shapes = {name: np.asarray(values) for name, values in row.items()}
        size = sum(values.nbytes for values in shapes.values())
        every = self.every
        while len(frame_steps(self.steps, every)) * size > MAX_BYTES and self.steps > every:
            every += 2
        if every != self.every:
            self.every = every
            self._place(frame_steps(self.steps, every))
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

    def _count_states(self) -> None:
        """Count the bytes; where there are too many, only checkpoints stay."""
        size = sum(kept.nbytes for kept in self._kept)
        if size > MAX_STATE_BYTES and self._checkpoints:
            self._turn = self._newest = None
            size = sum(kept.nbytes for kept in self._checkpoints)
        self._state_bytes = size


def _thinned(kept: list[Kept], most: int) -> list[Kept]:
    """As many of these states, in the order of their steps, as have `most` bytes, one at least.

    The newest stay; older ones are the farther apart, the older they are: where one is let go, the
    way from the one before it to the one after is the smallest part of its age.
    """
    kept = list(kept)
    newest = kept[-1].step
    while sum(one.nbytes for one in kept) > most and len(kept) > 1:
        steps = [0, *(one.step for one in kept)]

        def loss(index: int, steps: list[int] = steps) -> float:
            return (steps[index + 2] - steps[index]) / (newest - steps[index + 1])

        kept.pop(min(range(len(kept) - 1), key=loss))
    return kept


def _to_read(rows: np.ndarray) -> np.ndarray:
    """The rows, not to be written to: others read them too, and a copy of all takes long."""
    rows = rows.view()
    rows.flags.writeable = False
    return rows


_shared: OrderedDict[tuple[Any, ...], Recording] = OrderedDict()
_shared_lock = threading.Lock()


def shared(
    run: Callable[..., Iterator[Any]],
    course: Course,
    *,
    frame: Callable[[Any, Any], Frame],
    every: int | None = None,
    resumable: Callable[[Any], bool] | None = None,
) -> Recording:
    """The recording of this course that all sessions share: a class of learners costs one run.

    A new one goes on from the recording whose course has the most in common with this one, so that
    a change of settings costs what follows, never what came before. Purity makes that safe:
    (run, course, every) determines every frame. The least recently used are let go, those first
    for which nobody waits.
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
        recording = _shared.pop(key, None) or Recording(
            run, course, frame=frame, every=every, resumable=resumable, past=past
        )
        _shared[key] = recording
        while len(_shared) > 1 and (
            len(_shared) > SHARED_RECORDINGS or _held(_shared.values()) > SHARED_BYTES
        ):
            rest = [one for one in _shared if one != key]
            gone = next((one for one in rest if not _shared[one].computing), rest[0])
            _shared.pop(gone).stop()
    return recording


def followed(recording: Recording) -> Iterator[Frames]:
    """Its frames so far, again and again until there will be no more: it is computed meanwhile.

    So a recording is a run for core/sweep.py, which may be stopped at each of these.
    """
    frames = recording.frames()
    while not frames.finished:
        yield frames
        frames = recording.finish(FOLLOWED_SECONDS)
    yield frames


def _forget(recording: Recording) -> None:
    """Have it computed anew when it is asked for again."""
    with _shared_lock:
        for key in [key for key, one in _shared.items() if one is recording]:
            del _shared[key]


def _in_common(other: Recording, course: Course) -> tuple[int, int]:
    """How many frames of another recording this course has too, and the last step of a state."""
    common = common_steps(other.course, course)
    rows = min(other.known, common // other.every + 1)
    return rows, max((kept.step for kept in other._kept if kept.step <= common), default=-1)


def _share(recording: Recording) -> int:
    """Bytes of states that a recording may keep: less than it could where many are computed."""
    if recording._state_bytes < SHARED_BYTES // SHARED_RECORDINGS:
        return MAX_STATE_BYTES  # far from it: nothing to count
    many = sum(one.computing for one in list(_shared.values()))
    return min(MAX_STATE_BYTES, SHARED_BYTES // max(many, 1))


def _held(recordings: Iterable[Recording]) -> int:
    """Bytes that recordings hold together; a state that several have kept counts once."""
    recordings = list(recordings)
    total = sum(recording.nbytes for recording in recordings)
    if total > SHARED_BYTES:
        once = {id(one.packed): one for each in recordings for one in each._kept}
        total = sum(recording._column_bytes for recording in recordings)
        total += sum(one.nbytes for one in once.values())
    return total
