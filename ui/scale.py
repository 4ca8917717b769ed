"""The scale of a slider: a strip that marks values of theory at their place, preferred numbers."""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from streamlit.delta_generator import DeltaGenerator

from core.ranges import Range
from ui.theme import setting

# Streamlit's track begins and ends 6 px inside the slider's box, 18 px above its lower end; the
# strip comes 16 px later. The slider's own two numbers, shown under a hand, would cover it.
_STYLE = """<style>
.scale { position: relative; margin: -1.9rem 6px 0; font-size: 0.8rem; line-height: 1.25rem;
  font-variant-numeric: tabular-nums; }
.scale div { position: relative; height: 1.25rem; white-space: nowrap; }
.scale i { position: absolute; top: 0; bottom: 0; width: 0; border-left: 2px solid currentColor;
  transform: translateX(-1px); }
.scale i.through { top: -1.25rem; border-left-style: dotted; }
.scale span { position: absolute; }
[data-testid="stElementContainer"]:has(+ [data-testid="stElementContainer"] .scale)
  [data-testid="stSliderTickBar"] { display: none; }
</style>"""

LETTER = 0.028  # how much of the strip a letter takes


class Mark(NamedTuple):
    """A value and what it is called; nan is left out."""

    label: str
    value: float


def place(value: float, allowed: Range, *, log: bool = False) -> float:
    """Where `value` lies on a slider over `allowed`, of numbers or, if `log`, of their logarithms:
    0 at its left end, 1 at its right one.
    """
    if log:
        low, high = math.log(allowed.low), math.log(allowed.high)
        return (math.log(value) - low) / (high - low) if value > 0 else -math.inf
    return (value - allowed.low) / (allowed.high - allowed.low)


def html(marks: Sequence[Mark], allowed: Range, *, log: bool = False) -> str:
    """The strip: a line of its own for each mark, an arrow where it lies off the scale."""
    known = [mark for mark in marks if not math.isnan(mark.value)]
    parts = [place(mark.value, allowed, log=log) for mark in known]
    lines = "".join(
        _line(mark, part, parts[index + 1 :], first=index == 0)
        for index, (mark, part) in enumerate(zip(known, parts, strict=True))
    )
    return f'{_STYLE}<div class="scale">{lines}</div>'


def _line(mark: Mark, part: float, later: Sequence[float], *, first: bool) -> str:
    """`later` are the places of the marks below, whose ticks run through this line."""
    text = f"{mark.label} {setting(float(f'{mark.value:.4g}'))}"
    words = escape(text)
    if part < 0:
        return f'<div><span style="left:0">← {words}</span></div>'
    if part > 1:
        return f'<div><span style="right:0">{words} →</span></div>'
    percent = f"{100 * part:.2f}%"
    end = part + LETTER * (len(text) + 2)
    crossed = any(part <= other <= end for other in later)
    free = end <= 1 and (not crossed or part < end - part)  # on the left there is less room still
    side = f"left:calc({percent} + 6px)" if free else f"right:calc(100% - {percent} + 6px)"
    tick = "" if first else ' class="through"'
    return f'<div><i{tick} style="left:{percent}"></i><span style="{side}">{words}</span></div>'


def strip(
    under: DeltaGenerator, marks: Sequence[Mark], allowed: Range, *, log: bool = False
) -> None:
    """Show the strip in `under`, the place directly below the slider, which may be a `log` one."""
    under.html(html(marks, allowed, log=log))


# ISO 3's R20: twenty steps a decade, each about an eighth more than the one before.
PREFERRED = (1, 1.12, 1.25, 1.4, 1.6, 1.8, 2, 2.24, 2.5, 2.8)
PREFERRED += (3.15, 3.55, 4, 4.5, 5, 5.6, 6.3, 7.1, 8, 9)


def preferred(allowed: Range) -> list[float]:
    """The preferred numbers in a range above 0."""
    decades = range(math.floor(math.log10(allowed.low)), math.ceil(math.log10(allowed.high)) + 1)
    numbers = (float(f"{digits}e{power}") for power in decades for digits in PREFERRED)
    return [value for value in numbers if value in allowed]
