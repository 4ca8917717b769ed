"""What theory knows of a run beforehand, and what the run shows of it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import torch

from core.course import Change
from core.recording import Frames
from core.theory.finding import Finding
from core.theory.xor.line import best_line, noise_error
from core.theory.xor.luck import Luck
from core.theory.xor.network import parameter_shapes
from core.theory.xor.points import points
from core.theory.xor.sharpness import edge, sharpness_of

if TYPE_CHECKING:
    from core.xor import Config

# With the notes' settings at least the first of these shares of seeds passes SOLVED, and about the
# second gets every point right: of seeds 0 to 199 of `many_seeds`, 198 and 159.
NOTES_SOLVED, NOTES_PERFECT = 0.95, 0.80
NOTES_LOSS = 0.03  # about what is left of the loss then


class Prediction(NamedTuple):
    """What is known without training; nan where theory says nothing."""

    parameters: int  # numbers to learn: those that are held are none
    constant_loss: float  # of the best answer that is the same everywhere: log 2 of even classes
    line_loss: float  # the least of a network without a bend
    line_accuracy: float  # that it has there
    accuracy: float  # of new points, at the best boundary: the rest is hidden by noise
    edge: float  # the sharpness from which a full-batch update is unstable


HIDDEN = 5e-5  # of new points, so that a page does not say "1.000 right: noise hides the others"


def predict(config: Config) -> Prediction:
    """Counts, limits and the line of sharpness. No formula says how long training takes."""
    share = float(points(config).train_labels.mean())
    constant = -sum(p * math.log(p) for p in (share, 1 - share) if p > 0)
    line = best_line(config)
    count = sum(map(math.prod, parameter_shapes(config).values())) - len(config.held)
    limit = edge(config) if config.optimiser == "sgd" else math.nan
    return Prediction(count, constant, *line, 1 - noise_error(config), limit)


def like_notes(config: Config) -> bool:
    """Whether the settings are the notes', where all points train, but for seed and device."""
    notes = type(config)(test_share=0.0)
    return config == replace(notes, seed=config.seed, device=config.device)


def findings(frames: Frames, config: Config, *later: Change[Config]) -> list[Finding]:
    """What the last of `frames` shows; nothing before the run is over.

    "parameters", counted; "accuracy" of the points that train and "test_accuracy", whose `limit`
    is what noise leaves, where it hides so many that four digits show it; "loss", whose `limit` is
    the least of a network without a bend where the network has none; "sharpness", whose `limit` is
    the edge of SGD.
    """
    if not frames.finished or not len(frames.steps):
        return []
    now = later[-1][1] if later else config
    theory, last = predict(now), {name: column[-1] for name, column in frames.columns.items()}
    counted = last["weights"].size - len(now.held)
    found = [Finding("parameters", theory.parameters, counted, needed=0)]
    best = theory.accuracy if theory.accuracy < 1 - HIDDEN else math.nan
    found.append(_limited("accuracy", last["train_accuracy"], best))
    if not math.isnan(last["test_accuracy"]):
        found.append(_limited("test_accuracy", last["test_accuracy"], best))
    straight = now.activation == "linear"
    found.append(_limited("loss", last["loss"], theory.line_loss if straight else math.nan))
    weights = torch.tensor(last["weights"])
    found.append(_limited("sharpness", sharpness_of(now, weights), theory.edge))
    return found


def _limited(quantity: str, measured: float, limit: float) -> Finding:
    """One of which theory knows no number, but perhaps a limit."""
    return Finding(quantity, math.nan, float(measured), needed=0, limit=limit)


def luck_findings(config: Config, luck: Luck) -> list[Finding]:
    """The shares of seeds "solved", whose `limit` is what the notes' settings have at least,
    and "perfect". Of other settings, and before the last epoch, nothing is known.
    """
    known = like_notes(config) and luck.epoch == luck.epochs
    solved, perfect = (NOTES_SOLVED, NOTES_PERFECT) if known else (math.nan, math.nan)
    count = len(luck.seeds)
    return [
        _limited("solved", luck.solved / count, solved),
        Finding("perfect", perfect, luck.perfect / count, needed=0),
    ]
