"""Colour maps for pictures of numbers: 255 colours, evenly spaced to the eye, for core/rasters.py.

All are told apart by colour-blind readers: the sequential one by lightness alone, which grows
evenly from blue to yellow; the diverging one by blue against orange, whose lightness changes as
evenly on both sides of 0; ink, which has what was written, by grey. Where 0 is near the page's own
colour there are two of them.
"""

from functools import cache
from typing import Any

import numpy as np

COLOURS = 255  # as many as core/rasters.py has bytes for numbers
# A legend names a map by what Vega calls its range: the colours then come with the theme.
RANGES = {"ramp": "sequential", "diverging": "diverging", "heatmap": "ink"}

# CIE L*a*b* (D65): the ends, and the middle of the diverging ones.
_SEQUENTIAL = ((20, 8, -38), (92, -6, 68))
_DIVERGING = {
    False: ((40, 4, -46), (95, 0, 0), (40, 34, 48)),
    True: ((76, -10, -34), (18, 0, -3), (76, 18, 58)),
}
_INK = {False: ((100, 0, 0), (12, 0, 0)), True: ((7.5, 0, 1), (94, 0, 0))}  # on the page


def _srgb(lab: np.ndarray) -> np.ndarray:
    """(n, 3) uint8 from (n, 3) L*a*b*, by CIE 15:2004 and IEC 61966-2-1."""
    across = (lab[:, 0] + 16) / 116
    roots = np.stack([across + lab[:, 1] / 500, across, across - lab[:, 2] / 200], axis=1)
    small = roots <= 6 / 29
    xyz = np.where(small, 3 * (6 / 29) ** 2 * (roots - 4 / 29), roots**3)
    xyz *= (0.95047, 1, 1.08883)
    linear = xyz @ np.transpose(
        [
            (3.2404542, -1.5371385, -0.4985314),
            (-0.9692660, 1.8760108, 0.0415560),
            (0.0556434, -0.2040259, 1.0572252),
        ]
    )
    linear = linear.clip(0, 1)
    bent = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(255 * bent).astype(np.uint8)


@cache
def colours(name: str, dark: bool = False) -> np.ndarray:
    """(255, 3) uint8 red, green and blue of the map called `name`, one of RANGES."""
    anchors = {"sequential": _SEQUENTIAL, "diverging": _DIVERGING[dark], "ink": _INK[dark]}[name]
    places = np.linspace(0, COLOURS - 1, len(anchors))
    lab = [np.interp(np.arange(COLOURS), places, part) for part in np.transpose(anchors)]
    return _srgb(np.stack(lab, axis=1))


def hexadecimal(name: str, dark: bool = False) -> str:
    """The map as the player takes it: six digits a colour, one after the other."""
    return colours(name, dark).tobytes().hex()


def legends(dark: bool = False) -> dict[str, Any]:
    """Vega's config for the legends of the maps; js/pictures.js makes the same."""
    return {
        kind: {"scheme": [f"#{part.tobytes().hex()}" for part in colours(name, dark)[::2]]}
        for kind, name in RANGES.items()
    }
