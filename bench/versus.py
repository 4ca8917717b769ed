"""Speed as a ratio, of two ways that take turns in one process: shared machines have no clock."""

import statistics
import time
from collections import deque
from collections.abc import Callable
from importlib import import_module

ROUNDS = 15


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def ratio(slow: Callable[[], object], fast: Callable[[], object], rounds: int = ROUNDS) -> float:
    """How many times faster `fast` is, the median of rounds; each is warm before the first."""
    fast()
    slow()
    return statistics.median(seconds(slow) / seconds(fast) for _ in range(rounds))


def every_state(name: str) -> float:
    """How many times faster a lesson yields every state than the loop of its document runs.

    `bench/<lesson>.py` has that loop, `document_loop`, and the settings of both, `CONFIG`; where an
    update takes long also `ROUNDS`, and `states`, those of so many updates as the loop does: the
    state after the last of a run costs a look more.
    """
    lesson, bench = import_module(f"core.{name}"), import_module(f"bench.{name}")
    states = getattr(bench, "states", lambda: lesson.run(bench.CONFIG))
    rounds = getattr(bench, "ROUNDS", ROUNDS)
    return ratio(bench.document_loop, lambda: deque(states(), maxlen=0), rounds)
