"""The verdict: what theory predicts, what the run measured, and by how much they differ."""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.theory.measuring import departure, first_not_finite
from ui.theme import TABLE_STYLE, THIN_SPACE, number


class Row(NamedTuple):
    """One quantity; nan where theory has nothing to say, or the run nothing to measure."""

    quantity: str
    predicted: float
    measured: float
    unit: str = ""
    note: str = ""
    rounding: bool = False  # both numbers are too small to mean more than that
    needs: str = ""  # what a run too short to measure this would need


def last_loss(losses: np.ndarray, measured: float, floor: float) -> Row:
    """The row of the loss after the last update, (steps + 1,) by theory; below `floor` what the run
    has is rounding.
    """
    last = float(losses[-1])
    rounding = last < floor and last != measured
    note = f"16 digits a number: below {number(floor)} rounding decides" if rounding else ""
    title = f"Loss after update {len(losses) - 1}"
    return Row(title, last, measured, note=note, rounding=rounding)


def error(predicted: float, measured: float) -> str:
    """The difference in percent of the prediction; as a number where the prediction is 0."""
    if math.isnan(predicted) or math.isnan(measured):
        return "—"
    if predicted == measured:
        return "exact"
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
        + (_too_short(row) if row.needs else f"<td>{_with_unit(row.measured, row.unit)}</td>")
        + f'<td class="error">{_error(row)}</td></tr>'
        for row in rows
    )
    return (
        f'{TABLE_STYLE}<table class="numbers verdict"><thead><tr><th scope="col">The whole run</th>'
        '<th scope="col"><i class="dashed"></i>predicted</th><th scope="col"><i></i>measured</th>'
        f'<th scope="col">error</th></tr></thead><tbody>{body}</tbody></table>'
    )


def needs(updates: int | None, steps: int) -> str:
    """What a run of `steps` updates lacks if it needs `updates`; "" if nothing."""
    if updates is None:
        return "no run is long enough"
    return "" if updates <= steps else f"needs {updates} updates"


def _too_short(row: Row) -> str:
    return f'<td>too short to tell<span class="note">{escape(row.needs)}</span></td>'


def _error(row: Row) -> str:
    if row.needs:
        return "—"
    return "rounding" if row.rounding else error(row.predicted, row.measured)


def _with_unit(value: float, unit: str) -> str:
    return number(value) + (f"{THIN_SPACE}{escape(unit)}" if unit and not math.isnan(value) else "")


def verdict(rows: Sequence[Row]) -> None:
    """Show the strip."""
    st.html(html(rows))


def autopsy(loss: np.ndarray, since: int, why: Sequence[str]) -> DeltaGenerator:
    """Why a run goes away, told in a box that has room for a button: what its loss (steps + 1,)
    shows since the settings hold, then `why`.
    """
    larger, lost = departure(loss[since:]), first_not_finite(loss)
    first = f"at update {since}" if since else "at the start"
    story = ["**Why it runs away.**"]
    if larger:
        story.append(f"From update {since + larger} on the loss is larger than {first}.")
    else:
        story.append("More updates would show it: in these few the loss comes back.")
    if lost:
        story.append(f"From update {lost} on it is too large for a number.")
    box = st.container(border=True)
    box.markdown(" ".join([*story, *why]))
    return box
