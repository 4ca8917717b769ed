"""The verdict: what theory predicts, what the run measured, and by how much they differ."""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import streamlit as st

from ui.theme import THIN_SPACE, number

_STYLE = """<style>
.verdict { border-collapse: collapse; font-variant-numeric: tabular-nums; max-width: 60rem;
  width: 100%; }
.verdict th, .verdict td { padding: 0.3rem 1.2rem 0.3rem 0; text-align: left; border: 0;
  vertical-align: top; font-weight: 400;
  border-bottom: 1px solid color-mix(in srgb, currentColor 12%, transparent); }
.verdict thead th { opacity: 0.7; font-size: 0.875rem; }
.verdict td { white-space: nowrap; font-weight: 600; }
.verdict td.error { font-weight: 400; }
.verdict .note { display: block; font-size: 0.85rem; opacity: 0.7; white-space: normal; }
.verdict i { display: inline-block; width: 1.6rem; margin-right: 0.45rem; vertical-align: middle;
  border-top: 2px solid #0072B2; }
.verdict i.dashed { border-top-style: dashed; }
@media (max-width: 640px) {
  .verdict th, .verdict td { padding-right: 0.5rem; font-size: 0.85rem; }
  .verdict i { display: none; }
}
</style>"""


class Row(NamedTuple):
    """One quantity; nan where theory has nothing to say, or the run nothing to measure."""

    quantity: str
    predicted: float
    measured: float
    unit: str = ""
    note: str = ""
    rounding: bool = False  # both numbers are too small to mean more than that


def error(predicted: float, measured: float) -> str:
    """The difference in percent of the prediction; as a number where the prediction is 0."""
    if math.isnan(predicted) or math.isnan(measured):
        return "—"
    if predicted == measured:
        return "none"
    if math.isinf(predicted) or math.isinf(measured):
        return "∞"
    if predicted == 0:
        return number(abs(measured))
    return f"{number(100 * abs(measured - predicted) / abs(predicted))}{THIN_SPACE}%"


def html(rows: Sequence[Row]) -> str:
    """The strip as a table."""
    body = "".join(
        f'<tr><th scope="row">{escape(row.quantity)}'
        + (f'<span class="note">{escape(row.note)}</span>' if row.note else "")
        + f"</th><td>{_with_unit(row.predicted, row.unit)}</td>"
        + f"<td>{_with_unit(row.measured, row.unit)}</td>"
        + f'<td class="error">{_error(row)}</td></tr>'
        for row in rows
    )
    return (
        f'{_STYLE}<table class="verdict"><thead><tr><th scope="col">The whole run</th>'
        '<th scope="col"><i class="dashed"></i>predicted</th><th scope="col"><i></i>measured</th>'
        f'<th scope="col">error</th></tr></thead><tbody>{body}</tbody></table>'
    )


def _error(row: Row) -> str:
    return "rounding" if row.rounding else error(row.predicted, row.measured)


def _with_unit(value: float, unit: str) -> str:
    return number(value) + (f"{THIN_SPACE}{escape(unit)}" if unit and not math.isnan(value) else "")


def verdict(rows: Sequence[Row]) -> None:
    """Show the strip."""
    st.html(html(rows))
