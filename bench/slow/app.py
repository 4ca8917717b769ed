"""The server around the page: `streamlit run bench/slow/app.py`, the project's folder PYTHONPATH.

Like the app's own it computes in other processes, and has another page to go to. Its page can be
put at another place, where Streamlit makes a new player for it.
"""

from contextlib import nullcontext
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from ui import server, warmup
from ui.player import player

FOLDER = Path(__file__).parent
player.STATIC = FOLDER / "static"


def away() -> None:
    """The other page."""
    st.title("Away")


if __name__ == "__main__":
    st.set_page_config("A slow run", layout="wide")
    slow = st.Page(FOLDER / "page.py", title="Slow")
    page = st.navigation([slow, st.Page(away, title="Away", url_path="away")])
    warmup.wait()
    with st.container() if st.toggle("Elsewhere") else nullcontext():
        page.run()
else:
    app = st.App(
        __file__,
        lifespan=server.lifespan,
        routes=[server.FRAMES],
        middleware=[Middleware(server.Gone), Middleware(server.Left)],
    )
