"""How a run ends, measured without asking any theory; and when it is long enough to tell.

The **tail** is the second half of what is given, and a move the distance from one of its places to
the next. Two statistics name its kind, the first that holds:

    runs away   some number is not finite, or `growth` is above GROWS and the largest move of all
                is in the tail
    rests       `growth` is below SHRINKS, or moves are rounding
    2-cycle     `back` is below RETURNS
    on its way  `back` is above STRAIGHT
    wanders     none of these: round a longer cycle, or in no order at all

`growth` is the mean move of the tail's later half divided by that of its earlier half, `back` the
mean distance over two moves divided by the mean move: 0 where every second place is the same, 2
straight on, √2 where a move does not know of the one before. Of 60 places in no order one in ten is
said to rest by chance, of 400 none: see `needed`.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.course import Change, Course, lengthened
from core.theory.enough import TRUST, fewest
from core.theory.sine_fit.course import predicted_course

if TYPE_CHECKING:
    from core.sine_fit import Config

KINDS = ("rests", "2-cycle", "on its way", "wanders", "runs away")
FEWEST = 8  # places: fewer have no halves of a half
# A swing that follows a step size which decays as 1/k has a growth of log(4/3) / log(3/2) = 0.71:
# that is on its way to rest. One that stays has a growth of 1.
SHRINKS = 0.8
# What merely wanders has as large moves in both halves; what grows by a factor in each update has
# grown by more than this in the tail of any run of some length.
GROWS = 2.0
RETURNS = 0.1  # of a move: a two-cycle that is still settling drifts by less in two updates
ROUNDING = 1e-9  # of the places' size: sums of a thousand squares carry some twelve digits
LAST = 8  # places over which numbers of the end are averaged
STRAIGHT = 1.95  # of `back`: a run that goes straight on has not arrived
LONG = 1_000  # updates after which the kind is taken to be final


class Tail(NamedTuple):
    """How a run ends."""

    kind: str | None  # one of KINDS; None where there are fewer than FEWEST places
    growth: float
    back: float


def tail(parameters: np.ndarray) -> Tail:
    """The kind of the end of parameters (m, 2) of all states, or of frames an odd number apart."""
    if len(parameters) < FEWEST:
        return Tail(None, math.nan, math.nan)
    if not np.isfinite(parameters).all():
        return Tail("runs away", math.inf, math.nan)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        moves = np.hypot(*np.diff(parameters, axis=0).T)
        late = parameters[len(parameters) // 2 :]
        last = moves[len(parameters) // 2 :]
        early, later = (float(half.mean()) for half in np.array_split(last, 2))
        growth = float(np.divide(later, early)) if later else 0.0
        back = float(np.mean(np.hypot(*(late[2:] - late[:-2]).T)) / np.mean(last))
    if growth > GROWS and last.max() >= moves.max():
        kind = "runs away"
    elif growth < SHRINKS or later <= ROUNDING * (1 + np.abs(late).max()):
        kind = "rests"
    elif back < RETURNS:
        kind = "2-cycle"
    else:
        kind = "on its way" if back > STRAIGHT else "wanders"
    return Tail(kind, growth, back)


class Measurement(NamedTuple):
    """What the end of a run shows, whatever its kind; nan of no run and beyond all numbers."""

    tail: Tail
    amplitude: float  # half of what an update moves: from the middle of a two-cycle to its ends
    ends: np.ndarray  # (2, 2) the places of every second state, the last one in the second row
    middle: np.ndarray  # (2,)
    losses: np.ndarray  # (2,) of every second state, the last one second


def measure(parameters: np.ndarray, loss: np.ndarray) -> Measurement:
    """The end of a run with parameters (m, 2) and losses (m,), means over its last LAST places.

    Over fewer where that is more than an eighth of it: a two-cycle is reached slowly.
    """
    last = max(2, min(LAST, len(parameters) // 8) // 2 * 2)
    if len(parameters) < 2:
        nowhere = np.full((2, 2), math.nan)
        return Measurement(tail(parameters), math.nan, nowhere, nowhere[0], nowhere[0])
    with np.errstate(over="ignore", invalid="ignore"):
        ends = parameters[-last:].reshape(-1, 2, 2).mean(axis=0)
        losses = loss[-last:].reshape(-1, 2).mean(axis=0)
        moves = np.hypot(*np.diff(parameters[-last:], axis=0).T)
        return Measurement(
            tail(parameters), float(moves.mean()) / 2, ends, ends.mean(axis=0), losses
        )


def final(config: Config, *later: Change[Config]) -> Measurement:
    """How the predicted course ends after LONG more updates, since the last change."""
    course = ((0, config), *later)
    return _end(_long_after(course)[course[-1][0] :])


def _long_after(course: Course) -> np.ndarray:
    """(steps + 1, 2) the places of a run LONG updates longer."""
    (_, first), *later = lengthened(course, course[-1][1].steps + LONG)
    return predicted_course(first, *later)


def needed(field: str, config: Config, *later: Change[Config]) -> int | None:
    """The updates that a run needs until its "kind", "amplitude" or "middle" since its last change
    is the final one: `config.steps` where these are enough, None where LONG more are not.

    Asked of the predicted course. Its final end is that of a run LONG updates longer, if that has
    arrived. An amplitude and a middle are there when they stay within TRUST: of the amplitude in a
    two-cycle, else the middle of how far it is from where the settings were changed.
    """
    return _needed(field, ((0, config), *later))


@lru_cache(maxsize=64)  # a page asks again at every run of it
def _needed(field: str, course: Course) -> int | None:
    since, config = course[-1]
    places = _long_after(course)[since:]
    final = _end(places)
    if final.tail.kind == "on its way":
        return None

    def enough(steps: int) -> bool:
        found = _end(places[: steps - since + 1])
        if found.tail.kind != final.tail.kind:
            return False
        allowed = TRUST * final.amplitude
        if field == "amplitude" and final.tail.kind == "2-cycle":
            return abs(found.amplitude - final.amplitude) <= allowed
        if field == "middle" and final.tail.kind in ("2-cycle", "rests"):
            if final.tail.kind == "rests":
                allowed = TRUST * math.hypot(*(final.middle - places[0]))
            return math.hypot(*(found.middle - final.middle)) <= allowed
        return True

    if enough(config.steps):
        return config.steps
    return fewest(enough, config.steps, config.steps + LONG)


def _end(places: np.ndarray) -> Measurement:
    return measure(places, np.zeros(len(places)))
