"""The figures of the document's experiments, as it prints them, and which settings they are of.

Source: "Working Notes - Learning PyTorch - Day 1", Datasets to the end. It drew its first
parameters without a seed, so that what an early epoch reaches carries over only about.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from core.mnist import Config

LAST_PRINTED = 900  # the batch of an epoch whose loss the document prints last, counted from 0


class Figure(NamedTuple):
    """A number that the document prints."""

    quantity: str  # "accuracy" (part) or "test_loss" at an epoch's end, or "loss" of a batch
    epoch: int  # from 1
    value: float
    batch: int = 0  # of the epoch, from 0, for "loss"
    kind: str = "printed"  # or "about", "most": it says how high something gets at most


class Experiment(NamedTuple):
    """A run of the document: what differs from `Config()`, and what it printed."""

    name: str
    fields: tuple[tuple[str, Any], ...]
    figures: tuple[Figure, ...]

    def config(self, first: Config) -> Config:
        """Its settings, of the lesson's first ones."""
        return replace(first, **dict(self.fields))


def _figures(*epochs: tuple[int, float, float, float | None]) -> tuple[Figure, ...]:
    """Of (epoch, accuracy in percent, average test loss, loss of the batch printed last)."""
    found = []
    for epoch, percent, test_loss, loss in epochs:
        found.append(Figure("accuracy", epoch, round(percent / 100, 4)))
        found.append(Figure("test_loss", epoch, test_loss))
        if loss is not None:
            found.append(Figure("loss", epoch, loss, LAST_PRINTED))
    return tuple(found)


# Losses of batches 0, 100, ... 900 of the first epoch with the notes' settings.
FIRST_LOSSES = (
    *(2.302563, 2.301651, 2.302801, 2.302033, 2.302732),
    *(2.302280, 2.302579, 2.302456, 2.301929, 2.302089),
)
_TEN = ("epochs", 10)
_FAST = (("learning_rate", 1.0), _TEN)
EXPERIMENTS = (
    Experiment(
        "notes",
        (),
        (
            *_figures((1, 15.4, 2.302021, None)),
            Figure("accuracy", 5, 0.30, kind="about"),
            *(Figure("loss", 1, loss, 100 * k) for k, loss in enumerate(FIRST_LOSSES)),
        ),
    ),
    Experiment("random", (("initial", "uniform"),), (Figure("accuracy", 5, 0.103, kind="most"),)),
    Experiment(
        "rate 0.01",
        (("learning_rate", 1e-2), _TEN),
        _figures(
            (1, 34.6, 2.297844, 2.297943),
            (5, 69.6, 1.911707, 1.916193),
            (10, 83.4, 1.647756, 1.654531),
        ),
    ),
    Experiment(
        "rate 0.1", (("learning_rate", 0.1), _TEN), _figures((10, 94.9, 1.515659, 1.520834))
    ),
    Experiment(
        "rate 1",
        _FAST,
        _figures(
            (1, 93.0, 1.532691, 1.529209),
            (7, 97.5, 1.486677, 1.491918),
            (8, 96.9, 1.492298, 1.477088),
            (10, 97.6, 1.485000, 1.493404),
        ),
    ),
    Experiment(
        "one layer",
        (("hidden", (512,)), *_FAST),
        _figures(
            (1, 93.4, 1.532022, 1.564381),
            (5, 97.0, 1.493585, 1.498894),
            (10, 97.8, 1.484777, 1.478126),
        ),
    ),
    Experiment(
        "width 100",
        (("hidden", (100,)), *_FAST),
        _figures(
            (1, 92.8, 1.536991, 1.563033),
            (5, 96.6, 1.497399, 1.519344),
            (10, 97.3, 1.488801, 1.491755),
        ),
    ),
    Experiment(
        "width 200",
        (("hidden", (200,)), *_FAST),
        _figures(
            (1, 93.0, 1.535781, 1.541748),
            (5, 96.4, 1.500574, 1.507868),
            (10, 97.5, 1.487760, 1.482715),
        ),
    ),
    Experiment(
        "width 1024",
        (("hidden", (1024,)), *_FAST),
        _figures(
            (1, 93.6, 1.529462, 1.557399),
            (5, 97.1, 1.491251, 1.507075),
            (10, 97.6, 1.486674, 1.479086),
        ),
    ),
    Experiment(
        "width 5000",
        (("hidden", (5000,)), *_FAST),
        _figures(
            (1, 94.1, 1.523945, 1.546615),
            (5, 97.4, 1.489153, 1.499782),
            (10, 98.0, 1.483557, 1.477566),
        ),
    ),
    Experiment(
        "width 50000",
        (("hidden", (50_000,)), *_FAST),
        (Figure("accuracy", 1, 0.55, kind="about"), Figure("accuracy", 10, 0.981)),
    ),
    Experiment(
        "width 5000, batches of 256",
        (("hidden", (5000,)), ("learning_rate", 1.0), ("batch_size", 256), ("epochs", 20)),
        (Figure("accuracy", 20, 0.976),),
    ),
    Experiment(
        "width 50000, batches of 256",
        (("hidden", (50_000,)), ("learning_rate", 1.0), ("batch_size", 256), ("epochs", 50)),
        (Figure("accuracy", 27, 0.982), Figure("accuracy", 50, 0.982)),
    ),
)


def experiment_of(config: Config) -> Experiment | None:
    """The document's run whose settings these are but for seed, device and how long it goes."""
    first = type(config)()
    free = {"seed": first.seed, "device": first.device, "epochs": first.epochs}
    for experiment in EXPERIMENTS:
        if replace(experiment.config(first), **free) == replace(config, **free):
            return experiment
    return None


def printed(config: Config, quantity: str) -> tuple[tuple[int, float], ...]:
    """The steps of a run at which the document prints a quantity, with its figures, in their order;
    not those of which it says no more than how high they get at most.
    """
    experiment = experiment_of(config)
    figures = experiment.figures if experiment else ()
    found = ((step_of(config, one), one.value) for one in figures if one.kind != "most"
             and one.quantity == quantity)  # fmt: skip
    return tuple((step, value) for step, value in found if step <= config.steps)


def step_of(config: Config, figure: Figure) -> int:
    """The state that shows a figure: a batch's loss is of the state before its update."""
    if figure.quantity == "loss":
        return (figure.epoch - 1) * config.batches + figure.batch
    return figure.epoch * config.batches
