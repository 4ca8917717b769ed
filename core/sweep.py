"""Many runs on threads, processes or a cluster: the last state of each, as they end.

    for index, state in sweep(run, [replace(config, seed=seed) for seed in range(50)]):

What a run ends with is its config's affair alone: on one machine, with as many threads of PyTorch
(`torch.set_num_threads`), it is the same on every executor.
"""

import os
import pickle
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from itertools import islice
from queue import SimpleQueue
from typing import Any

AHEAD = 256  # runs an executor is given beyond those whose state was taken: enough for a cluster


def sweep(
    run: Callable[..., Iterator[Any]], configs: Iterable[Any], executor: Executor | None = None
) -> "Sweep":
    """An iterator of (index, last state) of `run(config)` of each config, the first to end first.

    It begins at once: in threads of its own, one a core, or on an `executor`, which is never shut
    down. Configs are asked for as states are taken. A pool of processes must spawn them,
    `mp_context=get_context("spawn")`: a forked one has the locks of PyTorch's threads without the
    threads, and hangs. Then `run`, configs and states travel pickled.

    A run that raises does not cost the others: after the last of these, the error of the first such
    config is raised, with a note of which runs have raised.
    """
    return Sweep(run, configs, executor)


class Sweep(Iterator[tuple[int, Any]]):
    """What `sweep` makes: one thread reads it, any may close it.

    Once closed, or let go as by a loop that is left, it is at its end: what has not begun never
    will, and its own threads stop at the next state, as they do at the end of the process. None
    waits for that. Of an `executor`, what has begun goes on.
    """

    def __init__(
        self, run: Callable[..., Iterator[Any]], configs: Iterable[Any], executor: Executor | None
    ) -> None:
        self._run, self._executor, self._waiting = run, executor, enumerate(configs)
        self._runs: dict[Future[_Last], int] = {}  # to its index
        self._ended: SimpleQueue[Future[_Last] | None] = SimpleQueue()  # None: closed
        self._failed: dict[int, Exception] = {}
        self._closed = threading.Event()
        self._lock = threading.Lock()  # so that a close cancels all that is ever begun
        self._begin(AHEAD if executor else os.cpu_count() or 1)

    def _begin(self, count: int) -> None:
        with self._lock:
            for index, config in islice(self._waiting, 0 if self._closed.is_set() else count):
                if self._executor:
                    future = self._executor.submit(_last, self._run, config)
                else:
                    future = Future()
                    task = (future, self._run, config, self._closed)
                    threading.Thread(target=_fulfil, args=task, name=f"sweep {index}").start()
                self._runs[future] = index
                future.add_done_callback(self._ended.put)

    def __next__(self) -> tuple[int, Any]:
        while self._runs and not self._closed.is_set():
            future = self._ended.get()
            if future is None:
                break
            index = self._runs.pop(future)
            self._begin(1)
            try:
                return index, future.result().state
            except Exception as error:
                self._failed[index] = error
        failed = [] if self._closed.is_set() else sorted(self._failed)
        self.close()
        if not failed:
            raise StopIteration
        error = self._failed[failed[0]]
        error.add_note(f"Raised by run {failed[0]} of a sweep, in which these raised: {failed}.")
        raise error

    def close(self) -> None:
        """Cancel what has not begun; stop what runs in threads of its own."""
        with self._lock:
            self._closed.set()
            for future in list(self._runs):
                future.cancel()
        self._ended.put(None)

    def __del__(self) -> None:
        self.close()


class _Last:
    """A last state on its way: pickled by value.

    PyTorch would have a process pool share the memory of each tensor, which costs four open files
    a state of gradient descent: some 250 such states fill what a process may have open.
    """

    def __init__(self, state: Any) -> None:
        self.state = state

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (pickle.dumps(self.state),)


def _unpickled(state: bytes) -> _Last:
    return _Last(pickle.loads(state))


def _last(
    run: Callable[..., Iterator[Any]], config: Any, closed: threading.Event | None = None
) -> _Last:
    last = None
    for state in run(config):
        # Python ends the main thread first, then waits for all others.
        if closed and (closed.is_set() or not threading.main_thread().is_alive()):
            raise CancelledError
        last = state
    return _Last(last)


def _fulfil(future: Future[_Last], *task: Any) -> None:
    """What a thread of a sweep's own does."""
    if future.set_running_or_notify_cancel():
        try:
            future.set_result(_last(*task))
        except BaseException as error:
            future.set_exception(error)
