"""The look: colours in fixed roles, chart settings for light and dark, how numbers are written and
things counted.
"""

import math
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context
from typing import Any

import numpy as np

from ui.colours import legends

# Okabe & Ito 2008, "Color Universal Design": told apart by colour-blind readers too.
BLUE, VERMILION, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#8A8F98"
ORANGE, SKY, PURPLE = "#E69F00", "#56B4E9", "#CC79A7"
# Several of one kind; green is kept for the target.
SERIES = (BLUE, ORANGE, PURPLE, SKY, VERMILION, "#8C6D31", "#6A51A3", "#4D8B8B")

# Of pinned curves, dashed each in its own way by the player.
PINS = {"A": "#A6761D", "B": "#8A6FD1", "C": "#3F9C9C", "D": "#C2577A"}

# Of tables of numbers: the verdict, the pins. An <i> is a sample of a line.
_TABLE_STYLE = """<style>
.numbers { border-collapse: collapse; font-variant-numeric: tabular-nums; max-width: 60rem;
  width: 100%; }
.numbers th, .numbers td { padding: 0.3rem 1.2rem 0.3rem 0; text-align: left; border: 0;
  vertical-align: top; font-weight: 400;
  border-bottom: 1px solid color-mix(in srgb, currentColor 12%, transparent); }
.numbers thead th { opacity: 0.7; font-size: 0.875rem; }
.numbers td { white-space: nowrap; font-weight: 600; }
.numbers td.error { font-weight: 400; }
.numbers .note { display: block; font-size: 0.85rem; opacity: 0.7; white-space: normal; }
.numbers i { display: inline-block; width: 1.6rem; margin-right: 0.45rem; vertical-align: middle;
  border-top: 2px solid #0072B2; }
.numbers i.dashed { border-top-style: dashed; }
@media (max-width: 950px) { .numbers thead i { display: none; } }
@media (max-width: 640px) {
  .numbers th, .numbers td { padding-right: 0.5rem; font-size: 0.85rem; }
  .numbers i { display: none; }
}
</style>"""


def number_table(name: str, titles: Iterable[str], rows: str) -> str:
    """A table of numbers under `titles`, these and its `rows` in HTML, that tests and styles know
    by its name.
    """
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    return (
        f'{_TABLE_STYLE}<table class="numbers {name}" data-testid="{name}"><thead><tr>{head}</tr>'
        f"</thead><tbody>{rows}</tbody></table>"
    )


SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
THIN_SPACE = "\u2009"
MINUS = "−"


def subscript(index: int) -> str:
    """The index as small digits below the line: w₄."""
    return str(index).translate(SUBSCRIPTS)


# A browser rounds halves away from 0.
FOUR_DIGITS = Context(prec=4, rounding=ROUND_HALF_UP)


def number(value: float) -> str:
    """Four significant digits, a power of ten past six; thousands as a slider writes them: 25000.

    `number` in player/js/numbers.js writes them the same way.
    """
    if math.isnan(value):
        return "—"
    sign = MINUS if value < 0 else ""
    size = abs(float(value))
    if math.isinf(size):
        return f"{sign}∞"
    if size == 0:
        return "0"
    digits = FOUR_DIGITS.create_decimal_from_float(size)
    mantissa, exponent = f"{digits:.3e}".split("e")
    power = int(exponent)
    if -4 <= power < 6:
        return f"{sign}{digits:.{max(3 - power, 0)}f}"
    return f"{sign}{mantissa}{THIN_SPACE}×{THIN_SPACE}10{str(power).translate(SUPERSCRIPTS)}"


def setting(value: float) -> str:
    """A number that somebody chose, written as short as it is; no power of ten from 10⁻⁹ to 10⁹."""
    text = f"{value:.10g}"
    if 1e-9 <= abs(value) < 1e-4:
        text = np.format_float_positional(float(text), trim="-")
    return text.replace("-", MINUS)


def short(value: float) -> str:
    """A number of which four digits are enough, written as short as it is."""
    return setting(float(f"{value:.4g}"))


def summed(values: Iterable[float], signs: str) -> str:
    """A sum written out, with a sign before each value but the first: 3 − 1 + (−2)."""
    first, *others = map(short, values)
    later = [f"({x})" if x.startswith(MINUS) else x for x in others]
    return " ".join([first, *(f"{sign} {x}" for sign, x in zip(signs, later, strict=True))])


def plural(noun: str) -> str:
    """Several of what `noun` names, one that takes an s: updates, batches, epochs."""
    hissing = noun.endswith(("s", "x", "z", "ch", "sh")) and not noun.endswith("och")
    return noun + ("es" if hissing else "s")


def counted(count: int, noun: str) -> str:
    """So many of them: 1 update, 94 updates."""
    return f"{count} {noun if count == 1 else plural(noun)}"


def an(noun: str) -> str:
    """One of them: an update, a batch."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def factor(value: float) -> str:
    """What an update makes of an error: four digits, but nine where it hardly changes it."""
    return setting(float(f"{value:.9g}")) if 0 < abs(abs(value) - 1) < 1e-3 else short(value)


# What Vega-Lite compiles into every chart; the background stays the page's own.
CHARTS: dict[str, Any] = {
    "background": None,
    "view": {"fill": None, "stroke": None},
    "locale": {  # thousands as `number` writes them
        "number": {"decimal": ".", "thousands": "", "grouping": [3], "currency": ["", ""]}
    },
    "axis": {
        "titleFontWeight": "normal",
        "titleFontSize": 13,
        "labelFontSize": 12,
        "titlePadding": 8,
        "labelPadding": 6,
        "tickCount": 5,
    },
}


def axis_colours(dark: bool) -> dict[str, str]:
    """What differs between the themes: Vega's config for the axes."""
    faint, grid = ("#A0A6AF", "#2C313A") if dark else ("#6B7280", "#E7E9ED")
    lines = {f"{name}Color": grid for name in ("domain", "grid", "tick")}
    return lines | {"labelColor": faint, "titleColor": faint}


def standalone(spec: dict[str, Any], dark: bool = False) -> dict[str, Any]:
    """A chart as it is drawn in a file: with an opaque background and a font of its own."""
    colours = axis_colours(dark)
    own = {
        "background": "#0E1117" if dark else "#FFFFFF",
        "font": "DejaVu Sans, sans-serif",
        "axis": CHARTS["axis"] | colours,
        "legend": {name: colours[name] for name in ("labelColor", "titleColor")},
        "range": legends(dark),
    }
    return spec | {"config": CHARTS | own}
