"""LSTM against GRU: each learns to say how a hundred sine waves go on, sample by sample.

A network hears samples 0 to i of a wave and says sample i + 1: two layers of LSTM or GRU cells,
and a linear layer that makes one number of the last one's units. Its loss is

    L = mean over all waves and samples of (said - sample)²

and one update is one epoch: all waves at once, forward, zero_grad, backward, a step of Adam.
What the cells do stands in `core.theory.sequences.cells`. Source: "Notes on PyTorch", Simple
example of training an LSTM: 256 units, 100 waves of 1 to 2 Hz with 100 samples each, 200 epochs.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from core import devices
from core.optimizers import Kept, kept, restore
from core.randomness import initialise
from core.ranges import COUNT, POSITIVE, Range, check_choice, check_numbers
from core.theory.sequences.cells import GATES, as_many, parameter_count
from core.theory.sequences.findings import (
    NOTES_EPOCH,
    NOTES_LOSS,
    NOTES_SECONDS,
    Prediction,
    findings,
    like_notes,
    predict,
    published,
)
from core.theory.sequences.inside import (
    gates,
    moments,
    moments_shown,
    pictures,
    slopes,
    unit,
    units_shown,
)
from core.theory.sequences.rollouts import (
    HEARD,
    PROMPTS,
    WAVES,
    hertz,
    hertz_window,
    name,
    outside,
    prompt_of,
    rolled_outside,
    rollout,
    rollouts,
    sequence_of,
    silence,
    swing,
    times,
    truth,
)
from core.theory.sequences.script import plain_pytorch
from core.theory.sequences.seeds import ratio
from core.theory.sequences.waves import baselines, frequencies, loss_window, waves

__all__ = ["CELLS", "LIVE", "RANGES", "STEP", "Config", "Forecaster", "State"]
__all__ += ["FrameWithGates", "diverged", "frame", "frame_loss", "frame_outside", "run"]
# Theory's, which stands in core/theory: a page or a notebook asks the lesson for all of it.
__all__ += ["GATES", "HEARD", "NOTES_EPOCH", "NOTES_LOSS", "NOTES_SECONDS", "PROMPTS", "WAVES"]
__all__ += ["Prediction", "as_many", "baselines", "findings", "frequencies"]
__all__ += ["gates", "hertz", "hertz_window", "like_notes", "loss_window", "moments"]
__all__ += ["moments_shown", "name"]
__all__ += ["outside", "parameter_count", "plain_pytorch", "predict", "prompt_of"]
__all__ += ["published", "ratio"]
__all__ += ["rollout", "sequence_of", "silence", "slopes", "times", "truth", "unit", "units_shown"]
__all__ += ["swing", "waves"]

RANGES: dict[str, Range] = {
    "hidden": Range(1, 1024, whole=True),
    "layers": Range(1, 4, whole=True),
    "sequences": Range(1, 1000, whole=True),
    "length": Range(3, 1000, whole=True),
    "low_hz": Range(0, 100),
    "high_hz": Range(0, 100),
    "learning_rate": POSITIVE,
    "epochs": COUNT,
    "seed": COUNT,
}
LIVE = frozenset({"learning_rate"})
STEP = "epoch"
# Measured on an H100 and its host: a frame of 32 units took 87 ms there and 26 on the host; of 256
# units 148 on the host, where a rollout of twice as many steps took 141 on the GPU.
HOST_UNITS = 128
CELLS: dict[str, type[nn.LSTM] | type[nn.GRU]] = {"LSTM": nn.LSTM, "GRU": nn.GRU}


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a run. Raises `ValueError` naming the field, the value and the range."""

    cell: str = "LSTM"  # or "GRU"
    hidden: int = 256  # units a layer
    layers: int = 2
    sequences: int = 100  # waves
    length: int = 100  # samples of each, over one second
    low_hz: float = 1.0  # of the first wave
    high_hz: float = 2.0  # of the last, those between lie evenly
    learning_rate: float = 1e-3  # of Adam, whose other numbers are PyTorch's
    epochs: int = 200  # updates: each is of all waves
    seed: int = 0  # of the first parameters
    device: str = "cpu"

    def __post_init__(self) -> None:
        check_choice("cell", self.cell, CELLS)
        check_numbers(self, RANGES)
        devices.check("device", self.device)

    @property
    def steps(self) -> int:
        """Updates of the run."""
        return self.epochs


class Forecaster(nn.Module):
    """Says the next sample: waves (n, time, 1) give predictions (n, time, 1), each made of all

    samples up to its own.
    """

    def __init__(self, cell: str, hidden: int, layers: int):
        super().__init__()
        self.rnn = CELLS[cell](1, hidden, layers, batch_first=True)
        self.linear = nn.Linear(hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The prediction after each sample."""
        h, _ = self.rnn(x)  # (n, time, hidden) of the last layer
        return self.linear(h)


class State(NamedTuple):
    """A run after `step` epochs; the loss is taken at these parameters."""

    step: int
    loss: Tensor  # ()
    parameters: dict[str, Tensor]  # rnn.weight_ih_l0, ..., linear.bias, as PyTorch names them
    optimiser: Kept  # what Adam keeps of each parameter: step, exp_avg, exp_avg_sq


def run(config: Config, state: State | None = None) -> Iterator[State]:
    """Yield the state before any update, then one after each: `epochs + 1`. Or go on from `state`.

    Raises `RuntimeError` where the device does not exist. A run that diverges yields inf and nan:
    see `diverged`.
    """
    device = devices.resolve(config.device)
    x = waves(config).unsqueeze(-1).to(device)  # (sequences, length, 1)
    model = initialise(
        lambda: Forecaster(config.cell, config.hidden, config.layers), config.seed, device
    )
    if state is not None:
        model.load_state_dict(state.parameters)
    parameters = dict(model.named_parameters())
    # Fused, in one pass over the parameters, it saves what the copies for each state cost.
    optimizer = torch.optim.Adam(parameters.values(), lr=config.learning_rate, fused=True)
    if state is not None:
        restore(optimizer, parameters, state.optimiser)
    mse = nn.MSELoss()

    first = 0 if state is None else state.step
    for step in range(first, max(first, config.epochs) + 1):
        # What a state's loss is of is what its update needs: nothing is computed twice.
        loss = mse(model(x[:, :-1]), x[:, 1:])
        if state is None or step > state.step:
            yield State(step, loss.detach(), _copies(parameters), kept(optimizer, parameters))
        else:
            yield state
        if step < config.epochs:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def _copies(parameters: dict[str, nn.Parameter]) -> dict[str, Tensor]:
    return {name: values.detach().clone() for name, values in parameters.items()}


def diverged(state: State) -> bool:
    """Whether the loss is no longer a finite number."""
    return not math.isfinite(state.loss.item())


def _where_quick(config: Config, state: State) -> State:
    """The state where its cells go sample by sample in the least time: a GPU spends most of that on
    being told what to do next, and small networks are done on the host meanwhile.
    """
    if config.hidden > HOST_UNITS:
        return state
    here = {name: values.cpu() for name, values in state.parameters.items()}
    return state._replace(loss=state.loss.cpu(), parameters=here)


def frame(config: Config, state: State) -> dict[str, np.ndarray]:
    """What charts show of a state, on the host: `loss` (), and what the network says of waves that
    go on, see `core.theory.sequences.rollouts.rollouts`.
    """
    state = _where_quick(config, state)
    return {**frame_loss(config, state), **rollouts(config, state)}


def frame_loss(config: Config, state: State) -> dict[str, np.ndarray]:
    """The loss () alone: of a run of which nothing else is shown."""
    return {"loss": state.loss.numpy(force=True)}


def frame_outside(config: Config, state: State) -> dict[str, np.ndarray]:
    """The same, and what becomes of frequencies that were not learnt, `heard` (64,)."""
    state = _where_quick(config, state)
    return {**frame(config, state), **rolled_outside(config, state)}


@dataclass(frozen=True)
class FrameWithGates:
    """A frame that shows what the gates do while one wave is heard, one of WAVES."""

    wave: int

    def __call__(self, config: Config, state: State) -> dict[str, np.ndarray]:
        """What `frame` gives, and `core.theory.sequences.inside.pictures` of that wave."""
        heard, state = sequence_of(config, self.wave), _where_quick(config, state)
        return {**frame(config, state), **pictures(config, state, heard)}
