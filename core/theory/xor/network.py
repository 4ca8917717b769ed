"""The network as a function of its parameters, one set of them or many at once.

With inputs x, layers of `hidden` units and an activation s, h₀ = x:

    h_k = s(W_k h_{k-1} + b_k),   logit = W h + b,   P(class 1) = 1 / (1 + exp(-logit))

Here each point is a column. A product of small matrices is then four times as fast as the rows of
`nn.Linear`, and neither it nor the sigmoid wakes PyTorch's pool of threads, as `torch.tanh` does
from 2,049 numbers on: where many runs share the cores, waiting for it costs milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from core.randomness import generator, mix
from core.theory.xor.points import WEIGHTS

if TYPE_CHECKING:
    from core.xor import Config

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "linear": nn.Identity,
}
ALONE = 2048  # numbers up to which torch.tanh is the work of one thread


def _tanh(a: Tensor) -> Tensor:
    if a.numel() <= ALONE:
        return torch.tanh(a)
    return torch.rsub(torch.sigmoid(2 * a), -1, alpha=-2)  # 2 σ(2a) - 1 in one go


BENDS: dict[str, Callable[[Tensor], Tensor]] = {  # the same as functions
    "tanh": _tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "linear": lambda a: a,
}
Parameters = dict[str, Tensor]  # by PyTorch's names, in its order


def parameter_shapes(config: Config) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the parameters: of a weight (outputs, inputs), of a bias (outputs,)."""
    return shapes_of(len(config.features), config.hidden, config.layers)


def shapes_of(inputs: int, hidden: int, layers: int) -> dict[str, tuple[int, ...]]:
    """The same of a network with so many inputs, units a layer and layers of units."""
    widths = [inputs, *[hidden] * layers, 1]
    shapes: dict[str, tuple[int, ...]] = {}
    for k in range(1, layers + 2):
        shapes[f"linear{k}.weight"] = (widths[k], widths[k - 1])
        shapes[f"linear{k}.bias"] = (widths[k],)
    return shapes


def weight_seed(seed: int) -> int:
    """The seed from which the parameters of a run are drawn."""
    return mix(seed, WEIGHTS)


def initial(config: Config, seed: int) -> Parameters:
    """What `core.randomness.initialise` makes of the classifier: uniform in ±1/√inputs."""
    numbers = generator(weight_seed(seed))
    parameters: Parameters = {}
    bound = 1.0
    for name, shape in parameter_shapes(config).items():
        bound = 1 / math.sqrt(shape[1]) if len(shape) == 2 else bound
        parameters[name] = nn.init.uniform_(torch.empty(shape), -bound, bound, generator=numbers)
    return parameters


def outputs(
    parameters: Mapping[str, Tensor], activation: str, x: Tensor
) -> tuple[list[Tensor], Tensor]:
    """The units of each layer, (..., hidden, n), and the logits (..., n), of inputs (..., f, n).

    Parameters may have further dimensions in front: (seeds, hidden, f) is a network for each seed.
    """
    bend, last = BENDS[activation], len(parameters) // 2
    values, units = x, []
    for k in range(1, last + 1):
        weight, bias = parameters[f"linear{k}.weight"], parameters[f"linear{k}.bias"]
        values = _affine(weight, bias.unsqueeze(-1), values)
        if k < last:
            values = bend(values)
            units.append(values)
    return units, values.squeeze(-2)


FEW = 16  # inputs up to which many small products are summed by hand


def _affine(weight: Tensor, bias: Tensor, values: Tensor) -> Tensor:
    """weight @ values + bias. Of many small matrices input by input: PyTorch's product of two or
    more pairs wakes the pool of threads whatever their size.
    """
    if weight.dim() == 2:
        return torch.addmm(bias, weight, values)
    if weight.shape[-1] > FEW:
        return torch.baddbmm(bias, weight, values.expand(len(weight), -1, -1))
    total = bias
    for k in range(weight.shape[-1]):
        total = torch.addcmul(total, weight[..., k : k + 1], values[..., k : k + 1, :])
    return total


def flat(parameters: Mapping[str, Tensor]) -> Tensor:
    """(p,) all parameters in a row, in PyTorch's order."""
    return torch.cat([values.reshape(-1) for values in parameters.values()])


def unflattened(config: Config, row: Tensor) -> Parameters:
    """The parameters (..., *shape) of rows (..., p) of them, as a frame's `weights` are."""
    shapes = parameter_shapes(config)
    parts = row.split([math.prod(shape) for shape in shapes.values()], dim=-1)
    named = zip(shapes, parts, strict=True)
    return {name: part.reshape(*row.shape[:-1], *shapes[name]) for name, part in named}


class Listed(nn.Module):
    """Two layers in a list. A list of Python's hides them: `parameters()` does not know of them,

    an optimizer gets none and `.to(device)` moves none. `nn.ModuleList` registers them.
    """

    def __init__(self, registered: bool):
        super().__init__()
        with torch.device("meta"):  # shapes only: nothing is drawn
            layers = [nn.Linear(2, 4), nn.Linear(4, 1)]
        self.layers = nn.ModuleList(layers) if registered else layers


def parameter_count(module: nn.Module) -> int:
    """How many numbers a module has to learn, as far as PyTorch knows."""
    return sum(parameter.numel() for parameter in module.parameters())
