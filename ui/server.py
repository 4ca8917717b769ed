"""The server around the pages: what it loads at its start, how it answers a link to a lesson."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# What scripts of pages use, beside PyTorch: where two of the first visitors import one of these at
# once, one of them can meet it half made.
import altair  # noqa: F401
import pandas  # noqa: F401
import PIL.PngImagePlugin  # noqa: F401
import pyarrow.csv  # noqa: F401
import streamlit as st
from google.protobuf.message import DecodeError
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.pages_manager import PagesManager

from ui.delivery import deliver
from ui.lessons import LESSONS
from ui.parts import FILES, Noting, parts
from ui.supply import PATH, frames
from ui.warmup import warm_up

# Streamlit's browser code otherwise looks for its server below the page's own address first, and
# fails there.
_BACKEND = (
    '<script>window.__streamlit = { BACKEND_BASE_URL: new URL("./", location.href).href }</script>'
)
# After what Streamlit needs to begin, and of low priority, or its first word to the server would
# wait for all of these: while the server runs the page there is time for them.
_PRELOAD = '<link rel="modulepreload" fetchpriority="low" href="./{}">'


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """At the start: begin to load PyTorch, and let app.py alone decide which pages there are."""
    # A folder named `pages` makes Streamlit run a page without app.py around it until st.navigation
    # was called once.
    PagesManager.uses_pages_directory = False
    deliver()
    warm_up()
    yield


def lesson_page(name: str) -> str:
    """Streamlit's own page, told where its server is and what this lesson will need."""
    soon: tuple[str, ...] = ()
    if not warm_up().is_alive():
        from ui.player import player  # which imports PyTorch: not while the server starts

        soon = (*player.assets(), *parts(name))
    text = (FILES / "index.html").read_text().replace("<head>", f"<head>{_BACKEND}", 1)
    return text.replace("</head>", f"{''.join(map(_PRELOAD.format, soon))}</head>", 1)


async def _lesson(request: Request) -> HTMLResponse:
    name = request.url.path.rpartition("/")[2]
    return HTMLResponse(lesson_page(name), headers={"Cache-Control": "no-cache"})


def base() -> str:
    """The path below which the app is served, as "/learn"; "" where it has its host for itself."""
    path = st.get_option("server.baseUrlPath").strip("/")
    return f"/{path}" if path else ""


FRAMES = Route(f"{base()}/{PATH}/{{name}}", frames)  # what players ask of runs
routes = [FRAMES, *(Route(f"{base()}/{lesson.name}", _lesson) for lesson in LESSONS)]


# First parts of the addresses that Streamlit answers by itself.
_STREAMLITS = {"_stcore", "app", "auth", "component", "media", "oauth2callback", "static"}
_STREAMLITS |= {"favicon.png", "manifest.json", ""}
_LONGEST_NAME = 255  # bytes of a file's name: a file system answers longer ones with an error
_NOT_HERE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>No such page</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1.1rem/1.6 "Source Sans", sans-serif; max-width: 36rem; margin: 18vh auto 0;
  padding: 0 1.5rem; }}
a {{ color: light-dark(#0072B2, #3D9BD1); }}
</style>
<h1>There is no such page</h1>
<p>The address may be cut off or misspelt. These are here:</p>
<ul><li><a href="{base}/">All lessons</a></li>{links}</ul>
</html>"""


def known(path: str) -> bool:
    """Whether a page is at this address, or frames may be, or a file of Streamlit's."""
    if not f"{path}/".startswith(f"{base()}/"):
        return False
    first, *rest = path.removeprefix(base()).strip("/").split("/")
    if any(len(part.encode()) > _LONGEST_NAME for part in (first, *rest)):
        return False
    if first == PATH:
        return len(rest) == 1
    lessons = {lesson.name for lesson in LESSONS}
    return first in _STREAMLITS or (first in lessons and not rest)


class Unknown:
    """Answers any other address with a page that says so; Streamlit's own would be a blank one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI asks."""
        if scope["type"] != "http" or known(scope["path"]):
            await self.app(scope, receive, send)
            return
        items = (f'<li><a href="{base()}/{one.name}">{one.title}</a></li>' for one in LESSONS)
        page = HTMLResponse(_NOT_HERE.format(base=base(), links="".join(items)), status_code=404)
        await page(scope, receive, send)


class Left:
    """Drops what a player says of a page that its visitor has just left.

    Streamlit would run a part of the page before while it runs the new one, and its browser code
    then takes away all that stands on the new one.

    What a player says before this connection has run its page runs all of it: to a server that has
    started anew Streamlit's browser code does not always send a word of its own, and this one knows
    no part of the page, so it would never answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI asks."""
        page = ""  # that the visitor has gone to last, as far as the browser has said
        begun = False  # whether this connection has run a page

        def arrives(message: Message) -> Message | None:
            nonlocal page, begun
            try:
                word = BackMsg.FromString(message.get("bytes") or b"")
            except DecodeError:
                return message  # Streamlit's to answer
            if word.WhichOneof("type") != "rerun_script":
                return message
            said = word.rerun_script
            if begun and said.fragment_id:
                return message if page in ("", said.page_script_hash) else None
            page, begun = said.page_script_hash or page, True
            if not said.fragment_id:
                return message
            said.fragment_id = ""
            return {**message, "bytes": word.SerializeToString()}

        async def heard() -> Message:
            while (message := arrives(await receive())) is None:
                pass
            return message

        await self.app(scope, heard if scope["type"] == "websocket" else receive, send)


class Gone:
    """Lets a visitor go who leaves while something is on its way to them.

    Where what they said last is still there Streamlit takes it for one that it cannot read, closes
    the connection once more, and fails: a trace in the log of which nobody is to blame.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI asks."""
        gone = False

        async def sent(message: Message) -> None:
            nonlocal gone
            try:
                await send(message)
            except OSError:
                gone = True
                raise

        try:
            await self.app(scope, receive, sent)
        except RuntimeError:
            if not gone:
                raise


middleware = [Middleware(Unknown), Middleware(Gone), Middleware(Left), Middleware(Noting)]


def sorry(error: Exception) -> bool:
    """In place of a trace, which goes to the server's log."""
    logging.getLogger(__name__).error("a page failed", exc_info=error)
    st.error(
        "Something went wrong on this page. Reload it, or go back to the first page.",
        icon=":material/error:",
    )
    return True
