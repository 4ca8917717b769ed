"""Charts of wide columns: what the player is told of them, and that files show the same."""

import io
import json
from base64 import b64decode

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from core.rasters import LARGEST, NO_NUMBER
from core.recording import Frames
from ui.colours import RANGES, colours, hexadecimal
from ui.export import csv, filled, png
from ui.painted import Curve, Level, Raster, field, profile
from ui.player.player import Picture, Readout, around
from ui.theme import BLUE, GREEN, GREY, VERMILION

ROWS, COLUMNS = 6, 9
BLOCKS = Raster("cells", "weight", COLUMNS, (0, 9), (0, 6), (-1, 1), legend=False)
WORDS = [(0, Readout("", ""))]


def frames(cells: np.ndarray, **columns: np.ndarray) -> Frames:
    """As many frames as there are rasters."""
    steps = np.arange(len(cells), dtype=np.int32)
    return Frames(0, steps, {"cells": cells, **columns}, len(cells), None)


def some(count: int = 2, most: int = LARGEST) -> np.ndarray:
    random = np.random.default_rng(7)
    return random.integers(0, most + 1, (count, ROWS, COLUMNS), dtype=np.uint8)


def shown(picture: Picture, of: Frames, index: int, size=(360, 240)) -> np.ndarray:
    """(rows, columns, 3): the exported picture, without the white around it."""
    with Image.open(io.BytesIO(png(picture, of, index, size=size))) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    there = (pixels < 250).any(axis=-1)
    rows, columns = np.flatnonzero(there.any(axis=-1)), np.flatnonzero(there.any(axis=0))
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def middles(pixels: np.ndarray, rows: int = ROWS, columns: int = COLUMNS) -> np.ndarray:
    height, width = pixels.shape[:2]
    down = ((np.arange(rows) + 0.5) / rows * height).astype(int)
    return pixels[np.ix_(down, ((np.arange(columns) + 0.5) / columns * width).astype(int))]


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("index", [0, 1])
def test_a_file_shows_the_bytes_of_the_frame_in_their_colours(index, down):
    cells = some()
    picture = Picture("Cells", field(BLOCKS._replace(down=down)), "")
    expected = colours("sequential")[cells[index] if down else cells[index, ::-1]]
    assert (middles(shown(picture, frames(cells), index)) == expected).all()


def test_a_still_raster_is_in_every_file():
    still = some(1)[0]
    of = frames(some(2)[:, :1, :1])
    picture = Picture(
        "Still", field(BLOCKS._replace(name="still")), "", {}, {"still": {"cells": still}}
    )
    first, last = (shown(picture, of, index) for index in (0, 1))
    assert (first == last).all()
    assert (middles(first) == colours("sequential")[still[::-1]]).all()


def test_where_there_is_no_number_there_are_strokes_and_no_colour():
    cells = some(1)
    cells[0, :3, :3] = NO_NUMBER
    pixels = shown(Picture("Cells", field(BLOCKS._replace(down=True)), ""), frames(cells), 0)
    height, width = (size // 2 for size in pixels.shape[:2])
    bare = pixels[: height - 4, : width // 9 * 6 - 4]
    assert np.ptp(bare, axis=2).max() < 30  # grey and white, and what smoothing makes of them
    assert (bare.min(axis=2) < 200).mean() > 0.05
    assert (bare.min(axis=2) > 240).mean() > 0.3
    rest = middles(pixels)[3:]
    assert (rest == colours("sequential")[cells[0, 3:]]).all()


def test_a_dark_file_has_the_colours_of_the_dark_theme():
    raster = BLOCKS._replace(colours="diverging", smooth=True)
    spec = filled(Picture("Cells", field(raster), ""), frames(some()), 0, dark=True)
    address = spec["datasets"]["cells"][0]["url"].partition(",")[2]
    assert spec["config"]["range"]["diverging"]["scheme"][0] == "#{:02x}{:02x}{:02x}".format(
        *colours("diverging", True)[0]
    )
    with Image.open(io.BytesIO(b64decode(address))) as image:
        assert (np.asarray(image)[::-1, :, :3] == colours("diverging", True)[some()[0]]).all()


def test_a_legend_runs_through_the_colours_between_the_limits():
    raster = BLOCKS._replace(legend=True, limits=("least", "most"))
    spec = field(raster, ("x", "y"), parameters=("least", "most"))
    picture = Picture("Cells", spec, "", {"least": -3, "most": 5})
    pixels = shown(picture, frames(np.zeros((1, ROWS, COLUMNS), np.uint8)), 0, (600, 400))
    seen = {tuple(colour) for colour in pixels[:120].reshape(-1, 3)}
    wanted = colours("sequential")[20:-20:16].astype(int)
    # A gradient between 128 colours, two device pixels to each.
    off = [min(np.abs(np.subtract(colour, one)).max() for one in seen) for colour in wanted]
    assert max(off) <= 3


def test_a_curve_in_a_file_goes_through_its_numbers_and_breaks_where_there_are_none():
    x = np.linspace(0, 10, 100)
    up = np.stack([np.sin(x), np.cos(x)]).astype(np.float32)
    up[:, 40:60] = np.nan
    values = {"left": 0, "right": 10, "low": -1, "high": 1}
    spec = profile((Curve("wave"),), ("x", "y"))
    picture = Picture("Wave", spec, "", values, {"wave": {"x": x}})
    of = frames(some(), wave=up)
    for index in (0, 1):
        rows = filled(picture, of, index)["datasets"]["wave"]
        assert [row["x"] for row in rows] == x.tolist()
        given = [np.nan if row["y"] is None else row["y"] for row in rows]
        np.testing.assert_array_equal(given, up[index].astype(float))
        with Image.open(io.BytesIO(png(picture, of, index))) as image:
            pixels = np.asarray(image.convert("RGB")).astype(int)
        blue = np.abs(pixels - list(bytes.fromhex(BLUE[1:]))).sum(axis=2) < 30
        columns = np.flatnonzero(blue.any(axis=0))
        gaps = np.diff(columns).max() / np.ptp(columns)
        assert 0.19 < gaps < 0.22  # 21 of 99 parts, less the width of the line


def test_a_still_curve_and_a_rule_stand_beside_one_that_moves():
    x = np.linspace(0, 10, 100)
    up = np.stack([np.full(100, 0.5), np.full(100, -0.5)]).astype(np.float32)
    curves = (Curve("still", GREEN, still=True), Curve("wave"))
    spec = profile(curves, ("x", "y"), rules=("here",))
    values = {"left": 0, "right": 10, "low": -1, "high": 1, "here": 4}
    picture = Picture("Two", spec, "", values, {"wave": {"x": x}, "still": {"x": x, "y": 0 * x}})
    assert spec["usermeta"]["curves"] == ["wave"]  # all that the player paints
    of = frames(some(), wave=up)
    middles = []
    for index in (0, 1):
        with Image.open(io.BytesIO(png(picture, of, index))) as image:
            pixels = np.asarray(image.convert("RGB")).astype(int)
        of_line = [
            np.abs(pixels - list(bytes.fromhex(ink[1:]))).sum(axis=2) < 40
            for ink in (GREEN, BLUE, GREY)
        ]
        middles.append([float(np.flatnonzero(one.any(axis=1)).mean()) for one in of_line[:2]])
        green = np.flatnonzero(of_line[0].any(axis=0))
        rule = np.flatnonzero(of_line[2].sum(axis=0) > 100)  # dashes from top to bottom
        part = (rule.mean() - green.min()) / np.ptp(green)
        assert abs(part - 0.4) < 0.01  # a pixel
    assert middles[0][0] == middles[1][0]
    assert middles[0][1] < middles[0][0] < middles[1][1]


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("x", [(0, 9), ("left", "right")])
def test_a_line_at_a_level_stands_in_a_file_where_a_picture_comes_to_it(down, x):
    # Bytes rise from the first column on: the byte 63.5 is a quarter of the way.
    cells = np.broadcast_to(np.linspace(0, 254, COLUMNS).round(), (1, ROWS, COLUMNS))
    raster = BLOCKS._replace(level=Level("cells", COLUMNS, 63.5), down=down, x=x)
    parameters = tuple(x) if isinstance(x[0], str) else ()
    picture = Picture("Cells", field(raster, None, None, parameters), "", {"left": 0, "right": 9})
    of = frames(cells.astype(np.uint8))
    rows = filled(picture, of, 0)["datasets"]["cells_level"]
    assert len(rows) == ROWS - 1
    # From the middle of the first cell at 0.5 to that of the last at 8.5: a byte is 8/254.
    assert all(abs(row[x] - 2.5) < 8 / 254 for row in rows for x in ("x", "to_x"))
    assert {row["y"] for row in rows} | {row["to_y"] for row in rows} == {
        k + 0.5 for k in range(ROWS)
    }
    pixels = shown(picture, of, 0, size=(450, 300))
    dark = np.flatnonzero((pixels[150] < 40).all(axis=-1))
    assert abs(dark.mean() / pixels.shape[1] - 2.5 / 9) < 0.01


@pytest.mark.parametrize("down", [False, True])
def test_a_line_at_a_level_lies_where_the_rows_lie(down):
    # Bytes rise from the first row on: the first is the lowest, or the highest.
    cells = np.broadcast_to(np.linspace(0, 250, ROWS)[:, None], (1, ROWS, COLUMNS))
    raster = BLOCKS._replace(level=Level("cells", COLUMNS, 50), down=down)
    picture = Picture("Cells", field(raster), "")
    rows = filled(picture, frames(cells.astype(np.uint8)), 0)["datasets"]["cells_level"]
    assert {row["y"] for row in rows} == {ROWS - 1.5 if down else 1.5}  # the middle of the second


def test_a_raster_of_two_bands_has_two_colours():
    cells = some()
    picture = Picture("Cells", field(BLOCKS._replace(bands=2)), "")
    bands = np.where(cells[0, ::-1] < LARGEST / 2, 64, 191)
    assert (middles(shown(picture, frames(cells), 0)) == colours("sequential")[bands]).all()


def test_points_of_two_classes_are_drawn_in_their_colours():
    points = {"x": [1.0, 8.0, 1.0, 8.0], "y": [1.0, 1.0, 5.0, 5.0]}
    points |= {"label": [0.0, 1.0, 0.0, 1.0], "tests": [0.0, 0.0, 1.0, 1.0]}
    picture = Picture("Cells", field(BLOCKS, classes=True), "", {}, {"points": points})
    pixels = shown(picture, frames(np.full((1, ROWS, COLUMNS), 127, np.uint8)), 0, size=(450, 300))
    height, width = pixels.shape[:2]
    for x, y, label, tests in zip(*points.values(), strict=True):
        colour = pixels[int(height * (1 - y / ROWS)), int(width * x / COLUMNS)]
        ink = "#FFFFFF" if tests else (BLUE, VERMILION)[int(label)]
        assert np.abs(colour - list(bytes.fromhex(ink[1:]))).max() < 12


def test_the_player_is_told_what_to_paint_and_vega_is_not():
    x = np.linspace(0, 1, 100)
    still, level = some(1)[0], BLOCKS._replace(name="still", level=Level("cells", COLUMNS, 100))
    pictures = [
        Picture("A", field(level, ("x", "y"), ("a", "b"), pick=True), "",
                {}, {"still": {"cells": still}}),
        Picture("B", profile((Curve("wave"), Curve("other", "#123456", 4)), ("x", "y")), "",
                {}, {"wave": {"x": x}, "other": {"x": x}}),
    ]  # fmt: skip
    sent = around(pictures, WORDS)
    surface, wave = sent["charts"]
    assert surface["rasters"] == json.loads(json.dumps([level._asdict()]))
    assert surface["pick"]
    assert {(line["x"], line["y"]) for line in surface["trails"]} == {("a", "b")}
    assert wave["curves"] == [
        {"name": "wave", "colour": BLUE, "width": 2.5},
        {"name": "other", "colour": "#123456", "width": 4},
    ]
    for chart in (surface, wave):
        marks = [mark["type"] for mark in chart["spec"]["marks"]]
        assert not {"image", "line", "rule"} & set(marks)
        assert {scale["name"] for scale in chart["spec"]["scales"]} >= {"x", "y"}
        assert "now" in [data["name"] for data in chart["spec"]["data"]]
    assert sent["chart_0_still"]["cells"].to_pylist() == [still.tobytes()]
    assert sent["chart_1_wave"]["x"].to_pylist() == x.tolist()
    for look, dark in (("light", False), ("dark", True)):
        assert sent["maps"][look] == {name: hexadecimal(name, dark) for name in RANGES.values()}
    plain = {name: value for name, value in sent.items() if not isinstance(value, pa.Table)}
    json.dumps(plain, allow_nan=False)


def test_pages_without_rasters_are_sent_no_colours():
    wave = Picture("B", profile((), ("x", "y")), "")
    assert "maps" not in around([wave], WORDS)


def test_a_table_of_frames_has_no_wide_columns():
    text = csv(frames(some(), loss=np.array([1.0, 2.0]), wave=np.ones((2, 64), np.float32)))
    assert text.decode().splitlines()[0] == '"step","loss"'
