"""Speed as a ratio, of two ways that take turns in one process: shared machines have no clock."""

import statistics
import time
from collections.abc import Callable

ROUNDS = 15


def seconds(work: Callable[[], None]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def ratio(slow: Callable[[], None], fast: Callable[[], None], rounds: int = ROUNDS) -> float:
    """How many times faster `fast` is, the median of rounds; each is warm before the first."""
    fast()
    slow()
    return statistics.median(seconds(slow) / seconds(fast) for _ in range(rounds))
