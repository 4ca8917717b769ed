"""What the gates do while a wave is heard, and how far back its error reaches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from core.ranges import Range
from core.rasters import NO_NUMBER, to_bytes, to_values
from core.theory.sequences.cells import GATES, Gates, walk
from core.theory.sequences.rollouts import SHORTEST
from core.theory.sequences.waves import rate, waves

if TYPE_CHECKING:
    from core.recording import Frames
    from core.sequences import Config, State

UNITS = 32  # of a layer that are shown, the first ones


def gates(config: Config, state: State, sequence: int) -> Gates:
    """What each gate of each layer does while the network hears a wave of those that are learnt,
    all but its last sample, as in training.

    By the names of `core.theory.sequences.cells`, each (layers, time, hidden) on the state's
    device. Raises `ValueError` for a wave that does not exist.
    """
    with torch.no_grad():
        moments, _ = _heard(config, state, sequence)
    return _stacked(config, moments)


def slopes(config: Config, state: State, sequence: int) -> tuple[Tensor, Tensor]:
    """(layers, time) twice: the length of ∂L/∂h of each layer at each sample of that wave.

    First for L the mean square error of all predictions, then for L the square error of the last
    one, which says how far back an error reaches. Raises `ValueError` as `gates` does.
    """
    with torch.enable_grad():
        moments, errors = _heard(config, state, sequence)
    return _slopes(config, moments, errors)


def _slopes(config: Config, moments: list[list[Gates]], errors: Tensor) -> tuple[Tensor, Tensor]:
    hidden = [layer["hidden"] for moment in moments for layer in moment]
    found = [
        torch.autograd.grad(loss, hidden, retain_graph=True, materialize_grads=True)
        for loss in (errors.mean(), errors[-1])
    ]
    whole, last = (
        torch.linalg.vector_norm(torch.cat(parts), dim=1).view(-1, config.layers).t()
        for parts in found
    )
    return whole, last


def _heard(config: Config, state: State, sequence: int) -> tuple[list[list[Gates]], Tensor]:
    """The gates of each layer at each moment, and the square errors of what is said (time,)."""
    Range(0, config.sequences - 1, whole=True).check("sequence", sequence)
    wave = waves(config)[sequence].to(state.loss.device)
    samples = wave[:-1]
    first = samples.new_zeros(1, config.hidden).requires_grad_(torch.is_grad_enabled())
    steps = walk(
        config.cell,
        state.parameters,
        config.layers,
        lambda at, _: samples[at].view(1, 1),
        len(samples),
        first,
    )
    moments, said = zip(*steps, strict=True)
    return list(moments), (torch.cat(said).view(-1) - wave[1:]).square()


def _stacked(config: Config, moments: list[list[Gates]]) -> Gates:
    """Each gate (layers, time, hidden)."""
    return {
        name: torch.stack([torch.cat([layer[name] for layer in moment]) for moment in moments], 1)
        for name in GATES[config.cell]
    }


# --- As pictures.


def moments_shown(config: Config) -> int:
    """Moments of the pictures: those that the network hears, or as many as a curve has at least."""
    return max(config.length - 1, SHORTEST)


def moments(config: Config) -> np.ndarray:
    """(moments_shown,) float64 when these are, in seconds."""
    return np.arange(moments_shown(config)) / rate(config)


def units_shown(config: Config) -> int:
    """Units of a layer in the pictures."""
    return min(config.hidden, UNITS)


@cache
def unit(layer: int, which: int) -> Callable[[Config, Frames], Mapping[str, np.ndarray]]:
    """One unit of a layer, both counted from 1: a maker of columns `unit_forget`, ...

    Each (m, moments_shown) float32, what the gates of that name do, read from the bytes of
    `pictures`; of the last unit, or layer, where there are fewer.
    """

    def of_unit(config: Config, frames: Frames) -> dict[str, np.ndarray]:
        k, row = min(layer, config.layers), min(which, units_shown(config)) - 1
        cells = {name: frames.columns[f"{name}_{k}"][:, row] for name in GATES[config.cell]}
        return {
            f"unit_{name}": to_values(values, *GATES[config.cell][name]).astype(np.float32)
            for name, values in cells.items()
        }

    return of_unit


def pictures(config: Config, state: State, sequence: int) -> dict[str, np.ndarray]:
    """The gates and slopes of that wave as columns of a frame.

    `forget_1`, `hidden_2`, ... (units_shown, moments_shown) uint8: each gate of each layer within
    its limits of GATES. `slope_1`, ... and `reach_1`, ... (moments_shown,) float32: of each layer
    the logarithm to the base 10 of what `slopes` gives. Where there is no number, nan or 255.
    """
    units, room = units_shown(config), moments_shown(config) - (config.length - 1)
    with torch.enable_grad():
        moments, errors = _heard(config, state, sequence)
    columns = {}
    for name, values in _stacked(config, moments).items():
        cells = to_bytes(values[:, :, :units].transpose(1, 2), *GATES[config.cell][name])
        cells = torch.nn.functional.pad(cells, (0, room), value=NO_NUMBER).numpy(force=True)
        columns |= {f"{name}_{k}": layer for k, layer in enumerate(cells, 1)}
    for name, sizes in zip(("slope", "reach"), _slopes(config, moments, errors), strict=True):
        curves = sizes.log10()  # of a slope that is 0 there is none
        curves = torch.where(curves.isfinite(), curves, torch.nan)
        curves = torch.nn.functional.pad(curves, (0, room), value=torch.nan).numpy(force=True)
        columns |= {f"{name}_{k}": layer for k, layer in enumerate(curves, 1)}
    return columns
