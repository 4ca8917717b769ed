"""Small pictures in a page, as HTML: of numbers in the colours of a map, and of ink in the page's
own colour, so that they are right in light and dark.
"""

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from PIL import Image

from core.rasters import LARGEST
from ui.colours import colours

SIDE = 56  # CSS pixels
_STYLE = f"""<style>.thumbnails {{ display: flex; flex-wrap: wrap; gap: 10px; }}
.thumbnails figure {{ margin: 0; width: {SIDE}px; text-align: center; font-size: 0.8rem;
  line-height: 1.3; font-variant-numeric: tabular-nums; }}
.thumbnails img, .thumbnails .ink {{ display: block; width: {SIDE}px; height: {SIDE}px;
  box-sizing: border-box; border: 1px solid color-mix(in srgb, currentColor 20%, transparent); }}
.thumbnails img {{ image-rendering: pixelated; }}
.thumbnails .ink > i {{ display: block; height: 100%; background: currentColor; }}
.thumbnails .large, .thumbnails .large .ink {{ width: {3 * SIDE}px; }}
.thumbnails .large .ink {{ height: {3 * SIDE}px; }}
</style>"""


def address(pixels: np.ndarray) -> str:
    """(rows, columns, 3 or 4) uint8 as the address of a PNG."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def mapped(cells: np.ndarray, name: str = "diverging") -> np.ndarray:
    """(rows, columns, 3) uint8 of bytes for numbers, in the colours of a map for light pages."""
    return colours(name)[np.minimum(cells, LARGEST)]


def _ink(picture: np.ndarray) -> str:
    """A picture (rows, columns) uint8 that lets the page's own colour through where it has ink."""
    pixels = np.zeros((*picture.shape, 4), np.uint8)
    pixels[..., 3] = picture
    mask = f"url({address(pixels)}) center / 100% 100%"
    return f'<i style="-webkit-mask: {mask}; mask: {mask}"></i>'


def weights(pictures: Sequence[np.ndarray], titles: Sequence[str]) -> str:
    """Numbers around 0, each (rows, columns) uint8, with the words below them."""
    return _rows(
        f'<figure><img alt="{escape(title)}" src="{address(mapped(cells))}">{escape(title)}'
        "</figure>"
        for cells, title in zip(pictures, titles, strict=True)
    )


def inked(
    pictures: Sequence[np.ndarray], titles: Sequence[str], said: Sequence[str], large: bool = False
) -> str:
    """Ink, each (rows, columns) uint8, with the titles below and what is `said` of each to who
    cannot see it.
    """
    kind = ' class="large"' if large else ""
    return _rows(
        f'<figure{kind}><div class="ink" role="img" aria-label="{escape(words)}">{_ink(picture)}'
        f"</div>{escape(title)}</figure>"
        for picture, title, words in zip(pictures, titles, said, strict=True)
    )


def _rows(figures: Iterable[str]) -> str:
    return f'{_STYLE}<div class="thumbnails">{"".join(figures)}</div>'
