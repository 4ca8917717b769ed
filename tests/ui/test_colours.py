"""Colour maps: evenly spaced, the same on both sides, and told apart by colour-blind readers."""

import numpy as np
import pytest

from core import rasters
from ui import colours

# Machado, Oliveira & Fernandes 2009, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency", table 1, severity 1: on linear red, green and blue.
SIGHTS = {
    "all colours": np.eye(3),
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
DIVERGING = [("diverging", False), ("diverging", True)]
INK = [("ink", False), ("ink", True)]
EVERY_MAP = [("sequential", False), ("sequential", True), *DIVERGING, *INK]
every_sight = pytest.mark.parametrize("sight", SIGHTS)
MIDDLE = 127


def seen(name: str, dark: bool, sight: str = "all colours") -> np.ndarray:
    """(255, 3) L*a*b* of a map as somebody sees it: CIE 15 and sRGB, read backwards."""
    bent = colours.colours(name, dark) / 255
    linear = np.where(bent <= 0.04045, bent / 12.92, ((bent + 0.055) / 1.055) ** 2.4)
    linear = (linear @ np.transpose(SIGHTS[sight])).clip(0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = linear @ np.transpose(to_xyz) / (0.9505, 1, 1.089)
    roots = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = roots.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def test_there_is_a_colour_for_each_byte_that_is_a_number():
    for name, dark in EVERY_MAP:
        assert colours.colours(name, dark).shape == (rasters.LARGEST + 1, 3)
        assert colours.hexadecimal(name, dark).startswith(
            "".join(f"{part:02x}" for part in colours.colours(name, dark)[0])
        )


@every_sight
def test_the_sequential_map_grows_lighter_at_every_step_for_everybody(sight):
    lightness = seen("sequential", False, sight)[:, 0]
    # Rounding to 8 bits moves a lightness by up to 0.4 of what a step is, 72 / 254.
    assert (np.diff(lightness[::3]) > 0).all()
    # Half way in value is half way in lightness, to a tenth of the whole.
    assert abs(lightness[MIDDLE] - lightness[[0, -1]].mean()) < 0.1 * np.ptp(lightness)
    assert np.ptp(lightness) > 60


@pytest.mark.parametrize(("name", "dark"), INK)
def test_ink_is_as_dark_on_light_paper_as_it_is_light_on_dark(name, dark):
    lightness = seen(name, dark)[:, 0] * (1 if dark else -1)
    # Rounding to 8 bits moves a lightness by up to 0.4 of what three steps are, 80 / 254 each.
    assert (np.diff(lightness[::3]) > 0).all()
    assert np.ptp(lightness) > 75


@pytest.mark.parametrize(("name", "dark"), DIVERGING)
def test_the_diverging_maps_are_as_light_on_both_sides_and_extreme_in_the_middle(name, dark):
    lightness = seen(name, dark)[:, 0]
    # Two roundings to 8 bits, and where a colour is at the edge of what a screen can show.
    assert np.abs(lightness - lightness[::-1]).max() < 1.5
    outward = lightness[MIDDLE:] * (1 if dark else -1)
    assert (np.diff(outward[::3]) > 0).all()
    assert np.ptp(outward) > 50


@every_sight
@pytest.mark.parametrize(("name", "dark"), DIVERGING)
def test_the_two_signs_are_told_apart_by_everybody(name, dark, sight):
    """A difference of 10 is clear at a glance; 2.3 is just seen (Mahy et al. 1994)."""
    shown = seen(name, dark, sight)
    apart = np.linalg.norm(shown - shown[::-1], axis=1)
    assert apart[: MIDDLE - MIDDLE // 4].min() > 15


@every_sight
@pytest.mark.parametrize(("name", "dark"), EVERY_MAP)
def test_a_tenth_of_the_range_is_seen_anywhere_by_everybody(name, dark, sight):
    """On either side of a middle: across it two colours may be as light."""
    shown, tenth = seen(name, dark, sight), 25
    parts = [shown] if name == "sequential" else [shown[: MIDDLE + 1], shown[MIDDLE:]]
    for part in parts:
        assert np.linalg.norm(part[tenth:] - part[:-tenth], axis=1).min() > 5


@pytest.mark.parametrize("dark", [False, True])
def test_the_middle_is_near_the_page_and_the_ends_far_from_it(dark):
    middle, *ends = seen("diverging", dark)[[MIDDLE, 0, -1], 0]
    page = 5 if dark else 100  # lightness of #0E1117 and of white
    assert abs(middle - page) < 15
    assert all(abs(end - page) > 55 for end in ends)


def test_a_legend_has_the_colours_of_its_map():
    made = colours.legends(dark=True)
    for vega, name in colours.RANGES.items():
        scheme = [tuple(bytes.fromhex(one[1:])) for one in made[vega]["scheme"]]
        assert scheme == [tuple(one) for one in colours.colours(name, dark=True)[::2]]
