"""What a link to a lesson is answered with."""

import re
from pathlib import Path

import streamlit

from ui import warmup
from ui.player import player
from ui.server import lesson_page

STREAMLIT = Path(streamlit.__file__).parent / "static"
ROOT = Path(__file__).parents[2]


def test_streamlits_page_is_kept_and_told_where_its_server_is():
    warmup.warm_up().join()
    text = lesson_page()
    assert text.count("BACKEND_BASE_URL") == 1
    start, end = (STREAMLIT / "index.html").read_text().split("<head>")
    assert text.startswith(start)
    assert text.endswith(end)


def test_what_is_loaded_ahead_exists():
    warmup.warm_up().join()
    (ahead,) = re.findall(r"</script>((?:<link[^>]*>)*)", lesson_page())[:1]
    addresses = re.findall(r'rel="modulepreload" href="\./([^"]+)"', ahead)
    assert set(player.assets()) <= set(addresses)
    assert any("BidiComponent" in address for address in addresses)
    for address in addresses:
        own = address.startswith("app/")
        assert (ROOT / address[4:] if own else STREAMLIT / address).exists(), address
