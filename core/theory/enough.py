"""Whether a run is long enough to show a number of the long run, and how long it would have to be.

Asked of theory alone: a measurement is let loose on the predicted course, and where it does not
find the predicted number there, no run of that length is held to it. A fault of a run is not hidden
by that: its own numbers are never looked at.
"""

import math
from collections.abc import Callable

TRUST = 0.01  # how far from the long run's number a measurement may be
ROUNDING = 1e-12  # of a logarithm, where that of the number is 0


def tells(found: float, value: float) -> bool:
    """Whether a measurement that is made of the predicted errors finds the rate of the long run.

    Within TRUST of its logarithm, and so of how fast the error shrinks. If so the run is long
    enough to measure; that is asked of theory alone, so that no fault of a run is hidden.
    """
    if not (0 < found < math.inf and 0 < value < math.inf):
        return found == value
    return abs(math.log(found / value)) <= TRUST * abs(math.log(value)) + ROUNDING


def fewest(enough: Callable[[int], bool], steps: int, most: int = 20_000) -> int | None:
    """The fewest updates, more than `steps`, that are `enough`; None where `most` are not."""
    if steps >= most:
        return None
    few, many = steps, min(2 * steps + 2, most)
    while not enough(many):
        if many == most:
            return None
        few, many = many, min(2 * many, most)
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if enough(middle) else (middle, many)
    return many
