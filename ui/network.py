"""A drawing of a layered network: where its nodes stand, which of its numbers each line has.

Layers go from left to right, the inputs first, the output last. Each node has a picture of what it
is over the plane of the points; of a layer of many units the first are drawn.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from ui.painted import Edges, Ends, Raster, Spec, drawing
from ui.player.player import Picture

NODE, OUTPUT = 0.84, 1.9  # sides of nodes; from one to the next in a layer is 1
WIDE = 1.45  # how much wider than high, at least
APART = 2.2  # from layer to layer, at least
CLOSE, SAMPLES = 0.12, 97  # how near a click must be to a line, of which so many places are asked
WEIGHTS = "weights"  # the column with all numbers of the network in a row


class Node(NamedTuple):
    """One node: its column of the frames, or data set, and where it stands."""

    name: str
    label: str
    x: float  # of its middle
    y: float
    side: float


class Network(NamedTuple):
    """A drawing, and what its player needs."""

    spec: Spec
    edges: Mapping[str, np.ndarray]  # the data set of its lines
    nodes: tuple[Node, ...]

    def picture(
        self,
        title: str,
        values: Mapping[str, float],
        inputs: Iterable[tuple[np.ndarray, float]],
        step: str,
    ) -> Picture:
        """The drawing, with the still rasters of its inputs and the limits of each around 0."""
        cells = {f"input_{k}": one for k, one in enumerate(inputs)}
        limits = {f"{name}_low": -limit for name, (_, limit) in cells.items()}
        limits |= {f"{name}_high": limit for name, (_, limit) in cells.items()}
        still = {name: {"cells": shown} for name, (shown, _) in cells.items()}
        words = f"The network after {step} {{step}}."
        return Picture(title, self.spec, words, {**values, **limits}, {"edges": self.edges} | still)

    def node_at(self, x: float, y: float) -> Node | None:
        """The node that has a place of the drawing, or to which a line there leads."""
        for node in self.nodes:
            if max(abs(x - node.x), abs(y - node.y)) <= node.side / 2:
                return node
        left, top, to_x, to_y = (self.edges[name] for name in ("x", "y", "to_x", "to_y"))
        part = np.linspace(0, 1, SAMPLES)[:, None]  # of a line, bent as js/paint.js bends it
        ends = [(1 - part) ** 3, part**3]
        first, second = 3 * part * (1 - part) ** 2, 3 * part**2 * (1 - part)
        across = left * ends[0] + (left + to_x) / 2 * (first + second) + to_x * ends[1]
        down = top * (ends[0] + first) + to_y * (second + ends[1])
        away = np.hypot(across - x, down - y).min(axis=0)
        nearest = int(away.argmin())
        if away[nearest] > CLOSE:
            return None
        return next(
            node for node in self.nodes
            if np.isclose(node.x - node.side / 2, to_x[nearest]) and node.y == to_y[nearest]
        )  # fmt: skip


def network(
    shapes: Mapping[str, tuple[int, ...]],
    inputs: Sequence[str],
    units: Sequence[Sequence[str]],
    output: Raster,
    unit: Raster,
) -> Network:
    """The drawing of a network whose numbers have the `shapes` name -> (outputs, inputs) or
    (outputs,), layer by layer, in the order of the column `weights`.

    `inputs` are called so, `units` are the columns of those of each layer that are drawn. `output`
    and `unit` are the rasters of the output and of a unit, and of an input, which is a still one
    called input_0, ...; where they are drawn is decided here.
    """
    columns = [[f"input_{k}" for k in range(len(inputs))], *map(list, units), [output.name]]
    most = max(2.4, *map(len, columns))
    width = max(WIDE * most, APART * (len(columns) - 1) + OUTPUT)
    starts, side = 1.1, [*[NODE] * (len(columns) - 1), OUTPUT]
    step = (width - starts - OUTPUT / 2 - 0.1) / (len(columns) - 1)
    nodes = [
        [
            Node(name, label, starts + k * step, most / 2 + row - (len(names) - 1) / 2, side[k])
            for row, (name, label) in enumerate(zip(names, labels, strict=True))
        ]
        for k, (names, labels) in enumerate(
            zip(columns, _labels(inputs, units, output.label), strict=True)
        )
    ]
    lines, said = [], []
    biases: dict[str, tuple[str, str, int]] = {}  # by the name of the node
    first = 0
    weights = [shape for shape in shapes.values() if len(shape) == 2]
    titles = [name for name, shape in shapes.items() if len(shape) == 2]
    added = [name for name, shape in shapes.items() if len(shape) == 1]
    for k, (shape, title) in enumerate(zip(weights, titles, strict=True)):
        for i, to in enumerate(nodes[k + 1]):
            biases[to.name] = f"{added[k]}[{i}]", WEIGHTS, first + prod(shape) + i
            for j, come in enumerate(nodes[k]):
                part = first + i * shape[1] + j
                ends = come.x + come.side / 2, come.y, to.x - to.side / 2, to.y
                lines.append((*ends, part))
                said.append(f"{title}[{i}, {j}]")
        first += prod(shape) + shape[0]  # the bias follows
    rasters = tuple(
        _placed(output if node.name == output.name else unit, node, k == 0)._replace(
            beside=biases.get(node.name)
        )
        for k, column in enumerate(nodes)
        for node in column
    )
    words = tuple((node.x - 0.78, node.y, node.label) for node in nodes[0])
    ends = (end for one in rasters for pair in (one.limits, *(one.shows or ())) for end in pair)
    parameters = dict.fromkeys(end for end in ends if isinstance(end, str))
    spec = drawing(
        rasters,
        (width, most),
        tuple(parameters),
        Edges("edges", WEIGHTS, tuple(said)),
        words,
        pick=True,
    )
    fields = zip(("x", "y", "to_x", "to_y", "part"), np.array(lines).T, strict=True)
    data: dict[str, np.ndarray] = dict(fields)
    return Network(spec, data, tuple(node for column in nodes for node in column))


def _labels(
    inputs: Sequence[str], units: Sequence[Sequence[str]], output: str
) -> list[Sequence[str]]:
    many = len(units) > 1
    hidden = [
        [f"unit {i + 1}" + (f" of layer {k + 1}" if many else "") for i in range(len(names))]
        for k, names in enumerate(units)
    ]
    return [inputs, *hidden, [output]]


def _placed(raster: Raster, node: Node, is_input: bool) -> Raster:
    """The raster in its node; its places still mean those of the plane."""
    half = node.side / 2
    x: Ends = (node.x - half, node.x + half)
    y: Ends = (node.y + half, node.y - half)  # y goes down here
    limits: Ends = (f"{node.name}_low", f"{node.name}_high") if is_input else raster.limits
    return raster._replace(
        name=node.name,
        label=node.label,
        x=x,
        y=y,
        shows=(raster.x, raster.y),
        limits=limits,
        legend=False,
    )


SIDE = 0.82  # of a picture in the gallery, where from one to the next is 1
MOST_NAMED = 5  # pictures in a row with room for more than a number below each


def gallery(units: Sequence[Sequence[str]], unit: Raster) -> Spec:
    """The units alone with their names below, a row for each layer, from the first one on."""
    columns, rows = max(map(len, units)), len(units)
    two = rows == 1 and columns > 3  # in two rows they are larger
    if two:
        columns, rows = -(-columns // 2), 2
    nodes, words = [], []
    for k, (names, labels) in enumerate(zip(units, _labels((), units, "")[1:-1], strict=True)):
        for i, (name, label) in enumerate(zip(names, labels, strict=True)):
            row, column = divmod(i, columns) if two else (k, i)
            nodes.append(Node(name, label, column + 0.5, row + 0.02 + SIDE / 2, SIDE))
            said = f"unit {i + 1}" if columns <= MOST_NAMED else f"{i + 1}"
            words.append((column + 0.5, row + SIDE + 0.1, said))
    rasters = tuple(_placed(unit, node, False) for node in nodes)
    parameters = tuple(end for end in (*unit.x, *unit.y, *unit.limits) if isinstance(end, str))
    return drawing(rasters, (columns, rows), parameters, words=tuple(words))
