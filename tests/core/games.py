"""Matrix games to try: well-known ones, any, and any with a cycle."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st

from core.matrix_game import LEARNERS, Config, flow, run

few = settings(max_examples=40, deadline=None)
fewer = settings(max_examples=15, deadline=None)  # for the slow ones
every_learner = pytest.mark.parametrize("learner", LEARNERS)
NOTES = Config()
PENNIES = Config(((1.0, -1.0), (-1.0, 1.0)), ((-1.0, 1.0), (1.0, -1.0)))
DILEMMA = Config(((3.0, 0.0), (5.0, 1.0)), ((3.0, 5.0), (0.0, 1.0)))
STAG_HUNT = Config(((4.0, 1.0), (3.0, 3.0)), ((4.0, 3.0), (1.0, 3.0)))
SEXES = Config(((3.0, 0.0), (0.0, 2.0)), ((2.0, 0.0), (0.0, 3.0)))
STRONG = replace(NOTES, learning_rate=0.3)


@st.composite
def games(draw: st.DrawFn, **fields: Any) -> Config:
    row = st.tuples(st.floats(-5, 5), st.floats(-5, 5))
    return Config(draw(st.tuples(row, row)), draw(st.tuples(row, row)), **fields)


@st.composite
def cycles(draw: st.DrawFn, **fields: Any) -> Config:
    """Games with a cycle that is not too near an edge: by c, p*, q*, and what moves nothing."""
    c0, c1, p, q = (draw(st.floats(*ends)) for ends in ((1, 5), (1, 5), (0.15, 0.85), (0.15, 0.85)))
    sign = draw(st.sampled_from([-1.0, 1.0]))
    moot = st.floats(-3, 3)
    left, right, top, bottom = (draw(moot) for _ in range(4))
    c0, c1 = sign * c0, -sign * c1
    payoff_0 = ((c0 * (1 - q) + left, right), (left, c0 * q + right))
    payoff_1 = ((c1 * (1 - p) + top, top), (bottom, c1 * p + bottom))
    return Config(payoff_0, payoff_1, **fields)


def logit(x: float) -> float:
    return math.log(x / (1 - x))


def recorded(config: Config) -> dict[str, np.ndarray]:
    """Columns (steps + 1,) of the first start."""
    states = list(run(config))
    names = ("p", "q", "reward_0", "reward_1")
    return {name: torch.cat([getattr(state, name) for state in states]).numpy() for name in names}


def rk4(game: Config, logits: tuple[float, float], h: float, steps: int) -> np.ndarray:
    """(steps + 1, 2) the flow by the classical Runge-Kutta method, in logits."""

    def v(a: np.ndarray) -> np.ndarray:
        x = 1 / (1 + np.exp(-a))
        return np.array(flow(game, *x)) / (x * (1 - x))

    path = [np.array(logits)]
    for _ in range(steps):
        a = path[-1]
        k1 = v(a)
        k2 = v(a + h / 2 * k1)
        k3 = v(a + h / 2 * k2)
        k4 = v(a + h * k3)
        path.append(a + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
    return np.array(path)
