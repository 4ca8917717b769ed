"""Tabs that show how a network's run works: its numbers, its loop, what it is made of, its loss."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from itertools import product
from typing import Any

import numpy as np
import streamlit as st

from ui.steering import Run
from ui.theme import number, number_table

SECONDS = 2.0  # that a state on screen may take to be had again
_LIT = """<style>.loop { list-style: none; padding: 0; margin: 0; max-width: 46rem; }
.loop li { padding: 0.45rem 0.8rem; margin: 0 0 0.35rem; border-left: 4px solid transparent; }
.loop li.lit { border-left-color: #0072B2;
  background: color-mix(in srgb, #0072B2 12%, transparent); }
.loop code { font-size: 0.95rem; } .loop span { display: block; font-size: 0.9rem; }</style>"""


def on_screen(run: Run) -> Any | None:
    """The state at which the player rested last; None, and words, where that takes too long."""
    try:
        return run.recording.at(min(run.session.at, run.config.steps), SECONDS)
    except TimeoutError as late:
        st.caption(f"The numbers of this step are not at hand: {late}")
        return None


def again(run: Run, name: str) -> None:
    """A button after which the page looks at the step on screen anew."""
    st.button("Read at the step on screen", key=f"{run.name}.{name}.again", icon=":material/sync:")


def parameters(
    run: Run, shapes: Mapping[str, tuple[int, ...]], kept: tuple[tuple[str, int, float], ...]
) -> None:
    """The numbers of the network by name, any of them held at a value and let go."""
    state = on_screen(run)
    again(run, "parameters")
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
    value = place.number_input(
        "at", -100.0, 100.0, round(float(np.clip(values[name][k], -100, 100)), 3), 0.1,
        key=f"{run.name}.hold.{title}",
    )  # fmt: skip

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
    """One update in its five lines, which light up one after the other with their numbers."""
    state = on_screen(run)
    if state is None:
        return
    if state.step >= run.config.steps:
        st.markdown("The run is over: no update follows. Go back a step.")
        again(run, "loop")
        return
    update = update_after(run.config, state)
    loss = number(float(update.loss))
    logits = ", ".join(number(value) for value in update.logits[:3].tolist())
    name, slopes = next(iter(update.gradients.items()))
    slope = float(np.ravel(slopes.tolist())[0])
    weight = float(np.ravel(state.parameters[name].tolist())[0])
    lines = (
        ("data_inputs, data_labels = batch", f"batch {update.batch + 1} of this epoch: "
         f"{len(update.labels)} points, {int(update.labels.sum())} of them of class 1"),
        ("preds = model(data_inputs).squeeze(dim=1)", f"a logit for each: {logits}, …"),
        ("loss = loss_module(preds, data_labels.float())", f"one number: {loss}"),
        ("optimizer.zero_grad(); loss.backward()",
         f"a slope for each number of the network; of the first, {number(slope)}"),
        ("optimizer.step()",
         f"each number moves against its slope; the first is {number(weight)} before"),
    )  # fmt: skip
    key = f"{run.name}.lit"

    @st.fragment
    def shown() -> None:
        lit = st.session_state.get(key, 0)

        def further() -> None:
            st.session_state[key] = (lit + 1) % (len(lines) + 1)

        st.markdown(f"The update that follows {run.step_name} **{state.step}**, the one on screen:")
        rows = ""
        for k, (code, said) in enumerate(lines, start=1):
            mark = ' class="lit" aria-current="step"' if k == lit else ""
            told = escape(said) if k <= lit else "&nbsp;"  # its room is there from the start
            rows += f"<li{mark}><code>{escape(code)}</code><span>{told}</span></li>"
        st.html(f'{_LIT}<ol class="loop">{rows}</ol>')
        st.button(
            "Next line" if lit < len(lines) else "Begin again", key=f"{key}.next", on_click=further
        )

    shown()
    again(run, "loop")


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
        st.error(f"This table was not taken: {wrong} The run on screen stays.")
        return
    far = len(points) > most
    st.markdown(
        f"{len(points)} points; class 0 is {classes[0][:40]!r}, class 1 {classes[1][:40]!r}."
        + (f" More than {most} do not fit into a link: they stay in this visit." if far else "")
    )

    def use() -> None:
        st.session_state[f"{run.name}.{name}"] = points if far else ()
        rows = () if far else points
        run.settings.change({"data": "own", "extra_points": rows}, play=True)

    st.button("Train on these points", on_click=use)
