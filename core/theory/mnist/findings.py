"""What is known of a run beforehand, what the document printed of it, and what the run shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.course import Change
from core.recording import Frames
from core.theory.finding import Finding
from core.theory.mnist.digits import shown
from core.theory.mnist.network import (
    CHANCE_LOSS,
    certain_loss,
    floor,
    needed_bytes,
    parameter_count,
)
from core.theory.mnist.published import experiment_of, printed, step_of

if TYPE_CHECKING:
    from core.mnist import Config


ROUNDING = 1e-6  # of a probability in seven digits


class Prediction(NamedTuple):
    """What is known without training."""

    parameters: int  # numbers to learn
    floor: float  # the least loss: 1.4612 behind a softmax, 0 of scores
    chance: float  # the loss where all ten classes get the same: log 10
    wrong: float  # of a picture that is certainly taken for another: inf of scores
    memory: int  # bytes that the run takes, about


def predict(config: Config) -> Prediction:
    """Counts and limits. No formula says how long training takes."""
    wrong = certain_loss(0.0) if config.softmax else math.inf
    return Prediction(
        parameter_count(config), floor(config.softmax), CHANCE_LOSS, wrong, needed_bytes(config)
    )


def counted(config: Config, frames: Frames) -> dict[str, np.ndarray]:
    """Columns that charts show beside the recorded ones: the "epoch" (m,) float64 of the update
    that led to each frame, the first being 1; "sixteen" (m,), the part of the pictures shown whose
    likeliest class is the right one; and what is thought of the first eight and of the other eight,
    "first_opinions" and "last_opinions" (m, 8, 10) uint8.
    """
    opinions = frames.columns["opinions"]
    half = opinions.shape[1] // 2
    return {
        "epoch": np.ceil(frames.steps / config.batches),
        "sixteen": (opinions.argmax(axis=2) == shown(config).labels).mean(axis=1),
        "first_opinions": opinions[:, :half],
        "last_opinions": opinions[:, half:],
    }


def findings(frames: Frames, config: Config, *later: Change[Config]) -> list[Finding]:
    """What frames show, beside what the document printed and what is known.

    "accuracy", "test_loss" and "loss" (of one batch) for each figure of the document's run whose
    settings these are, `which` being its index in `experiment_of(config).figures`; of a run whose
    settings changed there is none. Then, of a run that is over: "floor", the least test loss, whose
    `limit` is what no loss can fall below; and where the network has only ever been certain,
    "certain_loss", the test loss that its accuracy makes (to what a smaller last batch counts for
    more in the document's mean over batches), and "gradient", 0.
    """
    found = []
    experiment = None if later else experiment_of(config)
    column = {"accuracy": "test_accuracy", "test_loss": "test_loss", "loss": "loss"}
    for which, figure in enumerate(experiment.figures if experiment else ()):
        step = step_of(config, figure)
        at = int(np.searchsorted(frames.steps, step))
        known = at < len(frames.steps)
        # A test's numbers stay in the column until the next epoch ends, a batch's loss does not.
        missed = known and figure.quantity == "loss" and int(frames.steps[at]) != step
        values = frames.columns[column[figure.quantity]]
        measured = float(values[at]) if known and not missed else math.nan
        found.append(
            Finding(figure.quantity, figure.value, measured, which, needed=step, coarse=missed)
        )
    if not frames.finished or not len(frames.steps):
        return found
    return found + _at_the_end(frames, later[-1][1] if later else config)


class Spread(NamedTuple):
    """How far apart equal runs of several seeds end."""

    seeds: int
    least: float
    mean: float
    most: float
    deviation: float  # standard deviation, nan of fewer than two
    published: float  # what the document printed, nan where it has none
    within: bool  # whether that is among them: from the least to the most


def spread(config: Config, accuracies: Sequence[float], epoch: int = 1) -> Spread:
    """Of the accuracies of seeds after an epoch, those that are known. Raises `ValueError` where
    there is none.
    """
    known = np.array([value for value in accuracies if math.isfinite(value)])
    if not len(known):
        raise ValueError("accuracies are not allowed to be none.")
    step = epoch * config.batches
    figures = dict(printed(replace(config, epochs=max(config.epochs, epoch)), "accuracy"))
    least, most = float(known.min()), float(known.max())
    published = figures.get(step, math.nan)
    deviation = float(known.std(ddof=1)) if len(known) > 1 else math.nan
    within = least <= published <= most
    return Spread(len(known), least, float(known.mean()), most, deviation, published, within)


def _at_the_end(frames: Frames, config: Config) -> list[Finding]:
    columns, theory = frames.columns, predict(config)
    tests = columns["test_loss"][np.isfinite(columns["test_loss"])]
    found = []
    if len(tests):
        found.append(Finding("floor", math.nan, float(tests.min()), limit=theory.floor))
    # The largest probability is of one picture: of a narrow network another may be unsure.
    certain = (columns["largest"] == 1).all() and (columns["gradient_norm"] < ROUNDING).all()
    if len(tests) and config.softmax and certain:
        expected = certain_loss(float(columns["test_accuracy"][-1]))
        found.append(Finding("certain_loss", expected, float(tests[-1])))
        found.append(Finding("gradient", 0.0, float(columns["gradient_norm"].max())))
    return found
