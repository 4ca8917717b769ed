"""Tabs that show how a network's run works: its numbers, its loop, what it is made of, its loss."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from itertools import product
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import streamlit as st

from core.course import settings_at
from core.recording import Recording
from ui.steering import Run
from ui.theme import BLUE, number, number_table
from ui.written import literal

SECONDS = 2.0  # that a state on screen may take to be had again
_LIT = f"""<style>.loop {{ list-style: none; padding: 0; margin: 0; max-width: 46rem;
  --paper: color-mix(in srgb, {BLUE} 12%, transparent); }}
.loop li {{ padding: 0.45rem 0.8rem; margin: 0 0 0.35rem; border-left: 4px solid transparent; }}
.loop li.lit {{ border-left-color: {BLUE}; background: var(--paper); }}
.loop code {{ font-size: 0.95rem; }} .loop span {{ display: block; font-size: 0.9rem; }}
@keyframes lights {{ from, 80% {{ border-left-color: {BLUE}; background: var(--paper); }} }}
@media (prefers-reduced-motion: no-preference) {{
  .loop.played li {{ animation: lights 0.6s calc(0.5s * var(--line)); }} }}</style>"""


def state_at(run: Run, step: int) -> Any | None:
    """The state after `step` updates; None, and words, where that takes too long."""
    try:
        return run.recording.at(step, SECONDS)
    except TimeoutError as late:
        st.caption(f"The numbers of this step are not at hand: {late}")
        return None


# Of each recording the state that was asked last, by its step.
_states: WeakKeyDictionary[Recording, tuple[int, Any]] = WeakKeyDictionary()


def kept_near(recording: Recording, step: int) -> Any:
    """The state kept nearest before a step; unpacking it takes longer than asking it."""
    wanted = recording.nearest(step)
    if recording not in _states or _states[recording][0] != wanted:
        _states[recording] = wanted, recording.near(step)
    return _states[recording][1]


def on_screen(run: Run) -> int:
    """The step at which the player rests; the page will run again when that is another."""
    run.follows = True
    return min(run.session.at, run.config.steps)


def parameters(
    run: Run, shapes: Mapping[str, tuple[int, ...]], kept: tuple[tuple[str, int, float], ...]
) -> None:
    """The numbers of the network by name, any of them held at a value and let go."""
    state = state_at(run, on_screen(run))
    if state is None:
        return
    values = {name: np.ravel(state.parameters[name].tolist()) for name in shapes}
    rows = "".join(
        f'<tr><th scope="row">{name}</th><td>{" × ".join(map(str, shape))}</td>'
        f'<td style="white-space: normal; font-weight: 400">{_some(values[name])}</td></tr>'
        for name, shape in shapes.items()
    )
    st.markdown(f"After {run.step_name} **{state.step}**:")
    st.html(number_table("parameters", ("name", "shape", "values"), rows))
    each = [
        (name, k, f"{name}[{', '.join(map(str, place))}]")
        for name, shape in shapes.items()
        for k, place in enumerate(product(*map(range, shape)))
    ]
    titles = {(name, k): title for name, k, title in each}
    which, place, act = st.columns([3, 2, 2], vertical_alignment="bottom")
    chosen = which.selectbox(
        "Hold a number", range(len(each)), format_func=lambda i: each[i][2], key=f"{run.name}.which"
    )
    name, k, title = each[min(chosen, len(each) - 1)]
    # What it is on screen, until another value is typed.
    here = round(float(np.clip(np.nan_to_num(values[name][k]), -100, 100)), 3)
    key, last = f"{run.name}.hold.{title}", f"{run.name}.held.{title}"
    if key not in st.session_state or st.session_state[key] == st.session_state.get(last):
        st.session_state[key] = here
    st.session_state[last] = here
    value = place.number_input("at", -100.0, 100.0, step=0.1, format="%g", key=key)

    def hold(rows: Sequence[tuple[str, int, float]]) -> None:
        run.settings.change({"held": tuple(rows)})

    others = tuple(row for row in kept if row[:2] != (name, k))
    act.button("Hold it", on_click=hold, args=((*others, (name, k, float(value))),))
    for row in kept:
        st.button(
            f"Let {titles.get(row[:2], row[0])} go, held at {number(row[2])}",
            on_click=hold,
            args=(tuple(other for other in kept if other != row),),
        )
    st.caption(
        "It is set to that after every update from the one on screen on, until you let it go."
    )


def _some(values: np.ndarray, most: int = 16) -> str:
    shown = ", ".join(number(float(value)) for value in values[:most])
    return shown + (f", and {len(values) - most} more" if len(values) > most else "")


def loop(run: Run, update_after: Callable[[Any, Any], Any]) -> None:
    """The update that led to the step on screen, before any the one that comes, in its five lines:
    they light up one after the other.
    """
    step = max(on_screen(run), 1)  # no control allows a run without an update
    state, after = state_at(run, step - 1), state_at(run, step)
    if state is None or after is None:
        return
    update = update_after(settings_at(run.course, step), state)
    logits = ", ".join(number(value) for value in update.logits[:3].tolist())
    name, slopes = next(iter(update.gradients.items()))
    first, before, then = (
        number(float(np.ravel(values.tolist())[0]))
        for values in (slopes, state.parameters[name], after.parameters[name])
    )
    lines = (
        ("data_inputs, data_labels = batch", f"batch {update.batch + 1} of this epoch: "
         f"{len(update.labels)} points, {int(update.labels.sum())} of them of class 1"),
        ("preds = model(data_inputs).squeeze(dim=1)", f"a logit for each: {logits}, …"),
        ("loss = loss_module(preds, data_labels.float())",
         f"one number: {number(float(update.loss))}"),
        ("optimizer.zero_grad(); loss.backward()",
         f"a slope for each number of the network; of the first, {first}"),
        ("optimizer.step()",
         f"each number moves against its slope; the first, from {before} to {then}"),
    )  # fmt: skip
    comes = run.session.at == 0
    key = f"{run.name}.lit"
    if st.session_state.get(key, (0, 0))[0] != step:
        st.session_state[key] = step, 0

    @st.fragment
    def shown() -> None:
        lit = st.session_state[key][1]  # the line that was asked for; 0: all, one after the other

        def further() -> None:
            st.session_state[key] = step, (lit + 1) % (len(lines) + 1)

        told = "that comes next" if comes else "on screen; step forward to see the next"
        st.markdown(f"{run.step_name.capitalize()} **{step}**, the one {told}:")
        rows = ""
        for k, (code, said) in enumerate(lines, start=1):
            mark = ' class="lit" aria-current="step"' if k == lit else f' style="--line: {k - 1}"'
            words = escape(said) if not lit or k <= lit else "&nbsp;"  # its room stays
            rows += f"<li{mark}><code>{escape(code)}</code><span>{words}</span></li>"
        played = "" if lit else " played"
        st.html(f'{_LIT}<ol class="loop{played}">{rows}</ol>')
        words = ("Line by line", *["Next line"] * (len(lines) - 1), "All lines")[lit]
        st.button(words, key=f"{key}.next", on_click=further)

    shown()


def inside(found: Any) -> None:
    """What a data set, a batch and a model are when they are asked."""
    point = ", ".join(number(value) for value in found.point)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(
            f"**The data set**, of 200 points as in the notes: `len(dataset)` is {found.length}, "
            f"`dataset[0]` is ([{point}], {found.label})."
        )
        st.markdown(
            f"**A shuffled batch** of 8: points {list(found.batch)}, labels "
            f"{list(found.batch_labels)}, here {', '.join(map(str, found.labels))}."
        )
        same = "the same outputs" if found.same else "other outputs"
        st.markdown(
            f"**`train()` and `eval()`** give {same} here: they change dropout and batch "
            "normalisation, and this model has neither."
        )
        st.markdown(
            "**Layers in a plain list** are not registered. Two layers in a list of Python's: "
            f"PyTorch knows **{found.in_list}** numbers to learn. The same two in "
            f"`nn.ModuleList`: **{found.in_module_list}**."
        )
    with right:
        st.caption("print(model)")
        st.code(found.printed, language=None)
        for name, shape in found.parameters:
            st.markdown(f"`{name}`: {list(shape)}")


def precision(found: Any) -> None:
    """A table of a loss in two ways beside the exact one."""
    st.markdown(
        "A point of class 0 at which the network is surer and surer of class 1, by its logit z. "
        "Float32 has seven digits: p = σ(z) is 1 from z of about 17 on, and what comes after the "
        "sigmoid knows no more. Its loss stops at 100 and its slope at 0: nothing is learnt from "
        "the worst mistakes. The loss of logits never makes that p."
    )
    titles = ("z", "exact loss", "of logits", "sigmoid, then BCE", "slope, of logits",
              "slope, sigmoid, then BCE")  # fmt: skip
    columns = (
        found.logit,
        found.loss["exact"],
        found.loss["bce_with_logits"],
        found.loss["bce"],
        found.gradient["bce_with_logits"],
        found.gradient["bce"],
    )
    rows = "".join(
        "<tr>" + "".join(f"<td>{number(float(value))}</td>" for value in row) + "</tr>"
        for row in zip(*columns, strict=True)
    )
    shown = number_table("precision", titles, rows)
    st.html(f'<div style="overflow-x: auto" tabindex="0">{shown}</div>')


def own_points(
    run: Run, read: Callable[[str], tuple[tuple, tuple[str, str]]], name: str, most: int
) -> None:
    """A file of points of one's own; it is used where a learner asks for it.

    As many as `most` travel in the link; more are kept for this visit, and that is said.
    """
    file = st.file_uploader(
        "A table of your own: x, y and one of two classes in each line (CSV)",
        type=["csv", "txt"],
        key=f"{run.name}.file",
        max_upload_size=1,  # megabyte: more rows than are allowed
    )
    if file is None:
        return
    try:
        points, classes = read(file.getvalue().decode())
    except UnicodeDecodeError:
        st.error("The file is no text: it must be a table in UTF-8.")
        return
    except ValueError as wrong:
        st.error(f"This table was not taken: {literal(str(wrong))} The run on screen stays.")
        return
    far = len(points) > most
    st.markdown(
        f"{len(points)} points; class 0 is {literal(repr(classes[0][:40]))}, class 1 "
        f"{literal(repr(classes[1][:40]))}."
        + (f" More than {most} do not fit into a link: they stay in this visit." if far else "")
    )

    def use() -> None:
        st.session_state[f"{run.name}.{name}"] = points if far else ()
        rows = () if far else points
        run.settings.change({"data": "own", "extra_points": rows}, play=True)

    st.button("Train on these points", on_click=use)
