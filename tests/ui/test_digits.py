"""Digits beside bars: the picture that a file has of them."""

import io

import numpy as np
import pytest
from PIL import Image

from core.rasters import LARGEST, NO_NUMBER
from core.recording import Frames
from ui import digits
from ui.export import png

NAMES = tuple("0123456789")
GREEN, BLUE = (0, 158, 115), (0, 114, 178)
SIZE = (1220, 970)  # a hundredth of a pixel is one of its lengths: see digits.SIDE


def frames(opinions: np.ndarray) -> Frames:
    columns = {"first_opinions": opinions[None, :8], "last_opinions": opinions[None, 8:]}
    return Frames(0, np.zeros(1, np.int32), columns, 1, None)


def drawn(opinions: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(rows, columns, 3): the file, one pixel each."""
    pictures = np.zeros((16, 28, 28), np.uint8)
    picture = digits.opinions("Title", "Words", pictures, labels, NAMES)
    with Image.open(io.BytesIO(png(picture, frames(opinions), 0, size=SIZE))) as image:
        return np.asarray(image.convert("RGB").resize(SIZE)).astype(int)


def count(pixels: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((np.abs(pixels - colour).max(axis=2) < 30).sum())


def test_a_bar_is_as_high_as_its_number_and_green_where_it_is_right():
    labels = np.arange(16) % 10
    whole = np.zeros((16, 10), np.uint8)
    whole[np.arange(16), labels] = LARGEST
    half = np.where(whole, LARGEST // 2, 0).astype(np.uint8)
    right = drawn(whole, labels)
    full = count(right, GREEN)
    part, none = (count(drawn(cells, labels), GREEN) for cells in (half, 0 * whole))
    # Half a bar has half the green, but for its frame, which is all that is left of none.
    assert 0 < none < part < full
    assert (part - none) / (full - none) == pytest.approx(0.5, abs=0.05)
    # A whole one is 0.72 of the room for it wide, and 0.84 of a picture's height high.
    assert full / 16 == pytest.approx(72 * digits.BAR * 84 * digits.SIDE, rel=0.1)
    assert count(right, BLUE) == 0
    wrong = count(drawn(whole, (labels + 1) % 10), BLUE)
    assert wrong == pytest.approx(full, rel=0.1)


def test_where_there_is_no_number_there_is_no_bar():
    labels = np.zeros(16, int)
    lost = np.full((16, 10), NO_NUMBER, np.uint8)
    assert count(drawn(lost, labels), BLUE) == 0


def test_pictures_stand_one_below_the_other_each_with_a_margin():
    random = np.random.default_rng(1)
    pictures = random.integers(1, 255, (3, 28, 28), dtype=np.uint8)
    found = digits.column(pictures)
    assert found.shape == (108, 36)
    for k in range(3):
        tile = found[36 * k : 36 * (k + 1)]
        assert np.array_equal(tile[4:32, 4:32], pictures[k])
        tile = tile.copy()
        tile[4:32, 4:32] = 0
        assert not tile.any()


def test_a_pixel_that_is_white_is_not_taken_for_no_number():
    pictures = np.full((1, 28, 28), 255, np.uint8)
    assert digits.column(pictures).max() == LARGEST
