"""The code panel: the very functions that the page runs, and a script to paste anywhere."""

import inspect
from collections.abc import Callable

import streamlit as st

from ui.steering import Run


def source(*objects: Callable[..., object] | type) -> str:
    """The source of functions and classes as it stands in their files, two blank lines between."""
    return "\n\n".join(inspect.getsource(item) for item in objects)


def code_panel(run: Run, *objects: Callable[..., object] | type) -> None:
    """The code that runs on this page, and beside it the same run in plain PyTorch.

    A steered run has had other settings before: the script has those of now from its start.
    """
    here, anywhere = st.columns(2, gap="medium")
    with here:
        st.caption(f"The code that runs here, read from `core/{run.settings.lesson}.py`.")
        st.code(source(*objects), language="python")
    with anywhere:
        settings = ", with the settings of now from its start on" if run.since else ""
        st.caption(f"The same run in plain PyTorch{settings}, to paste anywhere.")
        st.code(run.lesson.plain_pytorch(run.config), language="python")
