"""Where nobody gains by a change, and what learners do close to it.

∂V₀/∂p = c₀ q + b₀ and ∂V₁/∂q = c₁ p + b₁: these four numbers are all that learning hears of a game,
but for lola, who also looks at what the other's move earns.
Source: Singh, Kearns & Mansour 2000; the learners: Letcher et al. 2019.
"""

from __future__ import annotations

import cmath
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from core.matrix_game import Config


class Analysis(NamedTuple):
    """What theory says of a game and of its learner; what does not exist is nan."""

    kind: str  # of the interior equilibrium: "cycle", "saddle"; "dominance" where there is none
    p: float  # the equilibrium: the interior one, or the corner that dominance leads to
    q: float
    value_0: float  # what the players earn at it
    value_1: float
    omega: float  # radians that small orbits turn in a unit of time of the flow, η of an update
    period: float  # updates of one turn of a small orbit
    growth: float  # factor an update of the distance from where the learner rests: see `rest`

    @property
    def means(self) -> Analysis:
        """With p, q and payoffs as they are on average: where play goes round, they are those of
        the equilibrium, else nan.
        """
        if self.kind == "cycle":
            return self
        return self._replace(p=math.nan, q=math.nan, value_0=math.nan, value_1=math.nan)

    @property
    def half_life(self) -> float:
        """Updates that halve that distance or, where it grows, double it."""
        rate = abs(math.log(self.growth)) if self.growth else math.inf
        return math.log(2) / rate if rate else math.inf


def analyse(config: Config) -> Analysis:
    """Kind of the game, equilibrium, payoffs there, and the learner's turning and growth near it.

    Growth and period are modulus and angle of the largest eigenvalue of the update, linearised. At
    an interior equilibrium J = [[0, c₀ s], [c₁ s, 0]], s = p(1-p) q(1-q), and naive learning grows
    by √(1 + η²ω²), ω = s √(-c₀c₁), and turns in 2π / atan(ηω) updates.
    """
    c0, b0, c1, b1 = slopes(config)
    p, q = equilibrium(config)
    omega = period = growth = math.nan
    if math.isnan(p):
        kind = "dominance"  # who has a best action plays it, the other answers
        p = _answer(c0, b0, 0.5) if _outside(c0, b0) else math.nan
        q = _answer(c1, b1, 0.5 if _outside(c1, b1) else p)
        p = _answer(c0, b0, q) if math.isnan(p) else p
    else:
        kind = "saddle" if (c0 > 0) == (c1 > 0) else "cycle"
        if kind == "cycle":
            omega = p * (1 - p) * q * (1 - q) * math.sqrt(abs(c0)) * math.sqrt(abs(c1))
        moduli = {math.hypot(mu.real, mu.imag): mu for mu in _eigenvalues(config)}
        if moduli:
            growth = max(moduli)
            angle = abs(cmath.phase(moduli[growth]))
            period = 2 * math.pi / angle if angle else math.nan
            if math.isclose(growth, 1, rel_tol=1e-15):
                growth = 1.0  # but for rounding
    play = np.outer([p, 1 - p], [q, 1 - q])
    value_0, value_1 = (float(np.sum(play * R)) for R in (config.payoff_0, config.payoff_1))
    return Analysis(kind, p, q, value_0, value_1, omega, period, growth)


def rest(config: Config) -> tuple[float, float]:
    """(p, q) where the learner rests inside: the equilibrium, but for lola; nan where nowhere.

    Lola rests where c₀q + b₀ + γ c₁ (q(1-q))² (c₀p + d₀) = 0 and, players swapped, for player 1;
    d₀ = R₀[10] - R₀[11], d₁ = R₁[01] - R₁[11]. Newton's method follows that point from the
    equilibrium as γ grows from 0; where it is lost on the way, or leaves the square, it is nan.
    """
    p, q = equilibrium(config)
    if config.learner != "lola" or math.isnan(p):
        return p, q
    step_p = step_q = math.inf
    for part in range(1, 65):
        for _ in range(6):
            f, g, f_p, f_q, g_p, g_q = _lola_pull(config, part / 64, p, q)
            determinant = f_p * g_q - f_q * g_p
            if not determinant:
                return math.nan, math.nan
            step_p, step_q = (g_q * f - f_q * g) / determinant, (f_p * g - g_p * f) / determinant
            p, q = p - step_p, q - step_q
            if not (0 < p < 1 and 0 < q < 1):
                return math.nan, math.nan
    return (p, q) if abs(step_p) + abs(step_q) < 1e-9 else (math.nan, math.nan)


def _lola_pull(config: Config, part: float, p: float, q: float) -> tuple[float, ...]:
    """Lola's direction without its factors p(1-p) and q(1-q), and its slopes: f, g, f_p ... g_q.

    For `part` of the learner's own γ.
    """
    c0, b0, c1, b1 = slopes(config)
    (_, _), (r10, r11) = config.payoff_0
    (_, s01), (_, s11) = config.payoff_1
    earn_0, earn_1 = c0 * p + r10 - r11, c1 * q + s01 - s11  # ∂V₀/∂q and ∂V₁/∂p
    u, w, gamma = p * (1 - p), q * (1 - q), part * config.learner_step
    return (
        c0 * q + b0 + gamma * c1 * w * w * earn_0,
        c1 * p + b1 + gamma * c0 * u * u * earn_1,
        gamma * c0 * c1 * w * w,
        c0 + 2 * gamma * c1 * w * (1 - 2 * q) * earn_0,
        c1 + 2 * gamma * c0 * u * (1 - 2 * p) * earn_1,
        gamma * c0 * c1 * u * u,
    )


def _eigenvalues(config: Config) -> list[complex]:
    """Of one update, linearised where the learner rests; none where it rests nowhere inside.

    With ηJ = [[0, x], [y, 0]], one update multiplies the logits' distance from there by I + N.
    """
    p, q = rest(config)
    if math.isnan(p):
        return []
    c0, _, c1, _ = slopes(config)
    u, w, eta = p * (1 - p), q * (1 - q), config.learning_rate
    x, y, ratio = eta * c0 * u * w, eta * c1 * u * w, config.learner_step / eta
    match config.learner:
        case "naive":
            N = [[0, x], [y, 0]]
        case "alternating":
            N = [[0, x], [y, x * y]]
        case "extragradient":  # ηJ + (ηJ)²
            N = [[x * y, x], [y, x * y]]
        case "optimistic":  # μ² - (1 + 2z) μ + z = 0 for each eigenvalue z of ηJ
            z, root = cmath.sqrt(x * y), cmath.sqrt(1 + 4 * x * y)
            return [(1 + 2 * way * z + sign * root) / 2 for way in (-1, 1) for sign in (-1, 1)]
        case "lookahead":  # η (J + γ J²)
            N = [[ratio * x * y, x], [y, ratio * x * y]]
        case "consensus":  # η (J - γ JᵀJ)
            N = [[-ratio * y * y, x], [y, -ratio * x * x]]
        case "symplectic":  # η (J + γ A J)
            half = ratio * (x - y) / 2
            N = [[half * y, x], [y, -half * x]]
        case _:  # lola
            _, _, f_p, f_q, g_p, g_q = _lola_pull(config, 1.0, p, q)
            N = [[eta * u * f_p * u, eta * u * f_q * w], [eta * w * g_p * u, eta * w * g_q * w]]
    (n00, n01), (n10, n11) = N
    mean, split = (n00 + n11) / 2, (n00 - n11) / 2
    root = cmath.sqrt(split * split + n01 * n10)
    return [1 + mean - root, 1 + mean + root]


def slopes(config: Config) -> tuple[float, float, float, float]:
    """c₀, b₀, c₁, b₁ of ∂V₀/∂p = c₀ q + b₀ and ∂V₁/∂q = c₁ p + b₁, each rounded once."""
    (r00, r01), (r10, r11) = config.payoff_0
    (s00, s01), (s10, s11) = config.payoff_1
    c0, c1 = math.fsum((r00, -r01, -r10, r11)), math.fsum((s00, -s01, -s10, s11))
    return c0, float(r01 - r11), c1, float(s10 - s11)


def _outside(c: float, b: float) -> bool:
    """Whether c x + b has no zero, or every one, between 0 and 1."""
    return not (c and 0 < -b / c < 1)


def equilibrium(config: Config) -> tuple[float, float]:
    """(p, q) inside, where neither player gains by a change; nan where there is none."""
    c0, b0, c1, b1 = slopes(config)
    if _outside(c0, b0) or _outside(c1, b1):
        return math.nan, math.nan
    return -b1 / c1, -b0 / c0


def _answer(c: float, b: float, other: float) -> float:
    """The best probability where its slope is c · other + b; nan where there is none."""
    slope = c * other + b
    return float(slope > 0) if slope and not math.isnan(slope) else math.nan
