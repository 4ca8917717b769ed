"""Where runs go, update by update, through changes of settings: foretold in three ways.

By the flow (`predicted_play`), by the updates written out for two numbers (`predicted_course`), and
by the growth of small distances (`predicted_distances`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from core.course import Change, legs, walk
from core.theory.matrix_game.equilibrium import analyse, rest, slopes
from core.theory.matrix_game.orbits import FLOWING, distance, orbit

if TYPE_CHECKING:
    from core.matrix_game import Config
    from core.recording import Frames

Rule = tuple[float, str, float]  # η, learner and γ
Play = tuple[float, float, float, float]  # logits a₀ and a₁, v₀ and v₁ at the logits before


def predicted_play(config: Config, *later: Change[Config]) -> np.ndarray:
    """(steps + 1, 2) p and q of the flow from the first start; settings of `later` from its steps.

    nan where no orbit tells it: in a game that is no cycle, and from the first learner on that does
    not follow the flow.
    """
    course = ((0, config), *later)
    play = np.full((course[-1][1].steps + 1, 2), math.nan)
    lap = orbit(config, config.starts[0])
    time = 0.0
    for leg in legs(course):
        if math.isnan(lap.period) or leg.settings.learner not in FLOWING:
            break
        times = time + leg.settings.learning_rate * np.arange(leg.end - leg.begin + 1)
        for column, values in enumerate((lap.p, lap.q)):
            around = np.interp(times, lap.time, values, period=lap.time[-1] - lap.time[0])
            play[leg.begin : leg.end + 1, column] = around
        time = times[-1]
    return play


def predicted_course(k: int, config: Config, *later: Change[Config]) -> np.ndarray:
    """(steps + 1, 2) logits of run k, by the updates written out for two numbers, without torch.

    `later` are changes of settings on the way. Not to write to.
    """
    course = ((0, config), *later)
    first = len(config.starts)
    start = config.starts[k] if k < first else config.starts[0]
    rules = tuple(
        (
            begin,
            (
                leg.learning_rate,
                leg.learner if k < first else leg.rivals[k - first],
                leg.learner_step,
            ),
        )
        for begin, leg in course
    )
    (_, _), (r10, r11) = config.payoff_0
    (_, s01), (_, s11) = config.payoff_1
    numbers = (*slopes(config), float(r10 - r11), float(s01 - s11))
    return _course(numbers, start, rules, course[-1][1].steps)


@lru_cache(maxsize=64)  # a page asks again at every run of it
def _course(
    numbers: tuple[float, ...],
    start: tuple[float, float],
    rules: tuple[Change[Rule], ...],
    steps: int,
) -> np.ndarray:
    """Of the numbers c₀, b₀, c₁, b₁ of `slopes` and d₀, d₁ of `rest` alone."""
    c0, b0, c1, b1, d0, d1 = numbers

    def field(a0: float, a1: float) -> tuple[float, ...]:
        p, q = _sigmoid(a0), _sigmoid(a1)
        u, w = p * (1 - p), q * (1 - q)
        return u * (c0 * q + b0), w * (c1 * p + b1), p, q, u, w

    def update_of(rule: Rule) -> Callable[[Play], Play]:
        eta, learner, gamma = rule

        def update(play: Play) -> Play:
            a0, a1, before_0, before_1 = play
            v0, v1, p, q, u, w = field(a0, a1)
            x, y = v0, v1
            if learner == "alternating":
                y = field(a0 + eta * v0, a1)[1]
            elif learner == "extragradient":
                x, y, *_ = field(a0 + eta * v0, a1 + eta * v1)
            elif learner == "optimistic":
                x, y = 2 * v0 - before_0, 2 * v1 - before_1
            elif learner == "lookahead":
                x, y = v0 + gamma * c0 * u * w * v1, v1 + gamma * c1 * u * w * v0
            elif learner == "consensus":
                x = v0 - gamma * ((1 - 2 * p) * v0 * v0 + c1 * u * w * v1)
                y = v1 - gamma * ((1 - 2 * q) * v1 * v1 + c0 * u * w * v0)
            elif learner == "symplectic":
                twist = gamma * (c0 - c1) / 2 * u * w
                x, y = v0 + twist * v1, v1 - twist * v0
            elif learner == "lola":
                x = v0 + gamma * w * (c0 * p + d0) * c1 * u * w
                y = v1 + gamma * u * (c1 * q + d1) * c0 * u * w
            return a0 + eta * x, a1 + eta * y, v0, v1

        return update

    a0, a1 = map(float, start)
    v0, v1, *_ = field(a0, a1)
    logits = np.array([play[:2] for play in walk(rules, (a0, a1, v0, v1), update_of, steps)])
    logits.setflags(write=False)
    return logits


def _sigmoid(a: float) -> float:
    if a >= 0:
        return 1 / (1 + math.exp(-a))
    grown = math.exp(a)
    return grown / (1 + grown)


def predicted_distances(
    config: Config, *later: Change[Config], first: int | None = None
) -> np.ndarray:
    """(steps + 1, n) the `distances` of theory, which is that of tiny ones; `later` from its steps.

    From where the last settings rest; nan while a learner rests elsewhere. Of the `first` so many
    starts, if given, and the rivals.
    """
    course = tuple(
        (step, replace(leg, starts=leg.starts[:first])) for step, leg in ((0, config), *later)
    )
    last = course[-1][1]
    starts = np.array(config.starts + config.starts[:1] * len(config.rivals)).T
    away = np.empty((last.steps + 1, starts.shape[1]))
    away[0] = distances(last, starts[None])
    for leg in legs(course):
        growth = np.empty(starts.shape[1])
        for (runs, one), (_, final) in zip(alone(leg.settings), alone(last), strict=True):
            growth[runs] = analyse(one).growth if rest(one) == rest(final) else math.nan
        with np.errstate(under="ignore", over="ignore"):
            powers = growth ** np.arange(leg.end - leg.begin + 1.0)[:, None]
            away[leg.begin : leg.end + 1] = away[leg.begin] * powers
    return away


def distances(config: Config, logits: np.ndarray) -> np.ndarray:
    """(m, n) how far each run is from where its own learner rests; of the runs in logits (m, 2, n).

    n may be less than the config's runs: those that a frame has.
    """
    parts = [distance(one, logits[:, :, runs]) for runs, one in alone(config)]
    return np.concatenate(parts, axis=1)


def charted_distances(config: Config, frames: Frames) -> dict[str, np.ndarray]:
    """`distance` (m, n), the `distances` in frames (m): charted, not recorded."""
    return {"distance": distances(config, frames.columns["logits"])}


def grown(config: Config, logits: np.ndarray) -> float:
    """How many times as far the first of the runs in logits (m, 2, n) is in the end as at first."""
    away = distances(config, logits[[0, -1]])[:, 0]
    return float(away[1] / away[0])


def alone(config: Config) -> list[tuple[slice, Config]]:
    """Which runs have which learner: for each learner the config that has it for all."""
    first = len(config.starts)
    bare = replace(config, rivals=())
    return [(slice(0, first), bare)] + [
        (slice(k, k + 1), replace(bare, learner=rival))
        for k, rival in enumerate(config.rivals, first)
    ]
