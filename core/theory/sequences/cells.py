"""The two cells, step by step: what PyTorch's `nn.LSTM` and `nn.GRU` do to one sample at a time.

With the input x (the sample, or h of the layer below), h and c of the step before, and σ for the
sigmoid, an LSTM (Hochreiter & Schmidhuber 1997, with the forget gate of Gers 2000) makes

    i, f, o = σ(W x + U h + b)       input, forget and output gate, each with its own W, U, b
    g       = tanh(W x + U h + b)    candidate
    c <- f c + i g                   cell
    h <- o tanh(c)                   hidden

and a GRU (Cho 2014) has no cell:

    r, z    = σ(W x + U h + b)       reset and update gate
    n       = tanh(W x + b + r (U h + b'))    new
    h <- (1 - z) n + z h             hidden

PyTorch's own modules run a whole sequence at a time, which is what training wants. Where each
sample has to be known before the next, calling them once a sample costs ten times what this does:
on CPUs oneDNN packs the LSTM's weights anew at each call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

Gates = dict[str, Tensor]  # what a cell does at one step, (n, hidden) each, by the names above


class Layer(NamedTuple):
    """The numbers of one layer, ready to multiply rows."""

    inputs: Tensor  # (inputs, gates * hidden)
    inputs_bias: Tensor  # (gates * hidden,)
    hidden: Tensor  # (hidden, gates * hidden)
    hidden_bias: Tensor


def layers_of(parameters: Mapping[str, Tensor], count: int) -> list[Layer]:
    """The layers of a state's parameters."""

    def part(name: str, k: int) -> Tensor:
        return parameters[f"rnn.{name}_l{k}"]

    return [
        Layer(
            part("weight_ih", k).t().contiguous(),
            part("bias_ih", k),
            part("weight_hh", k).t().contiguous(),
            part("bias_hh", k),
        )
        for k in range(count)
    ]


def _lstm(layer: Layer, x: Tensor, before: Gates) -> Gates:
    sums = torch.addmm(layer.inputs_bias, x, layer.inputs)
    sums = sums + torch.addmm(layer.hidden_bias, before["hidden"], layer.hidden)
    # In PyTorch's order. Gate by gate: sigmoids of 2,049 numbers or more would wake its pool.
    i, f, g, o = sums.chunk(4, dim=1)
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    c = f * before["cell"] + i * g
    h = o * torch.tanh(c)
    return {"input": i, "forget": f, "candidate": g, "output": o, "cell": c, "hidden": h}


def _gru(layer: Layer, x: Tensor, before: Gates) -> Gates:
    of_x = torch.addmm(layer.inputs_bias, x, layer.inputs).chunk(3, dim=1)
    of_h = torch.addmm(layer.hidden_bias, before["hidden"], layer.hidden).chunk(3, dim=1)
    r, z = torch.sigmoid(of_x[0] + of_h[0]), torch.sigmoid(of_x[1] + of_h[1])
    n = torch.tanh(of_x[2] + r * of_h[2])
    h = n + z * (before["hidden"] - n)
    return {"reset": r, "update": z, "new": n, "hidden": h}


CELLS: dict[str, Callable[[Layer, Tensor, Gates], Gates]] = {"LSTM": _lstm, "GRU": _gru}
GATES = {  # what each is made of, and between which limits it lies; a cell's are not limits
    "LSTM": {
        "input": (0, 1),
        "forget": (0, 1),
        "candidate": (-1, 1),
        "output": (0, 1),
        "cell": (-2, 2),
        "hidden": (-1, 1),
    },
    "GRU": {"reset": (0, 1), "update": (0, 1), "new": (-1, 1), "hidden": (-1, 1)},
}
BLOCKS = {"LSTM": 4, "GRU": 3}  # of the rows of a weight


def parameter_count(cell: str, hidden: int, layers: int) -> int:
    """How many numbers are learnt: in each layer W, U and two b, then a weight for each unit of the
    last one and a bias.
    """
    inputs = [1, *[hidden] * (layers - 1)]
    each = (BLOCKS[cell] * hidden * (size + hidden + 2) for size in inputs)
    return sum(each) + hidden + 1


def as_many(cell: str, hidden: int, layers: int, other: str) -> int:
    """The units a layer with which the `other` cell has most nearly as many numbers to learn."""
    wanted, units = parameter_count(cell, hidden, layers), 1
    while parameter_count(other, units + 1, layers) <= wanted:
        units += 1
    return min(units, units + 1, key=lambda n: abs(parameter_count(other, n, layers) - wanted))


def walk(
    cell: str,
    parameters: Mapping[str, Tensor],
    layers: int,
    feed: Callable[[int, Tensor | None], Tensor],
    steps: int,
    first: Tensor,
) -> Iterator[tuple[list[Gates], Tensor]]:
    """Yield the gates of each layer and the prediction (n, 1) of each of `steps` steps.

    `feed` gives the input (n, 1) of a step, told what was predicted at the one before, or None.
    `first` (n, hidden) is h, and c, before the first step: PyTorch's is 0.
    """
    step, weights = CELLS[cell], layers_of(parameters, layers)
    head, bias = parameters["linear.weight"].t(), parameters["linear.bias"]
    states: list[Gates] = [{"hidden": first, "cell": first} for _ in range(layers)]
    said = None
    for at in range(steps):
        x = feed(at, said)
        for k, layer in enumerate(weights):
            states[k] = step(layer, x, states[k])
            x = states[k]["hidden"]
        said = torch.addmm(bias, x, head)
        yield list(states), said
