"""What a run would show, were it as its updates are written; and how long it would have to be.

There is no closed form of a course: `measure` is let loose on the one computed without torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.course import Change, Course, lengthened
from core.recording import frame_interval
from core.theory.enough import TRUST, fewest
from core.theory.matrix_game.course import predicted_course
from core.theory.matrix_game.laps import Measured, measure

if TYPE_CHECKING:
    from core.matrix_game import Config

SMALL = 0.1  # how far from theory of the first order in η a run may be and still obey it
MOST_NEEDED = 100_000  # updates


class Foreseen(NamedTuple):
    """What a run would show, were it as its updates are written."""

    measured: Measured  # since the last change, of this run alone
    end: tuple[float, float]  # p and q after the last update


def foreseen(k: int, every: int, config: Config, *later: Change[Config]) -> Foreseen:
    """What `measure` finds in the predicted course of run k, in frames `every` updates apart."""
    course = ((0, config), *later)
    return _foreseen(k, every, course, course[-1][1].steps)


def obeys(value: float, expected: float, scale: float | None = None) -> bool:
    """Whether what the updates make of a quantity is near the `value` of theory for small steps or
    orbits: within SMALL of `scale`, that value itself if not given. No run shows that it is inf.
    """
    return math.isfinite(value) and abs(expected - value) <= SMALL * abs(
        value if scale is None else scale
    )


def settles(value: float, found: float) -> bool:
    """Whether a run shows the `value` of the long run: within TRUST of it, of 1 if it is 0."""
    return found == value or abs(found - value) <= TRUST * abs(value or 1)


def needed(
    tells: Callable[[Foreseen], bool],
    k: int,
    every: int,
    config: Config,
    *later: Change[Config],
) -> int | None:
    """The updates that a run needs until what is foreseen of run k `tells` something.

    `config.steps` where these are enough, None where MOST_NEEDED are not.
    """
    course = ((0, config), *later)

    def enough(steps: int) -> bool:
        return tells(_foreseen(k, max(every, frame_interval(steps)), course, steps))

    if tells(foreseen(k, every, config, *later)):
        return course[-1][1].steps
    return fewest(enough, course[-1][1].steps, MOST_NEEDED)


@lru_cache(maxsize=2048)  # eight times what a page asks, of eleven runs, at every run of it
def _foreseen(k: int, every: int, course: Course, steps: int) -> Foreseen:
    since, now = course[-1]
    first = len(now.starts)
    one = replace(
        now,
        learner=now.learner if k < first else now.rivals[k - first],
        starts=now.starts[k : k + 1] if k < first else now.starts[:1],
        rivals=(),
    )
    far = steps if steps == now.steps else MOST_NEEDED  # computed once for all lengths
    (_, first_config), *later = lengthened(course, far)
    logits = predicted_course(k, first_config, *later)[: steps + 1]
    last = _columns(one, logits[-1:])
    with np.errstate(over="ignore", invalid="ignore"):
        found = measure(one, _columns(one, logits[-(-since // every) * every :: every]), every)
    return Foreseen(found, (float(last["p"][0, 0]), float(last["q"][0, 0])))


def _columns(config: Config, logits: np.ndarray) -> dict[str, np.ndarray]:
    """Logits (m, 2) of one run as the columns (m, 1) that its recording would have."""
    (p, q) = play = np.exp(-np.logaddexp(0, -logits)).T
    mixed = np.stack([p * q, p * (1 - q), (1 - p) * q, (1 - p) * (1 - q)], axis=1)
    rewards = [mixed @ np.ravel(R) for R in (config.payoff_0, config.payoff_1)]
    names = ("p", "q", "reward_0", "reward_1")
    columns = {name: values[:, None] for name, values in zip(names, (*play, *rewards), strict=True)}
    return columns | {"logits": logits[:, :, None]}
