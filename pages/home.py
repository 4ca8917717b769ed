"""The first page: what this is, a picture for each lesson, the device found."""

from pathlib import Path

import streamlit as st

from ui.lessons import LESSONS
from ui.warmup import warm_up

PICTURES = Path(__file__).parents[1] / "docs"

st.title("Watch PyTorch learn", anchor=False)
st.markdown(
    "Small experiments that run while you watch. Pause one, step through it, drag it back, change "
    "a setting and see what bends. The code on screen is the code that runs, and next to each "
    "measured number stands the one that theory predicts."
)

for lesson in LESSONS:
    with st.container(border=True):
        picture, words = st.columns([3, 2], vertical_alignment="center", gap="medium")
        dark = st.context.theme.type == "dark"
        file = PICTURES / f"{lesson.name}{'-dark' if dark else ''}.png"
        if file.exists():
            picture.image(str(file), width="stretch", alt=lesson.picture)
        words.header(lesson.title, anchor=False)
        words.markdown(f"*{lesson.question}* {lesson.promise}")
        words.page_link(lesson.page, label="Open", icon=":material/play_circle:")


@st.fragment(run_every=0.5 if warm_up().is_alive() else None)
def device() -> None:
    """The device line fills in when PyTorch is loaded."""
    if warm_up().is_alive():
        st.caption("Looking for the devices of this machine …")
        return
    from core import devices

    found = ", ".join(devices.describe(name) for name in devices.available())
    st.caption(f"This machine computes on: {found}.")


device()
