"""The page: `streamlit run bench/painted/app.py`, with the project's folder as PYTHONPATH."""

from pathlib import Path

import numpy as np
import streamlit as st
import torch

from bench.painted import lesson
from core.rasters import to_bytes
from ui.controls import Settings
from ui.painted import Curve, Raster, field, profile
from ui.pictures import Line, over_steps
from ui.player import player
from ui.player.player import Picture, Readout
from ui.steering import Run

player.STATIC = Path(__file__).parent / "static"
WINDOW = {"left": -3, "right": 3, "low": -3, "high": 3, "least": -1, "most": 1}
SURFACE = Raster(
    "surface",
    "height",
    lesson.CELLS,
    ("left", "right"),
    ("low", "high"),
    ("least", "most"),
    "diverging",
    smooth=True,
)

st.set_page_config("Painted pictures", layout="wide")
settings = Settings(lesson, {"as it is": {}})
with settings.sidebar():
    settings.slider("speed", "Speed", lesson.RANGES["speed"], step=0.01, explain="Of the waves.")
    with settings.more():
        settings.steps(lesson.RANGES["steps"])
        still = settings.toggle("still", "Still surface", explain="Sent once.", default=False)
run = Run(settings)
surface, data = SURFACE, {}
if still:
    height = to_bytes(lesson.surface(torch.tensor(0.0)), -1, 1)
    surface, data = SURFACE._replace(name="rest"), {"rest": {"cells": height.numpy()}}
pictures = [
    Picture(
        "Surface",
        field(surface, ("x", "y"), ("at_0", "at_1"), tuple(WINDOW), pick=True),
        "A surface of waves.",
        WINDOW,
        data,
    ),
    *(
        Picture(
            f"Picture {k}",
            field(
                Raster(
                    f"picture_{k}",
                    "weight",
                    lesson.SMALL,
                    (0, lesson.SMALL),
                    (0, lesson.SMALL),
                    (-1, 1),
                    down=True,
                    legend=False,
                )
            ),
            "Stripes.",
        )
        for k in range(lesson.PICTURES)
    ),
    Picture(
        "Wave",
        profile((Curve("wave"),), ("x", "y")),
        "A wave.",
        {"left": -3, "right": 3, "low": -1.5, "high": 1.5},
        {
            "wave": {"x": lesson.ACROSS},
            "points": {"x": lesson.ACROSS[::8], "y": np.sin(2 * lesson.ACROSS[::8])},
        },
    ),
    over_steps(run, "Height", "height", [Line("height", "height", 0)], (-1.2, 1.2)),
    over_steps(
        run,
        "Point",
        "place",
        [Line("at_0", "x", np.nan), Line("at_1", "y", np.nan)],
        (-2.2, 2.2),
    ),
]


def pick(x: float, y: float) -> None:
    """Keep the place that was clicked."""
    st.session_state["picked"] = f"Picked {x:.2f}, {y:.2f}"


st.caption(st.session_state.get("picked", ""))
player.player(
    run,
    pictures,
    lambda config: Readout(
        "Before the first step.",
        "Height {height}, {way}, speed {speed}.",
        {"way": ("falling", "rising")},
    ),
    on_pick=pick,
)
