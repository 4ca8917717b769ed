"""What a run of the game shows, beside what theory says of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from core.course import Change
from core.recording import Frames
from core.theory.finding import Finding
from core.theory.matrix_game.course import predicted_course
from core.theory.matrix_game.equilibrium import Analysis, analyse, rest
from core.theory.matrix_game.foreseen import Foreseen, foreseen, needed, obeys, settles
from core.theory.matrix_game.laps import SMOOTH, Measured, measure
from core.theory.matrix_game.orbits import FLOWING, corner, drift, orbit_period

if TYPE_CHECKING:
    from core.matrix_game import Config


class Report(NamedTuple):
    """What `findings` found."""

    measured: Measured  # since the last change
    findings: tuple[Finding, ...]


def findings(
    frames: Frames, every: int, lives: int, config: Config, *later: Change[Config]
) -> Report:
    """What the finished `frames`, `every` so many updates apart, show since the last change.

    Where the first run goes round for ever: a "lap" and a "tiny_lap" in updates, the energy
    "gained" in a lap in percent, and "p", "q", "value_0", "value_1", averages over whole laps.
    Where it comes to rest: the "last_lap", "end_p" and "end_q". Where nothing cycles: "corner_p"
    and "corner_q". Of a cycle also, of the first `lives` runs, the updates in which the distance
    "halves" or "doubles".
    """
    since, now = later[-1] if later else (0, config)
    course = _Course(every, (config, *later), now)
    last = len(frames.steps) - (frames.steps[-1] % every > 0)  # a last frame may come sooner
    here = slice(-(-since // every), last)
    measured = measure(now, {name: values[here] for name, values in frames.columns.items()}, every)
    begin = tuple(predicted_course(0, *course.legs)[since].tolist())
    end = [float(frames.columns[name][-1, 0]) for name in ("p", "q")]

    game = analyse(now)
    if game.kind != "cycle":
        found, lives = _ends(course, "corner", corner(now, begin), end), 0
    elif now.learner in FLOWING:
        found = _laps(course, game, begin, measured)
    else:
        found = [*_last_lap(course, game, measured), *_ends(course, "end", rest(now), end)]
    found += [_life(course, k, measured.half_lives[k]) for k in range(lives)]
    return Report(measured, tuple(found))


class _Course(NamedTuple):
    """What is predicted of a run, to ask whether it is long enough to show something."""

    every: int
    legs: tuple[Any, ...]
    now: Config  # the last settings

    def asked(self, found: Finding, tells: Callable[[Foreseen], bool]) -> Finding:
        """The finding, with what a run lacks to show it."""
        count = needed(tells, found.which, self.every, *self.legs)
        coarse = self.every > 1 and analyse(self.now).period < SMOOTH * self.every
        return found._replace(needed=count, coarse=count is None and coarse)

    def foreseen(self, k: int = 0) -> Measured:
        return foreseen(k, self.every, *self.legs).measured


def _laps(
    course: _Course, game: Analysis, begin: tuple[float, float], measured: Measured
) -> list[Finding]:
    """One lap of play that goes round, and the averages over all."""
    now, expected = course.now, course.foreseen()
    lap = Finding("lap", orbit_period(now, begin), measured.first_lap)
    lap = course.asked(lap, lambda seen: seen.measured.laps > 0)

    def over_laps(quantity: str, value: float, found: float, told: float, scale: float | None):
        row = lap._replace(quantity=quantity, predicted=value, measured=found)
        return _near(row, now.steps, told, scale)

    gain = drift(now, begin)
    spans = [max(*R[0], *R[1]) - min(*R[0], *R[1]) for R in (now.payoff_0, now.payoff_1)]
    names, scales = ("p", "q", "value_0", "value_1"), (None, None, *spans)
    return [
        _near(lap, now.steps, expected.first_lap),
        Finding("tiny_lap", game.period, math.nan),
        over_laps("gained", 100 * gain, 100 * measured.gained, 100 * expected.gained, None),
        *map(over_laps, names, game[1:5], measured.averages, expected.averages, scales),
    ]


def _last_lap(course: _Course, game: Analysis, measured: Measured) -> list[Finding]:
    if math.isnan(game.period):
        return []
    lap = Finding("last_lap", game.period, measured.last_lap)
    return [course.asked(lap, lambda seen: settles(game.period, seen.measured.last_lap))]


def _ends(course: _Course, kind: str, goal: tuple[float, float], end: list[float]) -> list[Finding]:
    found = []
    for k, (name, value) in enumerate(zip("pq", goal, strict=True)):
        row = Finding(f"{kind}_{name}", value, end[k])
        if kind != "corner" or not math.isnan(value):  # where theory names no corner, none is late
            row = course.asked(row, lambda seen, k=k, value=value: settles(value, seen.end[k]))
        found.append(row)
    return found


def _life(course: _Course, k: int, measured: float) -> Finding:
    """In how many updates the distance of run k halves or doubles."""
    now, first = course.now, len(course.now.starts)
    learner = now.learner if k < first else now.rivals[k - first]
    theory = analyse(replace(now, learner=learner))
    sign, quantity = (1, "halves") if theory.growth < 1 else (-1, "doubles")
    life, flows = theory.half_life, learner in FLOWING

    def tells(seen: Foreseen) -> bool:
        found = sign * seen.measured.half_lives[0]
        return math.isfinite(found) if flows else settles(life, found)  # far out it drifts else

    row = course.asked(Finding(quantity, life, sign * measured, which=k), tells)
    if flows:
        row = _near(row, now.steps, sign * course.foreseen(k).half_lives[0])
    return row


def _near(found: Finding, steps: int, told: float, scale: float | None = None) -> Finding:
    """Where the predicted course, as it is `told`, is far from theory for small steps and orbits,
    that theory is the limit only.
    """
    if not found.shown(steps) or math.isnan(found.predicted):
        return found
    if obeys(found.predicted, told, scale):
        return found
    return found._replace(predicted=math.nan, limit=found.predicted)
