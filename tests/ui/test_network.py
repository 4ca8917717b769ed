"""The drawing of a network: where nodes stand, and which number each line has."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from core.recording import Frames
from ui.export import filled, png
from ui.network import gallery, network
from ui.painted import Mesh, Raster, warped
from ui.player.player import Picture, Readout, around
from ui.theme import BLUE, GREY, VERMILION

SIDES = ("left", "right"), ("low", "high")
PLANE = Raster("field", "p", 6, *SIDES, (0, 1), "diverging", smooth=True)
UNIT = Raster("unit", "unit", 4, *SIDES, ("least", "most"), "diverging", smooth=True, legend=False)
WORDS = [(0, Readout("", ""))]
SHAPES = {
    "linear1.weight": (3, 2),
    "linear1.bias": (3,),
    "linear2.weight": (3, 3),
    "linear2.bias": (3,),
    "linear3.weight": (1, 3),
    "linear3.bias": (1,),
}
UNITS = [["unit_1_1", "unit_1_2"], ["unit_2_1", "unit_2_2"]]  # the first two of three


def made():
    return network(SHAPES, ("x", "y"), UNITS, PLANE, UNIT)


def test_each_line_has_its_number_of_all_parameters_in_a_row():
    drawn = made()
    edges = drawn.spec["usermeta"]["edges"][0]
    row, first = {}, 0
    for name, shape in SHAPES.items():
        for k in range(int(np.prod(shape))):
            at = np.unravel_index(k, shape)
            row[first + k] = f"{name}[{', '.join(str(int(i)) for i in at)}]"
        first += int(np.prod(shape))
    parts = drawn.edges["part"].astype(int).tolist()
    assert edges["labels"] == [row[part] for part in parts]
    # Two inputs to two units, two to two, two to the output: none of the third units.
    assert len(set(parts)) == len(parts) == 4 + 4 + 2
    assert not any("[2" in label or ", 2]" in label for label in edges["labels"])


def test_each_node_but_an_input_tells_its_bias():
    flat = [f"{name}[{k}]" for name, shape in SHAPES.items() for k in range(int(np.prod(shape)))]
    rasters = made().spec["usermeta"]["rasters"]
    told = {raster["name"]: raster["beside"] for raster in rasters}
    assert told["input_0"] is None
    expected = {"unit_1_2": "linear1.bias[1]", "unit_2_1": "linear2.bias[0]"}
    for name, bias in (expected | {"field": "linear3.bias[0]"}).items():
        assert told[name] == [bias, "weights", flat.index(bias)]


def test_a_line_leads_from_the_right_side_of_its_node_to_the_left_side_of_the_next():
    drawn = made()
    at = {node.name: node for node in drawn.nodes}
    labels = drawn.spec["usermeta"]["edges"][0]["labels"]
    line = labels.index("linear2.weight[1, 0]")
    come, to = at["unit_1_1"], at["unit_2_2"]
    ends = [drawn.edges[name][line] for name in ("x", "y", "to_x", "to_y")]
    assert ends == [come.x + come.side / 2, come.y, to.x - to.side / 2, to.y]


def test_a_place_belongs_to_one_node_or_to_none():
    drawn = made()
    for node in drawn.nodes:
        assert drawn.node_at(node.x, node.y) == node
        assert drawn.node_at(node.x + 0.49 * node.side, node.y - 0.49 * node.side) == node
        for other in drawn.nodes:
            apart = max(abs(node.x - other.x), abs(node.y - other.y))
            assert other is node or apart >= (node.side + other.side) / 2
    assert drawn.node_at(0, 0) is None


def test_a_place_on_a_line_belongs_to_the_node_to_which_it_leads():
    drawn = made()
    at = {node.name: node for node in drawn.nodes}
    labels = drawn.spec["usermeta"]["edges"][0]["labels"]
    line = labels.index("linear2.weight[1, 0]")
    x, y, to_x, to_y = (float(drawn.edges[name][line]) for name in ("x", "y", "to_x", "to_y"))
    for part in (0.05, 0.5, 0.95):  # by de Casteljau's way
        points = np.array([(x, y), ((x + to_x) / 2, y), ((x + to_x) / 2, to_y), (to_x, to_y)])
        while len(points) > 1:
            points = (1 - part) * points[:-1] + part * points[1:]
        if part != 0.5:  # lines cross in the middle
            assert drawn.node_at(*points[0]) in (at["unit_2_2"], at["unit_2_1"])
        assert drawn.node_at(*points[0]) is not None
    assert drawn.node_at(to_x - 0.05, to_y) == at["unit_2_2"]
    assert drawn.node_at(to_x - 0.3, to_y - 0.45) is None  # between two of them


@pytest.mark.parametrize(("units", "rows"), [(1, 1), (3, 1), (4, 2), (8, 2)])
def test_a_gallery_of_one_layer_has_two_rows_where_there_are_many(units, rows):
    spec = gallery([[f"unit_1_{k}" for k in range(units)]], UNIT)
    rasters = spec["usermeta"]["rasters"]
    assert len({tuple(raster["y"]) for raster in rasters}) == rows
    places = {(tuple(raster["x"]), tuple(raster["y"])) for raster in rasters}
    assert len(places) == units


def frames(**columns: np.ndarray) -> Frames:
    count = len(next(iter(columns.values())))
    return Frames(0, np.arange(count, dtype=np.int32), columns, count, None)


def picture() -> Picture:
    drawn = made()
    values = {"left": 0, "right": 1, "low": 0, "high": 1, "least": -1, "most": 1}
    inputs = {f"input_{k}": {"cells": np.full((4, 4), 127, np.uint8)} for k in range(2)}
    values |= {f"input_{k}_{end}": limit for k in range(2) for end, limit in
               (("low", -1), ("high", 1))}  # fmt: skip
    return Picture("Net", drawn.spec, "", values, {"edges": drawn.edges} | inputs)


def recorded(weights: np.ndarray) -> Frames:
    small = {name: np.full((1, 4, 4), 127, np.uint8) for names in UNITS for name in names}
    return frames(weights=weights[None], field=np.full((1, 6, 6), 127, np.uint8), **small)


def test_a_file_has_the_lines_as_thick_as_their_numbers_in_the_colour_of_their_signs():
    weights = np.linspace(-3, 4, 25).astype(np.float32)
    weights[0] = np.nan
    shown = picture()
    rows = filled(shown, recorded(weights), 0)["datasets"]["edges"]
    parts = np.asarray(shown.data["edges"]["part"]).astype(int)[1:].tolist()  # 0 is no number
    assert [row["colour"] for row in rows] == [
        VERMILION if weights[part] > 0 else BLUE for part in parts
    ]
    thick = [row["width"] for row in rows]
    order = np.argsort([abs(weights[part]) for part in parts])
    assert (np.diff(np.array(thick)[order]) >= 0).all()
    with Image.open(io.BytesIO(png(shown, recorded(weights), 0))) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    for ink in (BLUE, VERMILION):
        near = np.abs(pixels - list(bytes.fromhex(ink[1:]))).sum(axis=2) < 30
        assert near.sum() > 500


def test_the_player_paints_lines_and_meshes_itself():
    mesh = Mesh("grid", 17)
    bent = Picture(
        "Bent", warped(mesh, ("a", "b")), "", {"left": -1, "right": 1, "low": -1, "high": 1}
    )
    sent = around([picture(), bent], WORDS)
    net, grid = sent["charts"]
    assert [one["name"] for one in net["edges"]] == ["edges"]
    assert net["pick"]["stays"]
    assert net["meshes"] == grid["edges"] == []
    assert grid["meshes"] == [mesh._asdict()]
    assert len(grid["clouds"]) == 1
    for chart in (net, grid):
        assert not {"image", "line", "rule"} & {mark["type"] for mark in chart["spec"]["marks"]}
        assert {scale["name"] for scale in chart["spec"]["scales"]} >= {"x", "y"}
    json.dumps({k: v for k, v in sent.items() if k == "charts"}, allow_nan=False)


def test_a_file_has_the_lines_of_a_mesh_and_breaks_between_them():
    mesh = Mesh("grid", 40)
    t = np.linspace(-0.9, 0.9, 40)
    lines = np.stack([np.concatenate([t, t]), np.repeat([-0.5, 0.5], 40)]).astype(np.float32)
    of = frames(grid=lines[None], cloud=np.full((1, 2, 40), np.nan, np.float32))
    ends = {"left": -1, "right": 1, "low": -1, "high": 1}
    bent = Picture("Bent", warped(mesh, ("a", "b")), "", ends)
    with Image.open(io.BytesIO(png(bent, of, 0))) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    grey = np.abs(pixels - list(bytes.fromhex(GREY[1:]))).sum(axis=2) < 60
    across = grey.sum(axis=1) > 0.5 * pixels.shape[1]
    assert np.flatnonzero(np.diff(across.astype(int)) == 1).size == 2
