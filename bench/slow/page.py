"""The page of the slow run: one live slider, two views, one line that needs the whole run."""

import numpy as np
import streamlit as st

from bench.slow import lesson
from ui.controls import Settings
from ui.pictures import Line, over_steps
from ui.player import player
from ui.player.player import Readout
from ui.steering import Run

settings = Settings(lesson, {"as it is": {}})
with settings.sidebar():
    settings.slider("rate", "Rate", lesson.RANGES["rate"], step=0.01, explain="How near it comes.")
    with settings.more():
        settings.slider("seconds", "Seconds", lesson.RANGES["seconds"], explain="Of an update.")
        settings.steps(lesson.RANGES["steps"])
view = settings.view("Level", "Rest")
rest = view == "Rest"
run = Run(settings, lesson.frame_of_rest if rest else None)
player.player(
    run,
    [over_steps(run, view, view.lower(), [Line(view.lower(), view, np.nan)], (0, 1))],
    lambda config: Readout(
        "Before the first update.", "{rest} is missing." if rest else "Level {level}, rate {rate}."
    ),
)
frames = run.finish()
if frames.finished and not rest:
    st.write(f"At the end the level is {frames.columns['level'][-1]:.4f}.")
