"""Pictures that the player paints: the pixels on screen are the bytes of the frame, by its colours.

On a page of the speed table (bench/painted), whose frames are known from its lesson alone.
"""

import base64
import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from bench.browser import serving
from bench.painted import lesson
from core.rasters import LARGEST, NO_NUMBER, to_bytes, to_values
from ui.colours import colours
from ui.theme import GREY

SURFACE, PICTURES, WAVE = 0, range(1, 5), 5  # figures of the page


@pytest.fixture(scope="module")
def painted(tmp_path_factory):
    """The address of the page."""
    log = tmp_path_factory.mktemp("painted") / "log"
    with serving(log=log, app="bench/painted/app.py") as address:
        yield address
    assert "Traceback" not in log.read_text()


def frame(step: int, **changed: Any) -> dict[str, np.ndarray]:
    config = lesson.Config(**changed)
    *_, state = lesson.run(lesson.Config(**{**changed, "steps": step}))
    return lesson.frame(config, state)


def pixels(visitor, figure: int, kind: str) -> np.ndarray:
    """(rows, columns, 4) of one canvas of a figure, as it is on screen."""
    found = visitor.page.evaluate(
        """([figure, kind]) => {
            const host = [...document.querySelectorAll('*')].find(one => one.shadowRoot);
            const box = host.shadowRoot.querySelectorAll('figure')[figure];
            const canvas = [...box.querySelectorAll(`canvas.${kind}`)].at(-1);
            const pen = canvas.getContext('2d');
            const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
            let text = ""; // a list of a million numbers would take seconds on its way
            for (let i = 0; i < data.length; i += 8192) {
                text += String.fromCharCode(...data.subarray(i, i + 8192));
            }
            return { rows: canvas.height, data: btoa(text) };
        }""",
        [figure, kind],
    )
    data = np.frombuffer(base64.b64decode(found["data"]), np.uint8)
    return data.reshape(found["rows"], -1, 4)


def plot(image: np.ndarray) -> tuple[slice, slice]:
    """The rows and columns of a canvas in which anything is painted."""
    rows, columns = (np.flatnonzero(image[..., 3].any(axis=axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def middles(image: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """(rows, columns, 4): what is painted in the middle of each of so many equal cells."""
    inside = image[plot(image)]
    at = [
        ((np.arange(count) + 0.5) / count * size).astype(int)
        for count, size in ((rows, inside.shape[0]), (columns, inside.shape[1]))
    ]
    return inside[np.ix_(*at)]


def assert_painted(image: np.ndarray, cells: np.ndarray, name: str, dark: bool, off: int) -> None:
    """Each cell has its colour, to `off` in each part; where there is no number, none or grey."""
    shown, there = middles(image, *cells.shape), cells != NO_NUMBER
    assert (shown[there][:, 3] == 255).all()
    expected = colours(name, dark)[cells[there]].astype(int)
    assert np.abs(shown[there][:, :3] - expected).max() <= off
    assert (~there).sum() > 30
    bare = shown[~there]
    grey = np.array(list(bytes.fromhex(GREY[1:])))
    strokes = bare[bare[:, 3] > 128].astype(int)
    assert (np.abs(strokes[:, :3] - grey) <= 4).all()  # rounded, as the edge of a stroke is thin
    assert (bare[:, 3] == 0).any()


@pytest.fixture
def opened(visit, painted):
    def opened(query="", **how):
        visitor = visit(painted, **{"height": 2_000, **how})
        visitor.open(query)
        return visitor

    return opened


def test_blocks_have_the_colours_of_the_bytes_of_each_frame_on_screen(opened):
    visitor = opened()
    for step in (0, 1, 150, 17):
        visitor.scrub(step)
        visitor.until_step(step)
        for k, figure in enumerate(PICTURES):
            cells = frame(step)[f"picture_{k}"]
            # A pixel of 32 rows in 176 lies in one cell alone.
            assert_painted(pixels(visitor, figure, "under"), cells, "sequential", False, off=0)


def test_a_smooth_raster_has_the_colours_of_its_cells_in_their_middles(opened):
    visitor = opened(color_scheme="dark")
    for step in (0, 40):
        visitor.scrub(step)
        visitor.until_step(step)
        image = pixels(visitor, SURFACE, "under")
        cells = frame(step)["surface"][::-1]  # its first row is the lowest
        # A pixel's middle is up to half a pixel from that of its cell, which is 2.5 pixels high:
        # a fifth of the way to the next colour, and at the edge of the hole to none.
        inner = middles(image, *cells.shape).astype(int)
        there = cells != NO_NUMBER
        there[78:82] = there[:, 28:32] = False
        expected = colours("diverging", True)[cells.clip(0, LARGEST)].astype(int)
        assert np.abs(inner[..., :3] - expected)[there].max() <= 12
        assert np.abs(inner[..., :3] - expected)[there].mean() < 2


def test_a_forked_run_is_painted_with_the_frames_that_follow(opened):
    visitor = opened()
    visitor.scrub(20)
    visitor.until_step(20)
    visitor.page.wait_for_timeout(700)
    visitor.move("Speed", 10)
    for _ in range(100):
        if visitor.columns()["speed"][-1] == 0.15:
            break
        visitor.page.wait_for_timeout(100)
    visitor.scrub(60)
    visitor.until_step(60)
    *_, there = lesson.run(lesson.Config(steps=20))
    *_, state = lesson.run(lesson.Config(speed=0.15, steps=60), there)
    cells = lesson.frame(lesson.Config(), state)["picture_2"]
    assert_painted(pixels(visitor, 3, "under"), cells, "sequential", False, off=0)
    # The frame on screen at the fork is of the settings that led there.
    assert visitor.columns()["speed"][19:22] == [0.05, 0.05, 0.15]


def test_a_still_raster_comes_once_and_stays(opened):
    visitor = opened("?lesson.still=true")
    before = pixels(visitor, SURFACE, "under")
    cells = to_bytes(lesson.surface(next(lesson.run(lesson.Config())).phase), -1, 1).numpy()
    inner = middles(before, *cells.shape)
    there = cells[::-1] != NO_NUMBER
    there[78:82] = there[:, 28:32] = False
    expected = colours("diverging")[cells[::-1].clip(0, LARGEST)].astype(int)
    assert np.abs(inner[..., :3] - expected)[there].max() <= 12  # as above
    visitor.scrub(90)
    visitor.until_step(90)
    assert np.array_equal(pixels(visitor, SURFACE, "under"), before)


def test_a_curve_goes_through_its_numbers_and_begins_where_they_do(opened):
    visitor = opened()
    visitor.scrub(25)
    visitor.until_step(25)
    image = pixels(visitor, WAVE, "trails")
    painted = image[..., 3] > 128
    rows, columns = np.nonzero(painted)
    wave = frame(25)["wave"]
    across = (lesson.ACROSS - lesson.ACROSS[8]) / (lesson.ACROSS[-1] - lesson.ACROSS[8])
    width = columns.max() - columns.min()
    # Its line is 2.5 pixels wide: highest and lowest painted row belong to its extremes.
    top, bottom = rows.min() + 1, rows.max() - 1
    low, high = np.nanmin(wave), np.nanmax(wave)
    for k in range(12, 126, 3):
        column = columns.min() + across[k] * width
        row = top + (high - wave[k]) / (high - low) * (bottom - top)
        # One pixel for each of: rounding of a place, the round ends of the line, its width.
        nearby = painted[round(row) - 3 : round(row) + 4, round(column) - 1 : round(column) + 2]
        assert nearby.any(), k
    # Eight of 128 numbers are none: the line begins 8/127 from the left of a plot.
    plot_width = width / (1 - 8 / 127)
    assert columns.min() > plot_width * 7 / 127


def test_the_value_under_the_pointer_is_shown(opened):
    visitor = opened()
    visitor.scrub(30)
    visitor.until_step(30)
    figure = visitor.page.locator("figure").nth(2)
    box = figure.locator(".canvas").bounding_box()
    assert box
    cells = frame(30)["picture_1"]
    seen = set()
    for x, y in ((0.9, 0.1), (0.5, 0.5), (0.2, 0.95), (0.03, 0.05)):
        visitor.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        title, value = figure.locator(".tip").inner_text().splitlines()[:2]
        row, column = (int(digits) for digits in re.findall(r"\d+", title))
        assert abs((row + 0.5) / 32 - y) < 0.06  # as far as axes take room around the plot
        assert abs((column + 0.5) / 32 - x) < 0.06
        text = value.removeprefix("weight").strip().lstrip("≤≥ ").replace("−", "-")
        expected = to_values(cells, -1, 1)[row, column]
        if np.isnan(expected):
            assert text == "—"
        else:
            assert abs(float(text) - expected) <= 1 / 254  # half a step of the byte
        seen.add(text)
    assert len(seen) > 2
    assert "—" in seen


def test_steps_and_categories_have_the_names_of_the_lesson(opened):
    visitor = opened()
    page = visitor.page
    for step in (10, 40):
        visitor.scrub(step)
        visitor.until_step(step)
        way = ("falling", "rising")[int(frame(step)["way"])]
        readout = page.locator("[data-testid=player-readout]")
        expect(readout).to_contain_text(f", {way}, speed 0.05")
        scrub = page.locator("[data-testid=player-scrub]")
        expect(scrub).to_have_attribute("aria-label", "Moment on screen")
        expect(scrub).to_have_attribute("aria-valuetext", f"moment {step} of 1999")
        assert "moment" in page.inner_text(".count")
    assert frame(10)["way"] != frame(40)["way"]
    height = page.locator("figure").nth(6).locator(".canvas")
    height.hover()
    assert page.inner_text(".tip").startswith("moment 40")


def test_a_click_on_a_surface_picks_its_place(opened):
    visitor = opened("?lesson.still=true")
    box = visitor.page.locator("figure").first.locator(".canvas").bounding_box()
    assert box
    visitor.page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    visitor.page.wait_for_selector("text=Picked")
    x, y = map(float, re.findall(r"-?\d+\.\d+", visitor.page.inner_text("text=Picked")))
    assert abs(x) < 0.5
    assert abs(y) < 1


def test_on_a_phone_a_raster_and_its_legend_fit(opened):
    visitor = opened(width=360, height=740)
    cells = frame(0)["picture_0"]
    assert_painted(pixels(visitor, 1, "under"), cells, "sequential", False, off=0)
    image = pixels(visitor, SURFACE, "under")
    _, columns = plot(image)
    assert columns.stop - columns.start > 200
    shot = Image.open(io.BytesIO(visitor.page.locator("figure").first.screenshot()))
    assert shot.width <= 360
