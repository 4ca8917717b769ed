"""Small pictures as HTML: what a browser gets of each."""

import base64
import io
import re

import numpy as np
from PIL import Image

from core.rasters import LARGEST
from ui import thumbnails
from ui.colours import colours


def pictures(body: str) -> list[np.ndarray]:
    found = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", body)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))) for text in found]


def test_weights_have_the_colours_of_their_map():
    cells = np.arange(256, dtype=np.uint8).reshape(16, 16)
    (shown,) = pictures(thumbnails.weights([cells], ["unit 1"]))
    assert (shown == colours("diverging")[np.minimum(cells, LARGEST)]).all()


def test_ink_lets_the_colour_of_the_page_through_where_it_is():
    picture = np.arange(256, dtype=np.uint8).reshape(16, 16)
    body = thumbnails.inked([picture], ["<b>"], ['a "picture"'])
    shown = pictures(body)
    assert len(shown) == 2  # a mask, and the same for older browsers
    assert all((one[..., 3] == picture).all() for one in shown)
    assert "<b>" not in body
    assert 'aria-label="a &quot;picture&quot;"' in body
