"""A training of real size, to keep cores busy: an LSTM that says how sine waves go on."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

HIDDEN, WAVES, SAMPLES = 64, 100, 100
LIVE = frozenset({"learning_rate"})


@dataclass(frozen=True)
class Config:
    """How long to train, and from which weights."""

    seed: int = 0
    learning_rate: float = 0.1
    steps: int = 2_400  # at one frame an update


class State(NamedTuple):
    """The loss at these parameters."""

    step: int
    loss: Tensor  # () float32
    parameters: tuple[Tensor, ...]


class Net(nn.Module):
    """One layer of LSTM and a head: (n, t, 1) to (n, t, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(1, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The next value after each."""
        return self.head(self.lstm(x)[0])


def run(config: Config, state: State | None = None) -> Iterator[State]:
    """Gradient descent on the mean square of what is missing to the next value."""
    frequencies = torch.linspace(1, 2, WAVES)[:, None]
    waves = torch.sin(2 * math.pi * frequencies * torch.linspace(0, 1, SAMPLES))[..., None]
    net = Net()
    with torch.no_grad():
        if state is None:
            source = torch.Generator().manual_seed(config.seed)
            for weight in net.parameters():
                weight.uniform_(-(HIDDEN**-0.5), HIDDEN**-0.5, generator=source)
        else:
            for weight, known in zip(net.parameters(), state.parameters, strict=True):
                weight.copy_(known)
    optimizer = torch.optim.SGD(net.parameters(), lr=config.learning_rate)
    for step in range(state.step if state else 0, config.steps + 1):
        optimizer.zero_grad()
        loss = (net(waves[:, :-1]) - waves[:, 1:]).square().mean()
        loss.backward()
        weights = tuple(weight.detach().clone() for weight in net.parameters())
        yield State(step, loss.detach(), weights)
        optimizer.step()


def frame(config: Config, state: State) -> dict[str, np.ndarray]:
    """The loss."""
    return {"loss": state.loss.numpy(force=True)}
