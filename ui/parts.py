"""The parts of Streamlit's browser code that a page needs, found out from what the page was sent.

Streamlit's browser code loads the part for sliders when a slider comes, and then what that part
imports: one after the other, which takes half a second. The server therefore remembers which kinds
of elements a page began with, and names their parts at the head of the page to the next visitor.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from google.protobuf.message import DecodeError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

FILES = Path(st.__file__).parent / "static"
_ENTRY = "index.html"
_FORMULAS = "rehype-katex"  # the part that a text loads when it meets a formula

_seen: defaultdict[str, set[str]] = defaultdict(set)  # page -> kinds of elements it began with


def parts(page: str) -> tuple[str, ...]:
    """Addresses of what a page of this name needs, as far as anyone has seen one.

    Of a page that nobody has opened yet we expect what the others had: lessons are alike.
    """
    return files(_seen.get(page) or {kind for kinds in _seen.values() for kind in kinds})


def files(kinds: Iterable[str]) -> tuple[str, ...]:
    """Addresses of the parts for these kinds of elements, with all that they import."""
    known = _parts()
    needed = [known[kind] for kind in sorted(kinds) if kind in known]
    return tuple(dict.fromkeys(file for key in needed for file in _closure(key)))


@cache
def _manifest() -> dict[str, Any]:
    """What Streamlit's build says of its files."""
    return json.loads((FILES / "manifest.json").read_text())


@cache
def _parts() -> dict[str, str]:
    """Kind of element -> the manifest's key of its part; what every page has is no part.

    A part is called as its element is: ButtonGroup, button_group. Three are not (code, images and
    Vega charts): these come when they are needed.
    """
    manifest = _manifest()
    named = {_plain(manifest[key]["name"]): key for key in manifest[_ENTRY]["dynamicImports"]}
    kinds = [field.name for field in Element.DESCRIPTOR.oneofs_by_name["type"].fields]
    found = {kind: named[_plain(kind)] for kind in kinds if _plain(kind) in named}
    # It is a part of the text's own code, which is on every page.
    formulas = next(key for key in manifest if f"/{_FORMULAS}/" in key)
    return found | {_FORMULAS: formulas}


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _closure(key: str) -> tuple[str, ...]:
    """Addresses of a part and of all that it imports, beyond what each page loads anyway."""
    always = _imports(_ENTRY)
    return tuple(_manifest()[name]["file"] for name in _imports(key) if name not in always)


@cache
def _imports(key: str) -> dict[str, None]:
    """Keys of a file and of all that it imports."""
    found: dict[str, None] = {}
    waiting = [key]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting += _manifest()[name].get("imports", [])
    return found


def kinds_of(element: Element) -> set[str]:
    """The kind of an element, and what its text needs."""
    kind = element.WhichOneof("type")
    found = {kind} if kind else set()
    if kind == "markdown" and "$" in element.markdown.body:
        found.add(_FORMULAS)
    return found


class Beginning:
    """What one browser is sent for the first run of each page that it comes to."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}  # Streamlit's name for it -> its name in the address
        self.page = ""
        self.kinds: set[str] = set()
        self.begun: set[str] = set()  # pages whose first run is over: what follows was clicked

    def hear(self, said: ForwardMsg) -> None:
        """Take in a message from the server."""
        kind = said.WhichOneof("type")
        if kind == "new_session":
            self.page, self.kinds = said.new_session.page_script_hash, set()
        elif kind == "navigation":
            pages = said.navigation.app_pages
            self.pages = {page.page_script_hash: page.url_pathname for page in pages}
            self.page = said.navigation.page_script_hash or self.page
        elif kind == "delta":
            self.kinds |= kinds_of(said.delta.new_element)
        elif kind == "script_finished" and said.script_finished == said.FINISHED_SUCCESSFULLY:
            page = self.pages.get(self.page)
            if page and page not in self.begun:
                self.begun.add(page)
                _seen[page] |= self.kinds


class Noting:
    """Notes which kinds of elements pages begin with."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI asks."""
        beginning = Beginning()

        async def noted(message: Message) -> None:
            with suppress(DecodeError):  # no word of Streamlit's
                beginning.hear(ForwardMsg.FromString(message.get("bytes") or b""))
            await send(message)

        await self.app(scope, receive, noted if scope["type"] == "websocket" else send)
