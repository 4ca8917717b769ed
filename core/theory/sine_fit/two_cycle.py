"""Why the normalised step flips for ever, and by how much.

Along a direction of curvature λ the gradient at a distance e from the minimum is λe, and

    e <- e - η λe / (1 + λ|e|)

Close by that is e <- (1 - ηλ) e, which comes to rest where ηλ < 2. Else e = d and e = -d follow
each other for ever: 2 d = η λd / (1 + λd) gives 1 + λd = ηλ/2 and

    d = η/2 - 1/λ

the **amplitude of the two-cycle**, or swing: the distance from its middle to either end, half of
what an update moves. Close to d each two updates multiply what is left by (1 - 4/(ηλ))², which is
below 1 for all ηλ > 2: where the two-cycle exists it attracts.

In the plane it is along the direction of the largest curvature λ. Across, with curvature λ', what
is left is multiplied by 1 - 2 λ'/λ in each update: in a cycle along any other direction that would
grow. What is left of d itself goes by 1 - 4/(ηλ), slowly where ηλ is large.

With momentum β, z flips as well, z = g / (1 + |g|) / (1 + β), and d = η / (2 + 2β) - 1/λ. That
cycle too is stable, but a run with much momentum may find a longer one of larger swings.

All this is exact for a quadratic. In a valley that is none, the gradients at the two ends of the
cycle are opposite and d = η/2 - 1/Λ holds with Λ = |g|/d, the gradient at an end divided by its
distance from the middle. What theory leaves out is therefore about 1/λ - 1/Λ, its `correction`,
with Λ taken where theory has the ends. Next to η/2 it is nothing where ηλ is large, as in the
notes' run; at ηλ of a few it grows with the swing: on the mean loss to 4 % of it at η = 0.2 and to
more than 10 % at 0.3.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.course import Change, Course
from core.theory.heavy_ball import critical_step, mode
from core.theory.sine_fit.course import predicted_course
from core.theory.sine_fit.landscape import Local, local
from core.theory.sine_fit.minima import Minimum, minimum_below

if TYPE_CHECKING:
    from core.sine_fit import Config

NEAR = 0.1  # of the amplitude: so much of it may be the correction where theory is said to hold
WITH_MOMENTUM = frozenset({"normalised", "momentum"})


def two_cycle_amplitude(step_size: float, curvature: float, momentum: float = 0.0) -> float:
    """d = η / (2 + 2β) - 1/λ, from the middle to either end; 0 where a run comes to rest."""
    return max(0.0, step_size / (2 + 2 * momentum) - 1 / curvature)


def critical_step_size(optimiser: str, curvature: float, momentum: float = 0.0) -> float:
    """The η from which on a run no longer comes to rest in a minimum of largest curvature λ.

    (2 + 2β)/λ; β = 0 for gradient_descent, 2 for newton in any valley. nan for adam, which divides
    by averages of the gradient: these set its limit anew as it goes.
    """
    if optimiser in ("adam", "newton"):
        return 2.0 if optimiser == "newton" else math.nan
    return critical_step(momentum if optimiser in WITH_MOMENTUM else 0.0) / curvature


def momentum_of(config: Config) -> float:
    """β, which is 0 where the optimiser does not have it."""
    return config.momentum if config.optimiser in WITH_MOMENTUM else 0.0


def edges(config: Config) -> tuple[float, ...]:
    """The largest curvature at which a run rests with these settings; of a step that decays, the
    one at its start and the one at its end. None where no curvature decides that.
    """
    if config.optimiser in ("adam", "newton"):
        return ()
    first = critical_step(momentum_of(config)) / config.step_size
    last = max(config.steps - 1, 0)
    return (first, first * (1 + config.decay * last)) if config.decay else (first,)


class Prediction(NamedTuple):
    """What theory says of the end of a run; what it does not know is nan."""

    minimum: Minimum  # of the valley in which the run ends or, where it ends in none, began
    step_size: float  # η of the last update
    critical_step_size: float  # from here on the run does not come to rest in it
    kind: str | None  # "rests" (in the end, if η decays), "2-cycle", None: beyond the quadratic
    amplitude: float  # of the two-cycle of that η, along the minimum's first direction; 0 at rest
    correction: float  # what the quadratic leaves out of that amplitude, about
    middle: np.ndarray  # (2,) of the two-cycle, or where the run rests
    turning: float  # 1 - 2 λ'/λ: the factor an update of what is left across the flip
    kept: (
        float  # the factor an update of any small disturbance in the long run: below 1 it attracts
    )

    @property
    def holds(self) -> bool:
        """Whether the valley is near enough to a quadratic: a two-cycle there attracts, the
        correction is below NEAR, and the middle is nearer to the minimum than to the ends. Always
        where the run rests.
        """
        if self.kind is None or not self.amplitude:
            return self.kind is not None
        small = abs(self.correction) <= NEAR * self.amplitude
        return small and math.hypot(*self.bias) <= self.amplitude and self.kept < 1

    @property
    def bias(self) -> np.ndarray:
        """(2,) how far the middle is from the minimum."""
        return self.middle - self.minimum.place

    @property
    def ends(self) -> np.ndarray:
        """(2, 2) the two places of the two-cycle, one a row."""
        swing = self.amplitude * self.minimum.directions[:, 0]
        return np.stack([self.middle - swing, self.middle + swing])


def predict(config: Config, *later: Change[Config]) -> Prediction | None:
    """The end of a run, by the curvatures of the minimum in whose valley it ends; None without one.

    That valley is where the middle of the last two states of the predicted course lies. The middle
    of the cycle is where the gradients at its two ends are opposite, by one step of Newton's method
    from the minimum: that the two are not one is the **bias**, of second order in the swing.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return _predict(((0, config), *later))


@lru_cache(maxsize=16)  # a page asks again at every run of it
def _predict(course: Course) -> Prediction | None:
    config: Config = course[-1][1]
    places = predicted_course(*(course[0][1], *course[1:]))
    minimum = minimum_below(config, places[-2:].mean(axis=0)) or minimum_below(config, places[0])
    if minimum is None:
        return None
    curvature, across = minimum.curvatures.tolist()
    beta = momentum_of(config)
    eta = config.step_size_of(max(config.steps - 1, 0))
    critical = critical_step_size(config.optimiser, curvature, beta)
    kind, amplitude, correction, turning, kept = None, math.nan, math.nan, math.nan, math.nan
    middle = minimum.place
    if eta < critical:
        kind, amplitude, correction = "rests", 0.0, 0.0
    elif config.optimiser == "normalised":
        kind = "rests" if config.decay else "2-cycle"
        amplitude = two_cycle_amplitude(eta, curvature, beta)
        # The normalised step is η g / (1 + |g|) with 1 + |g| = ηλ / (2 + 2β).
        turning = mode(critical_step(beta) * across / curvature, beta).rate
        swing = amplitude * minimum.directions[:, 0]
        sides = [local(config, middle + way * swing) for way in (-1, 1)]
        hessian = (sides[0].hessian + sides[1].hessian) / 2
        middle = middle - np.linalg.solve(hessian, (sides[0].gradient + sides[1].gradient) / 2)
        sides = [local(config, middle + way * swing) for way in (-1, 1)]
        slope = float(np.mean([math.hypot(*side.gradient) for side in sides]))
        correction = 1 / curvature - amplitude / slope if amplitude else 0.0
        there, back = (_disturbed(eta, beta, side) for side in sides)
        both = there @ back
        kept = math.inf
        if np.isfinite(both).all():
            kept = math.sqrt(float(np.abs(np.linalg.eigvals(both)).max()))
    return Prediction(minimum, eta, critical, kind, amplitude, correction, middle, turning, kept)


def _disturbed(eta: float, beta: float, at: Local) -> np.ndarray:
    """(4, 4) what a normalised update makes of a small change of (w, z).

    g / (1 + |g|) changes by (H - u uᵀH |g| / (1 + |g|)) dw / (1 + |g|), u = g / |g|.
    """
    length = math.hypot(*at.gradient)
    unit = at.gradient / (length or 1.0)
    along = np.outer(unit, unit @ at.hessian) * length / (1 + length)
    change = (at.hessian - along) / (1 + length)
    same = np.eye(2)
    return np.block([[same - eta * change, -eta * beta * same], [change, beta * same]])
