"""The server around the pages: what is loaded at its start, what a link to a lesson is answered
with.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from streamlit.runtime.pages_manager import PagesManager

from ui.lessons import LESSONS
from ui.player import player
from ui.warmup import warm_up

# Streamlit's browser code otherwise looks for its server below the page's own address first, and
# fails there.
_BACKEND = (
    '<script>window.__streamlit = { BACKEND_BASE_URL: new URL("./", location.href).href }</script>'
)
_PRELOAD = '<link rel="modulepreload" href="./{}">'


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """At the start of the server: begin to load PyTorch, and let app.py alone decide which pages
    there are.
    """
    # A folder named `pages` makes Streamlit run a page without app.py around it until st.navigation
    # was called once.
    PagesManager.uses_pages_directory = False
    warm_up()
    yield


async def _lesson(request: Request) -> HTMLResponse:
    index = Path(st.__file__).parent / "static" / "index.html"
    soon = "" if warm_up().is_alive() else "".join(map(_PRELOAD.format, player.assets()))
    return HTMLResponse(
        index.read_text().replace("<head>", f"<head>{_BACKEND}{soon}", 1),
        headers={"Cache-Control": "no-cache"},
    )


routes = [Route(f"/{lesson.name}", _lesson) for lesson in LESSONS]


def sorry(error: Exception) -> bool:
    """In place of a trace, which goes to the server's log."""
    logging.getLogger(__name__).error("a page failed", exc_info=error)
    st.error(
        "Something went wrong on this page. Reload it, or go back to the first page.",
        icon=":material/error:",
    )
    return True
