"""What the network makes of the plane, as pictures of one byte a cell, computed on its device."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from core.rasters import centers, to_bytes
from core.theory.xor.network import Parameters, outputs
from core.theory.xor.points import Window, inputs, window

if TYPE_CHECKING:
    from core.xor import Config

CELLS = 60  # rows and columns of the probability
LINE_CELLS = 30  # of the picture from which the line is found
UNIT_CELLS = 24  # of each unit's field
FIELDS = 8  # units of each layer that have a field: the first ones
# Between which numbers a unit's field is drawn; what is beyond has the colour of the limit.
UNIT_LIMITS = {
    "tanh": (-1.0, 1.0),
    "sigmoid": (0.0, 1.0),
    "relu": (-2.0, 2.0),
    "linear": (-2.0, 2.0),
}


def grid(window: Window, cells: int) -> Tensor:
    """(cells, cells, 2) the middles of the cells of a window, the lowest row first, in float32."""
    x = torch.from_numpy(centers(window.left, window.right, cells))
    y = torch.from_numpy(centers(window.low, window.high, cells))
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).float()


@lru_cache(maxsize=16)
def grid_inputs(
    window: Window, cells: tuple[int, ...], features: tuple[str, ...], device: torch.device
) -> Tensor:
    """(f, n) the network's inputs at the grids of so many cells a side, one after the other."""
    places = torch.cat([grid(window, count).view(-1, 2) for count in cells])
    return inputs(features, places).to(device)


def unit_names(config: Config) -> list[str]:
    """The frame's columns of units' fields: `unit_2_1` is the first unit of the second layer."""
    shown = range(1, min(config.hidden, FIELDS) + 1)
    return [f"unit_{layer}_{k}" for layer in range(1, config.layers + 1) for k in shown]


def pictures(config: Config, parameters: Parameters) -> tuple[Tensor, Tensor, Tensor]:
    """(CELLS, CELLS) P(class 1) over the window, from 0 to 1; (LINE_CELLS, LINE_CELLS) its logit z
    as z / √(z² + s²), from -1 to 1, with s a quarter of the mean |z|: so the line of 0 is smooth
    also where little is learnt yet, and a straight one straight, as around 0 it goes evenly;
    (len(unit_names), UNIT_CELLS, UNIT_CELLS) the units over the window, in UNIT_LIMITS. All uint8,
    on the parameters' device.
    """
    device = next(iter(parameters.values())).device
    x = grid_inputs(window(config), (CELLS, UNIT_CELLS), config.features, device)
    units, logits = outputs(parameters, config.activation, x)
    inside = logits[: CELLS**2]
    field = to_bytes(torch.sigmoid(inside), 0, 1).view(CELLS, CELLS)
    # Of two times two cells the mean: it belongs to the middle of a cell that is twice as large.
    fold = CELLS // LINE_CELLS
    coarse = inside.view(LINE_CELLS, fold, LINE_CELLS, fold).mean(dim=(1, 3))
    size = (coarse.abs().mean() / 4).clamp(min=1e-30)
    line = to_bytes(coarse / torch.hypot(coarse, size), -1, 1)
    shown = torch.cat([values[:FIELDS, CELLS**2 :] for values in units])
    small = to_bytes(shown, *UNIT_LIMITS[config.activation])
    return field, line, small.view(-1, UNIT_CELLS, UNIT_CELLS)
