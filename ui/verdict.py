"""The verdict: what theory predicts, what the run measured, and by how much they differ."""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from types import MappingProxyType
from typing import Any, NamedTuple

import streamlit as st

from core.theory.finding import Finding
from core.theory.measuring import departure, first_not_finite
from ui.steering import Run
from ui.theme import MINUS, THIN_SPACE, counted, factor, number, number_table, plural, setting

EMPTY: Mapping[str, Any] = MappingProxyType({})


NOTHING = "—"  # in place of a kind that theory does not name, or the run does not show


class Row(NamedTuple):
    """One quantity; nan where theory has nothing to say, or the run nothing to measure."""

    quantity: str
    predicted: float | str  # a kind that has a name in place of a number
    measured: float | str
    unit: str = ""
    note: str = ""
    rounding: bool = False  # both numbers are too small to mean more than that
    needs: str = ""  # what a run too short to measure this would need


class Name(NamedTuple):
    """What a page calls a quantity; `{...}` in it is filled in by `verdict`."""

    title: str
    unit: str = ""
    note: str = ""


def row(
    found: Finding, steps: int, name: Name, step: str = "update", most: float = math.inf
) -> Row:
    """The row of what a run of so many `steps` shows, `most` of which a page lets it have; each is
    called `step`.
    """
    quantity, unit, note = name
    lost = found.floor > 0 and found.predicted < found.floor
    rounding = lost and found.predicted != found.measured
    if rounding:
        note = f"16 digits a number: below {number(found.floor)} rounding decides"
    lacks = "" if found.shown(steps) else _needs(found, step, most)
    predicted, measured = found.kinds or (found.predicted, found.measured)
    predicted = NOTHING if predicted is None else predicted
    return Row(quantity, predicted, measured, unit, note, rounding, lacks)


def _needs(found: Finding, step: str, most: float) -> str:
    if found.coarse:
        return "frames are too far apart"
    if not found.needed:
        return "no run here is long enough"
    needs = f"needs {counted(found.needed, step)}"
    return needs if found.needed <= most else f"{needs}, and the slider ends at {most}"


def error(predicted: float | str, measured: float | str) -> str:
    """The difference in percent of the prediction; as a number where the prediction is 0."""
    if isinstance(predicted, str) or isinstance(measured, str):
        if NOTHING in (predicted, measured):
            return NOTHING
        return "none" if predicted == measured else "different"
    if math.isnan(predicted) or math.isnan(measured):
        return "—"
    if predicted == measured:
        return "exact"
    if math.isinf(predicted) or math.isinf(measured):
        return "∞"
    if predicted == 0:
        return number(abs(measured))
    return f"{number(100 * abs(measured - predicted) / abs(predicted))}{THIN_SPACE}%"


def html(rows: Sequence[Row], published: bool = False) -> str:
    """The strip as a table, of what theory predicts or of what somebody has published."""
    body = "".join(
        f'<tr><th scope="row">{escape(row.quantity)}'
        + (f'<span class="note">{escape(row.note)}</span>' if row.note else "")
        + f"</th><td>{_with_unit(row.predicted, row.unit)}</td>"
        + (_too_short(row) if row.needs else f"<td>{_with_unit(row.measured, row.unit)}</td>")
        + f'<td class="error">{_error(row)}</td></tr>'
        for row in rows
    )
    before = "published" if published else '<i class="dashed"></i>predicted'
    titles = "The whole run", before, "<i></i>measured", "error"
    return number_table("published" if published else "verdict", titles, body)


def _too_short(row: Row) -> str:
    return f'<td>too short to tell<span class="note">{escape(row.needs)}</span></td>'


def _error(row: Row) -> str:
    if row.needs:
        return "—"
    return "rounding" if row.rounding else error(row.predicted, row.measured)


def _with_unit(value: float | str, unit: str) -> str:
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, int):  # counted, not measured
        return str(value)
    after = f"{THIN_SPACE}{escape(unit)}" if unit and not math.isnan(value) else ""
    return _written(value) + after


def _written(value: float) -> str:
    """Four digits, but nine where these tell it from 1 and four do not."""
    four, nine = number(value), factor(value)
    near = four.strip(MINUS) == number(1) and nine.strip(MINUS) != "1"
    return nine if near else four


def verdict(
    run: Run,
    found: Sequence[Finding],
    names: Mapping[str, Name],
    limit: str | Mapping[str, str] = "",
    *,
    published: bool = False,
    **words: str | Callable[[Finding], str],
) -> None:
    """Show the strip, where anything was found: a row for each finding, by the name of its
    quantity.

    `words`, which are the same for all findings or made of each, and {steps} stand for the `{...}`
    of titles and notes; the sentence `limit`, the same for all or one for each quantity, follows
    the note where theory names a {limit} alone. With `published` it is no theory that speaks.
    """

    def named(one: Finding) -> Row:
        title, unit, note = names[one.quantity]
        said = {key: text(one) if callable(text) else text for key, text in words.items()}
        said["steps"] = str(run.config.steps)
        note = note.format(**said)
        if not math.isnan(one.limit):
            says = limit if isinstance(limit, str) else limit[one.quantity]
            bound = says.format(limit=f"{number(one.limit)} {unit}".strip())
            note = f"{note}; {bound}" if note else bound
        called = Name(title.format(**said), unit, note)
        return row(one, run.config.steps, called, run.step_name, run.settings.longest)

    if found:
        st.html(html([named(one) for one in found], published))


def autopsy(
    run: Run, since: int, why: Sequence[str], remedy: str = "", changes: Mapping[str, Any] = EMPTY
) -> None:
    """Why a run goes away, in a box: what its loss shows since the step `since`, from where on the
    settings decide, then `why`; and a button that makes `changes`, if there are any: the `remedy`,
    in which {} stands for what is set.
    """
    loss, step = run.recording.frames(seconds=0).columns["loss"], run.step_name
    larger, lost = departure(loss[since:]), first_not_finite(loss)
    first = f"at {step} {since}" if since else "at the start"
    story = ["**Why it runs away.**"]
    if larger:
        story.append(f"From {step} {since + larger} on the loss is larger than {first}.")
    else:
        more = f"More {plural(step)} would show it"
        story.append(f"{more}: in these few the loss comes back.")
    if lost:
        story.append(f"From {step} {lost} on it is too large for a number.")
    with st.container(border=True):
        st.markdown(" ".join([*story, *why]))
        if changes:
            words = remedy.format(*map(setting, changes.values()))
            st.button(words, on_click=run.settings.change, args=(changes,))
