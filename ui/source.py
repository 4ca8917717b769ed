"""The code panel: the very functions that the page runs, and a script to paste anywhere."""

import inspect
from collections.abc import Callable

import streamlit as st


def source(*objects: Callable[..., object] | type) -> str:
    """The source of functions and classes as it stands in their files, two blank lines between."""
    return "\n\n".join(inspect.getsource(item) for item in objects)


def code_panel(module: str, *objects: Callable[..., object] | type, plain: str) -> None:
    """The code that runs on this page, and beside it the same run in plain PyTorch."""
    here, anywhere = st.columns(2, gap="medium")
    with here:
        st.caption(f"The code that runs here, read from `{module}`.")
        st.code(source(*objects), language="python")
    with anywhere:
        st.caption("The same run in plain PyTorch, to paste anywhere.")
        st.code(plain, language="python")
