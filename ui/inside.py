"""Tabs that look into a network that reads pictures: at one item, and at what a snapshot says."""

from html import escape
from weakref import WeakKeyDictionary

import numpy as np
import streamlit as st

from core import datasets
from core.datasets import CLASSES
from core.mnist import Config, first_weights, mistakes, snapshot
from core.recording import Recording
from core.theory.mnist.snapshot import Snapshot
from ui import thumbnails
from ui.steering import Run
from ui.theme import BLUE, GREEN, counted, number, number_table
from ui.workings import kept_near, on_screen

_TABLE = f"""<style>.confusion {{ border-collapse: collapse; font-size: 0.85rem;
  font-variant-numeric: tabular-nums; }}
.confusion th, .confusion td {{ padding: 0; width: 2.1rem; height: 1.7rem; text-align: center;
  border: 1px solid color-mix(in srgb, currentColor 10%, transparent); font-weight: 400; }}
.confusion thead th, .confusion tbody th {{ opacity: 0.75; border: 0; }}
.confusion td.right {{ --hue: {GREEN}; }} .confusion td {{ --hue: {BLUE};
  background: color-mix(in srgb, var(--hue) calc(var(--share) * 45%), transparent); }}
</style>"""
# Of each recording the step that was looked at last, and what was seen.
_seen: WeakKeyDictionary[Recording, tuple[int, Snapshot]] = WeakKeyDictionary()


def look_inside(run: Run) -> None:
    """What the parameters say, after the step on screen or the nearest before it that is kept."""
    config: Config = run.config
    shown = on_screen(run)
    state = kept_near(run.recording, shown)
    which = "the one on screen"
    if state.step < shown:
        which = f"the nearest before {shown}, which is on screen, of which all numbers are kept"
    # The look at all pictures that test takes a quarter of a second: once for a state.
    if run.recording not in _seen or _seen[run.recording][0] != state.step:
        _seen[run.recording] = state.step, snapshot(config, state)
    _, seen = _seen[run.recording]
    names = datasets.LABELS[config.dataset]
    st.markdown(f"After {run.step_name} **{state.step}**, {which}:")
    left, right = st.columns([5, 4], gap="large")
    with left:
        wrong = mistakes(config, seen)
        total = int(seen.confusion.sum())
        right_ones = int(np.trace(seen.confusion))
        st.markdown(
            f"**What it takes for what.** A row is a class, a column what it is taken for: "
            f"{right_ones} of {total} are right."
        )
        st.html(_confusion(seen.confusion, names))
    with right:
        st.markdown("**Taken for another class**, the surest first:")
        pairs = list(zip(wrong.labels.tolist(), wrong.guesses.tolist(), strict=True))
        titles = [f"{names[label]} → {names[guess]}" for label, guess in pairs]
        said = [
            f"{names[label]} that is taken for {names[guess]}, with probability {number(sure)}"
            for (label, guess), sure in zip(pairs, wrong.sureness.tolist(), strict=True)
        ]
        st.html(thumbnails.inked(list(wrong.pictures), titles, said))
    cells, limit = first_weights(config, state)
    st.markdown(
        f"**The first weights**, of {counted(len(cells), 'unit')}: how each looks at the 784 "
        f"pixels. Blue is below 0, orange above, from −{number(limit)} to {number(limit)}."
    )
    st.html(thumbnails.weights(list(cells), [f"unit {k + 1}" for k in range(len(cells))]))
    st.html(_layers(seen))


def _confusion(counts: np.ndarray, names: tuple[str, ...]) -> str:
    most = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = ""
    for row in range(CLASSES):
        cells = "".join(
            f"<td{' class=right' if row == column else ''} "
            f'style="--share: {(counts / most)[row, column] ** 0.5:.3f}">'
            f"{counts[row, column] or '·'}</td>"
            for column in range(CLASSES)
        )
        body += f'<tr><th scope="row">{escape(names[row])}</th>{cells}</tr>'
    return (
        f'{_TABLE}<div style="overflow-x: auto" tabindex="0"><table class="confusion" '
        f'data-testid="confusion"><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody>'
        "</table></div>"
    )


def _layers(seen: Snapshot) -> str:
    rows = ""
    for k, far in enumerate(seen.moved):
        last = k == len(seen.dead)
        asleep = "—" if last else f"{100 * seen.dead[k]:.1f} %"
        name = "the ten scores" if last else f"layer {k + 1}"
        rows += f'<tr><th scope="row">{name}</th><td>{number(far)}</td><td>{asleep}</td></tr>'
    titles = ("", "how far it has moved, |Δw|/|w|", "units that are 0 for every test picture")
    return number_table("layers", titles, rows)


def one_item(run: Run) -> None:
    """One picture of those that train, as the data set gives it."""
    config: Config = run.config
    key = f"{run.name}.item"
    size = datasets.SIZES[config.dataset][0]
    index = st.number_input("Which picture", 0, size - 1, 0, key=key)
    x, label = datasets.item(config.dataset, int(index))
    name = datasets.LABELS[config.dataset][label]
    picture = (255 * x[0]).round().byte().numpy()
    left, right = st.columns([1, 2], gap="medium", vertical_alignment="center")
    with left:
        st.html(thumbnails.inked([picture], [f"label {label}"], [f"a picture: {name}"], large=True))
    with right:
        shape = ", ".join(map(str, x.shape))
        means = f", which means {name}" if name != str(label) else ""
        least, most = number(float(x.min())), number(float(x.max()))
        st.markdown(
            f"`x, label = training_data[{index}]` gives two things. `x` is a tensor of shape "
            f"**({shape})**: one channel, 28 rows, 28 columns, with numbers from {least} to "
            f"{most}. `label` is **{label}**{means}."
        )
        st.markdown(
            "`nn.Flatten()` lays the 28 rows end to end: 784 numbers. A batch of "
            f"{config.batch_size} is a tensor of shape ({config.batch_size}, 1, 28, 28)."
        )
