"""Slices of runs: what is computed at a time, by a thread of this process or by another process.

A slice is made by a pure function of what it is given, and of a run that its process may still have
in the making from the slice before. So any process can go on with any run, from a state that was
kept, and what is made does not depend on who makes it.
"""

import multiprocessing
import multiprocessing.context
import os
import pickle
import signal
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, lru_cache
from itertools import count
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from core import devices
from core.course import Course, play, settings_at

GRAIN_SECONDS = 0.25  # of computing, from one state to the next that is kept of a slow run
MANY = 32  # runs that a process has in the making, the last used
SMALL_BYTES = 2**20  # a state of so many travels with every slice
NICENESS = 5  # of other processes: who answers comes before who computes

# --- What is made.


class Work(NamedTuple):
    """A run over a course, and what is shown and kept of it."""

    name: tuple[int, int]  # one of its own: process and number
    run: Callable[..., Iterator[Any]]
    frame: Callable[[Any, Any], Any]
    resumable: Callable[[Any], bool] | None
    course: Course
    stride: int  # updates from one state to the next that is kept of a fast run


class Kept(NamedTuple):
    """A whole state, from which a run can go on."""

    step: int
    nbytes: int
    packed: Any  # the state, or as bytes one that has come from another process

    def state(self) -> Any:
        """The state itself; it is shared and not to be written to."""
        return pickle.loads(self.packed) if isinstance(self.packed, bytes) else self.packed


class Block(NamedTuple):
    """Consecutive frames, and the states kept on the way."""

    columns: dict[str, np.ndarray]  # name -> (n, ...)
    kept: tuple[Kept, ...]  # by step
    newest: Kept | None  # the last from which the run can go on
    turn: Kept | None  # the state in which the last settings begin
    resumes: tuple[int, ...]  # steps from which the run can go on, where not all
    updates: int
    busy: float  # seconds
    error: Exception | None  # why there are no more


class _Making:
    """A run in the making, and where it is."""

    def __init__(self, work: Work, nearest: Kept | None) -> None:
        self.work = work
        self.states = play(work.run, work.course, nearest.state() if nearest else None)
        self.began = nearest.step if nearest else 0
        self.step = self.began - 1  # of the last state that was made
        self.due, self.due_busy = (self.began + work.stride if nearest else 0), GRAIN_SECONDS
        self.busy = 0.0

    def make(self, steps: Sequence[int], seconds: float) -> Block:
        """The frames at these steps, one at least, as far as they come within `seconds`."""
        rows: list[Any] = []
        kept: list[Kept] = []
        resumes: list[int] = []
        state = turn = newest = error = None
        first, updates = self.busy, 0
        deadline = time.monotonic() + seconds
        work = self.work
        begins = work.course[-1][0]
        try:
            for step in steps:
                began = time.perf_counter()
                while self.step < step:
                    state = next(self.states, None)
                    if state is None:
                        raise RuntimeError(f"the run ended before step {step}.")
                    self.step = state.step
                    updates += state.step > self.began
                    if work.resumable is None or work.resumable(state):
                        newest = state
                        if work.resumable is not None:
                            resumes.append(state.step)
                        if state.step == begins:
                            turn = state
                        if state.step >= self.due or self.busy >= self.due_busy:
                            kept.append(_keep(state))
                            self.due = state.step + work.stride
                            self.due_busy = self.busy + GRAIN_SECONDS
                rows.append(work.frame(settings_at(work.course, step), state))
                self.busy += time.perf_counter() - began
                if time.monotonic() >= deadline:
                    break
        except Exception as raised:
            error = raised
        columns = {name: np.stack([row[name] for row in rows]) for name in rows[0]} if rows else {}
        spent = self.busy - first
        near = _keep(newest), _keep(turn)
        return Block(columns, tuple(kept), *near, tuple(resumes), updates, spent, error)


_makings: OrderedDict[tuple[int, int], _Making] = OrderedDict()
# Taken again by a thread that has it, when garbage is collected there and a recording with it.
_makings_lock = threading.RLock()


def make(
    work: Work,
    nearest: Kept | None,
    steps: Sequence[int],
    seconds: float,
    known: int,
    *,
    hold: bool = True,
) -> Block | None:
    """The frames of a run at these steps, one at least, as far as they come within `seconds`.

    Goes on where this process has the run at step `known`, else from the state `nearest`; None
    where it has not, and that state was too large to be sent along. The run is kept in the making
    if its next slice is made here too: `hold`.
    """
    with _makings_lock:
        making = _makings.pop(work.name, None)
    if making is None or making.step != known:
        if nearest is not None and nearest.packed is None:
            return None
        making = _Making(work, nearest)
    block = making.make(steps, seconds)
    if hold and block.error is None and making.step < work.course[-1][1].steps:
        with _makings_lock:
            _makings[work.name] = making
            while len(_makings) > MANY:
                _makings.popitem(last=False)
    return block


def drop(name: tuple[int, int]) -> None:
    """Forget a run that was in the making, and which process made it."""
    rest(name)
    with _makings_lock:
        _makings.pop(name, None)
        _places.pop(name, None)


def make_apart(
    work: Work, nearest: Kept | None, steps: Sequence[int], seconds: float, known: int
) -> Block | None:
    """`make` in another process: what comes back is packed, and small where it can be."""
    block = make(work, nearest, steps, seconds, known)
    if block is None:
        return None
    newest = block.newest if block.newest and block.newest.nbytes <= SMALL_BYTES else None
    error = block.error and RuntimeError(str(block.error) or type(block.error).__name__)
    return block._replace(
        kept=tuple(map(_packed, block.kept)),
        newest=newest and _packed(newest),
        turn=block.turn and _packed(block.turn),
        error=error,
    )


def _packed(kept: Kept) -> Kept:
    # By value: the tensors of PyTorch would otherwise each take a file of shared memory.
    packed = kept.packed
    return kept._replace(packed=packed if isinstance(packed, bytes) else pickle.dumps(packed))


# --- Who makes it.


def name() -> tuple[int, int]:
    """A name for a run that no other has."""
    return os.getpid(), next(_numbers)


_numbers = count()


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1, "slices")


@cache
def _context() -> multiprocessing.context.BaseContext:
    """How other processes begin: forked from one that has loaded PyTorch and done nothing with it,
    or where there is no fork, anew. One forked from this process would hang in its threads' locks.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # The latter takes seconds, and the first optimizer loads it.
    context.set_forkserver_preload([__name__, "torch._dynamo"])
    return context


class _Lane:
    """Another process, which takes slices in the order in which they come."""

    def __init__(self) -> None:
        self.ready = False  # until it is, slices are made by threads of this process
        self.runs: set[tuple[int, int]] = set()  # that it has to make, until they rest
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._executor = ProcessPoolExecutor(1, _context(), _enter)
        with _no_main(), _no_interrupt():
            self._executor.submit(devices.warm_up).add_done_callback(self._warm)

    def _warm(self, done: Future) -> None:
        self.ready = self.ready or done.exception() is None

    def submit(self, work: Work, *arguments: Any) -> Future[Block | None]:
        """A slice; where the process has ended, of another one that takes its place."""
        with _makings_lock:
            self.runs.add(work.name)
        executor = self._executor
        try:
            return executor.submit(make_apart, work, *arguments)
        except BrokenExecutor:
            with self._lock:
                if self._executor is executor:
                    self._begin()
            return self._executor.submit(make_apart, work, *arguments)


@contextmanager
def _no_main() -> Iterator[None]:
    """Another process first runs what is `__main__` here: in the app, a page of it."""
    main, none = sys.modules["__main__"], ModuleType("__main__")
    sys.modules["__main__"] = none
    try:
        yield
    finally:
        if sys.modules["__main__"] is none:  # and not the next visitor's
            sys.modules["__main__"] = main


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """A terminal interrupts all processes: those that are begun here leave that to this one."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_lanes: list[_Lane] = []


def begin_processes(processes: int) -> None:
    """From now on have slices made by so many other processes, each run by one of them at a time.

    They leave this process and its lock alone, and one that takes all memory ends alone.
    """
    _lanes.extend(_Lane() for _ in range(processes - len(_lanes)))


def _enter() -> None:
    """The first thing that another process does: give way, and end with the one that began it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal says it to all
    os.nice(NICENESS)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(0)), daemon=True).start()


_places: dict[tuple[int, int], _Lane] = {}  # which process makes a run


def lane_of(work: Work) -> _Lane | None:
    """The process that makes this run, None for threads of this one.

    Where a run begins, or goes on after a rest, the fewest others are being made. It stays there,
    as to go on elsewhere repeats what came after the last state kept; but where it shares its
    process while another has nothing to do, it moves.
    """
    lanes = [lane for lane in _lanes if lane.ready]
    if not lanes or not _travels(work):
        return None
    with _makings_lock:
        others = {lane: len(lane.runs - {work.name}) for lane in lanes}
        least = min(others.values())
        mine = _places.get(work.name)
        may_move = mine is None or work.name not in mine.runs or least == 0
        if may_move and (mine is None or others[mine] > least):
            rest(work.name)
            mine = _places[work.name] = min(lanes, key=others.__getitem__)
    return mine


def rest(name: tuple[int, int]) -> None:
    """Nobody waits for that run any more: its process may begin with another."""
    with _makings_lock:
        for lane in _lanes:
            lane.runs.discard(name)


@lru_cache(maxsize=256)
def _travels(work: Work) -> bool:
    """Whether another process can be told of it: what is inside of a function or `__main__` is
    known to this one only.
    """
    try:
        return b"__main__" not in pickle.dumps(work)
    except Exception:
        return False


def submit(
    work: Work, nearest: Kept | None, steps: Sequence[int], seconds: float, known: int, carry: bool
) -> Future[Block | None]:
    """Have a slice made after those that were asked for before; `carry` a large `nearest` too.

    Raises `RuntimeError` where this process ends.
    """
    lane = lane_of(work)
    if lane is None:
        return _threads().submit(make, work, nearest, steps, seconds, known)
    if nearest is not None:
        sent = carry or nearest.nbytes <= SMALL_BYTES
        nearest = _packed(nearest) if sent else nearest._replace(packed=None)
    return lane.submit(work, nearest, steps, seconds, known)


def _keep(state: Any) -> Any:
    return None if state is None else Kept(state.step, _nbytes(state), state)


def _nbytes(value: Any) -> int:
    if isinstance(value, Mapping):
        return sum(_nbytes(part) for part in value.values())
    if isinstance(value, tuple | list):
        return sum(_nbytes(part) for part in value)
    return int(getattr(value, "nbytes", 0))
