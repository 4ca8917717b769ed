"""What a data set, a model and a loader are made of, as a learner asks them in a notebook."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from core.randomness import generator
from core.theory.xor.network import Listed, parameter_count

BATCH = 8


class Inside(NamedTuple):
    """What is found."""

    length: int  # of the data set
    point: tuple[float, ...]  # its first element
    label: int
    batch: tuple[int, ...]  # shapes of a shuffled batch: of the points
    batch_labels: tuple[int, ...]
    labels: tuple[int, ...]  # in that batch
    printed: str  # print(model)
    parameters: tuple[tuple[str, tuple[int, ...]], ...]  # names and shapes
    same: bool  # whether train() and eval() give the same outputs
    in_list: int  # numbers that PyTorch knows of layers in a list of Python's
    in_module_list: int  # and of the same in nn.ModuleList


def inspected(dataset: Dataset[tuple[Tensor, Tensor]], model: nn.Module, inputs: int) -> Inside:
    """Look into a data set with a length, and a model of so many inputs. Draws by a seed of 0."""
    loader = DataLoader(dataset, BATCH, shuffle=True, generator=generator(0))
    points, labels = next(iter(loader))
    point, label = dataset[0]
    x = torch.linspace(-1, 1, 5 * inputs).view(5, inputs)
    with torch.no_grad():
        trained, evaluated = model.train()(x), model.eval()(x)
    return Inside(
        len(dataset),  # pyright: ignore[reportArgumentType]
        tuple(point.tolist()),
        int(label),
        tuple(points.shape),
        tuple(labels.shape),
        tuple(labels.tolist()),
        str(model),
        tuple((name, tuple(values.shape)) for name, values in model.named_parameters()),
        torch.equal(trained, evaluated),
        parameter_count(Listed(False)),
        parameter_count(Listed(True)),
    )
