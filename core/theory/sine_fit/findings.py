"""What a fit shows at its end, beside what theory says of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from core.course import Change
from core.recording import Frames
from core.theory.enough import TRUST
from core.theory.finding import Finding
from core.theory.sine_fit.minima import minimum_below
from core.theory.sine_fit.tail import Measurement, final, measure, needed
from core.theory.sine_fit.two_cycle import NEAR, Prediction, predict

if TYPE_CHECKING:
    from core.sine_fit import Config


# What the notes print in the end, on points of their own draw: amplitude and frequency, the loss.
NOTES_END, NOTES_LOSS = (0.9829, 0.9430), 13.4534


def findings(
    frames: Frames, config: Config, *later: Change[Config]
) -> tuple[Measurement | None, list[Finding]]:
    """What `frames`, of every update, show since the last change; nothing before the run is over.

    The "end", which is no number but a kind: one of `tail`'s and that of `predict`. Of a two-cycle
    its "swing", the frequencies "low" and "high" at its ends, and "bias", how far the middle's
    amplitude is from that of the best fit in its valley, where that is more than NEAR of the swing:
    a valley that hardly bends has none that its ends would tell. Where the run rests: "amplitude"
    and "frequency".
    """
    since = later[-1][0] if later else 0
    if not frames.finished or frames.steps[-1] < since:  # a run that stopped may not come so far
        return None, []
    legs = (config, *later)
    measured = measure(*(frames.columns[name][since:] for name in ("parameters", "loss")))
    theory = predict(*legs)
    kind = measured.tail.kind
    foretold = theory.kind if theory else None
    end = Finding("end", math.nan, math.nan, needed=needed("kind", *legs) if foretold else 0)
    found = [end._replace(kinds=(foretold, kind)) if kind else end]
    if theory and kind == "2-cycle" and foretold == "2-cycle":
        found += _of_cycle(theory, measured, legs)
    elif kind == "rests":
        count = needed("middle", *legs)
        now, end = later[-1][1] if later else config, final(*legs)
        foreseen = minimum_below(now, end.middle)
        arrives = foreseen and math.dist(end.middle, foreseen.place) <= TRUST
        # After leaps in no order rounding decides in which valley a run comes to rest.
        valley = minimum_below(now, measured.middle)
        goal = valley.place if valley and arrives else (math.nan, math.nan)
        found += [
            Finding(name, float(goal[k]), float(measured.middle[k]), needed=count)
            for k, name in enumerate(("amplitude", "frequency"))
        ]
    return measured, found


def _of_cycle(theory: Prediction, measured: Measurement, legs: tuple) -> list[Finding]:
    count, settled, end = needed("amplitude", *legs), needed("middle", *legs), final(*legs)
    best = theory.minimum.place[0]

    def numbers(swing: float, ends: np.ndarray, middle: np.ndarray) -> list[float]:
        return [float(x) for x in (swing, *sorted(ends[:, 1]), middle[0] - best)]

    foretold = numbers(theory.amplitude, theory.ends, theory.middle)
    shown = numbers(measured.amplitude, measured.ends, measured.middle)
    course = numbers(end.amplitude, end.ends, end.middle)
    found = []
    names = ["swing", "low", "high"]
    if max(abs(foretold[-1]), abs(course[-1])) > NEAR * theory.amplitude:
        names.append("bias")
    for k, name in enumerate(names):
        one = Finding(name, foretold[k], shown[k], needed=settled if k else count)
        if not abs(course[k] - foretold[k]) <= NEAR * theory.amplitude:  # too wide for a quadratic
            one = one._replace(predicted=math.nan, limit=foretold[k])
        found.append(one)
    return found
