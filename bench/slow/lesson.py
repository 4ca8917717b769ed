"""Numbers that slowly come nearer to 1: nothing is learnt, but it takes its time."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from core.ranges import Range, check_numbers

NUMBERS = 12_500  # 100 kB of float64
APART = 10  # updates from one state to go on from to the next
LOG = "LOG_UPDATES"  # the environment's name for a file that gets a line at each update
RANGES = {
    "rate": Range(0.01, 1),
    "seconds": Range(0, 5),
    "steps": Range(0, 2_499, whole=True),
}
LIVE = frozenset({"rate"})


@dataclass(frozen=True)
class Config:
    """How near an update comes, how long it takes, and how many there are."""

    rate: float = 0.05
    seconds: float = 0.3
    steps: int = 200

    def __post_init__(self) -> None:
        check_numbers(self, RANGES)


class State(NamedTuple):
    """Where the numbers are; all of them at every `APART`-th step, from which a run can go on."""

    step: int
    level: torch.Tensor  # () float64, the first of the numbers
    numbers: torch.Tensor | None  # (NUMBERS,) float64


def resumable(state: State) -> bool:
    """Whether a run can go on from there."""
    return state.numbers is not None


def run(config: Config, state: State | None = None) -> Iterator[State]:
    """x_{k+1} = x_k + rate (1 − x_k), from 0 on: 1 − x_k = (1 − rate)^k.

    Raises `ValueError` for a state without its numbers.
    """
    if state is None:
        state = State(0, torch.zeros((), dtype=torch.float64), torch.zeros(NUMBERS).double())
    if state.numbers is None:
        raise ValueError(f"no run can go on from step {state.step}, but from {APART} times k.")
    yield state
    numbers, log = state.numbers, os.environ.get(LOG)
    for step in range(state.step + 1, config.steps + 1):
        time.sleep(config.seconds)
        if log:
            with Path(log).open("a") as file:
                file.write(f"{config.rate} {step}\n")
        numbers = numbers + config.rate * (1 - numbers)
        yield State(step, numbers[0].clone(), None if step % APART else numbers.clone())


def frame(config: Config, state: State) -> dict[str, np.ndarray]:
    """The level, and the rate that led there."""
    return {"level": state.level.numpy(force=True), "rate": np.array(config.rate)}


def frame_of_rest(config: Config, state: State) -> dict[str, np.ndarray]:
    """What is missing to 1: a frame that takes as long as an update."""
    time.sleep(config.seconds)
    return {"rest": 1 - state.level.numpy(force=True)}
