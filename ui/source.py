"""The code panel: a script to paste anywhere, and the very functions that the page runs."""

import inspect
from collections.abc import Callable
from difflib import SequenceMatcher

import streamlit as st

from ui.differences import differing, label
from ui.steering import Run

# Wrapped, each line of `st.code` is an element of its own, in their order.
_MARK = """{{ display: block; box-shadow: -0.5rem 0 0 {0}, -0.75rem 0 0 #E69F00;
  background: {0}; }}"""


def source(*objects: Callable[..., object] | type) -> str:
    """The source of functions and classes as it stands in their files, two blank lines between."""
    return "\n\n".join(inspect.getsource(item) for item in objects)


def touched(before: str, now: str) -> tuple[list[int], list[str]]:
    """The indices of the lines of `now` that are not in `before`, and lines that are gone."""
    old, new = before.split("\n"), now.split("\n")
    changes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    lines = [
        line for kind, _, _, low, high in changes if kind != "equal" for line in range(low, high)
    ]
    gone = [line for kind, low, high, *_ in changes if kind == "delete" for line in old[low:high]]
    return lines, gone


def code_panel(
    run: Run, *objects: Callable[..., object] | type, of: str = "The run on screen"
) -> None:
    """The run in plain PyTorch with the lines marked that the last change touches; the page's code.

    `of` is what the script is of, where that is not all that is on screen. A steered run has had
    other settings before: the script has those of now from its start.
    """
    script = run.lesson.plain_pytorch(run.config).strip()
    words = f"{of} as a plain PyTorch script: copy it, paste it anywhere."
    if run.since:
        words = words.replace(":", ", with the settings of now from its start on:", 1)
    lines: list[int] = []
    before = run.session.before
    if before is not None:
        lines, gone = touched(run.lesson.plain_pytorch(before).strip(), script)
        fields = differing([((0, before), (0, run.config))])
        names = ", ".join(f"*{label(field)}*" for field in fields)
        if lines:
            words += f" Marked: what the last change touches, of {names}."
        elif gone:
            words += f" The last change, of {names}, has taken away `{gone[0].strip()}`."
    with st.container(key="plain_script"):
        st.caption(words)
        st.code(script, language="python", wrap_lines=True)
        marked = ", ".join(f".st-key-plain_script code > span:nth-child({n + 1})" for n in lines)
        if marked:
            st.html(f"<style>{marked} {_MARK.format('rgb(230 159 0 / 18%)')}</style>")
    files = dict.fromkeys(f"`{item.__module__.replace('.', '/')}.py`" for item in objects)
    st.caption(f"What this page itself runs, read from {' and '.join(files)}.")
    st.code(source(*objects), language="python", wrap_lines=True)
