"""The published figures, and what a run shows beside them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from core.course import Change
from core.recording import Frames
from core.theory.finding import Finding
from core.theory.sequences.cells import parameter_count
from core.theory.sequences.rollouts import hertz, swing
from core.theory.sequences.waves import Baselines, baselines

if TYPE_CHECKING:
    from core.sequences import Config

# "Notes on PyTorch", Simple example of training an LSTM, and the GRU put in its place.
NOTES_LOSS = {"LSTM": 0.00023, "GRU": 0.00015}
NOTES_EPOCH = 199  # of that loss: it is the one before the last of 200 updates
NOTES_SECONDS = {  # an epoch of 256 units, of 200; on the CPU "more than 3.5 minutes" for all
    "GPU (GeForce MX250)": {"LSTM": 18.9291 / 200, "GRU": 16.0896 / 200},
    "CPU (i7-1065G7)": {"LSTM": 3.5 * 60 / 200},
}


class Prediction(NamedTuple):
    """What is known without training."""

    parameters: int  # numbers to learn
    baselines: Baselines


def predict(config: Config) -> Prediction:
    """Counts and limits. No formula says how a network learns."""
    return Prediction(parameter_count(config.cell, config.hidden, config.layers), baselines(config))


def like_notes(config: Config) -> bool:
    """Whether all that a loss depends on is the notes', but for the cell, the seed, the device and
    how long it goes on.
    """
    same = {field: getattr(config, field) for field in ("cell", "seed", "device", "epochs")}
    return config == replace(type(config)(), **same)


def published(config: Config, cell: str) -> tuple[int, float] | None:
    """The epoch and the loss that the notes print of a cell, where these settings are theirs."""
    return (NOTES_EPOCH, NOTES_LOSS[cell]) if like_notes(config) else None


def findings(
    frames: Frames, config: Config, *later: Change[Config], prompt: int = 50, wave: int = 2
) -> list[Finding]:
    """What the last of `frames` shows; nothing before the run is over.

    "loss", of the notes' settings in the epoch of which the notes print it, beside theirs, of
    others in the end; its `limit` is that of a straight line. "frequency" in Hz of the rollout
    after so many samples of PROMPTS of that of WAVES, beside the wave's own; of one sample alone
    nothing is predicted.
    """
    if not frames.finished or not len(frames.steps):
        return []
    now = later[-1][1] if later else config
    published = math.nan
    row, needed = -1, 0
    if like_notes(config) and not later:
        published, needed = NOTES_LOSS[config.cell], NOTES_EPOCH
        there = frames.steps <= NOTES_EPOCH
        row = int(there.sum()) - 1
    line = baselines(now).line
    loss = float(frames.columns["loss"][row])
    found = [Finding("loss", published, loss, needed=needed, limit=line)]
    column = swing(prompt, wave)
    if column in frames.columns:
        heard = hertz(now, wave) if prompt > 1 else math.nan
        found.append(Finding("frequency", heard, float(frames.columns[column][-1]), needed=0))
    return found
