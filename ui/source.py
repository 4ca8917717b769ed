"""The code panel: the very functions that the page runs, and a script to paste anywhere."""

import inspect
from collections.abc import Callable

import streamlit as st


def source(*objects: Callable[..., object] | type) -> str:
    """The source of functions and classes as it stands in their files, two blank lines between."""
    return "\n\n".join(inspect.getsource(item) for item in objects)


def code_panel(module: str, *objects: Callable[..., object] | type, plain: str) -> None:
    """Two tabs: the code on this page, and the same run in plain PyTorch."""
    here, anywhere = st.tabs(["The code that runs here", "Plain PyTorch, to paste anywhere"])
    with here:
        st.caption(f"`{module}`, read from the functions that drew this page.")
        st.code(source(*objects), language="python")
    with anywhere:
        st.caption("The same settings, with nothing but PyTorch.")
        st.code(plain, language="python")
