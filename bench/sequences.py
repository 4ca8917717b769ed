"""`run`, every state with its loss and a copy of its numbers, against the loop of the notes."""

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import islice

import numpy as np
import torch
from torch import nn

from core.sequences import Config, State, frame, rollout, run

CONFIG = Config(epochs=10_000)
AT_LEAST = 1.0
EPOCHS = 4  # of a call; the next one goes on from there
ROUNDS = 5  # of a second and more each
SMALL = Config(hidden=32, epochs=60)


class Network(nn.Module):
    """The notes' module: two layers of 256 units from one number to one."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(1, 256, 2, batch_first=True)
        self.linear = nn.Linear(256, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """A prediction after each sample."""
        hidden, _ = self.lstm(x)
        return self.linear(hidden)


@cache
def going_on() -> Iterator[State]:
    """The states of a run, but for the first."""
    states = run(CONFIG)
    next(states)
    return states


def states() -> Iterator[State]:
    """Those of the next epochs: the update that leads to each, and its loss."""
    return islice(going_on(), EPOCHS)


@cache
def begun() -> tuple[torch.Tensor, Network, torch.optim.Adam]:
    """Data, model and optimiser of the notes."""
    hz, t = torch.linspace(1, 2, 100), torch.linspace(0, 1, 100)
    data = torch.sin(2 * np.pi * hz[:, None] * t).unsqueeze(-1)
    model = Network()
    return data, model, torch.optim.Adam(model.parameters(), lr=1e-3)


def document_loop() -> None:
    """What the notes do at each of the next epochs: forward, zero_grad, loss, backward, step of
    Adam, and the loss read; without their table.
    """
    data, model, optimizer = begun()
    loss_module = nn.MSELoss()
    for _ in range(EPOCHS):
        said = model(data[:, :-1])
        optimizer.zero_grad()
        loss = loss_module(said, data[:, 1:])
        loss.backward()
        optimizer.step()
        loss.item()


def epochs_a_second(cell: str) -> float:
    """Of small cells, with all that a frame shows."""
    config = replace(SMALL, cell=cell)
    states = run(config)
    for state in islice(states, 10):
        frame(config, state)
    began = time.perf_counter()
    for state in states:
        frame(config, state)
    return (config.epochs - 9) / (time.perf_counter() - began)


def milliseconds_a_rollout(cell: str) -> float:
    """Of 401 steps at the notes' size, the median of ten."""
    config = Config(cell=cell)
    state = next(run(config))
    spent = []
    for _ in range(10):
        began = time.perf_counter()
        rollout(config, state)
        spent.append(1_000 * (time.perf_counter() - began))
    return float(np.median(spent))
