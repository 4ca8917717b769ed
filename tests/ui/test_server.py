"""What a link to a lesson is answered with."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import streamlit
from starlette.websockets import WebSocket
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.session_manager import SessionClient, SessionClientDisconnectedError
from streamlit.web.server.starlette.starlette_websocket import create_websocket_handler

from bench.browser import serving
from ui import parts, warmup
from ui.lessons import LESSONS
from ui.player import player
from ui.server import Gone, Left, known, lesson_page

STREAMLIT = Path(streamlit.__file__).parent / "static"
ROOT = Path(__file__).parents[2]


def test_streamlits_page_is_kept_and_told_where_its_server_is():
    warmup.warm_up().join()
    text = lesson_page("matrix_game")
    assert text.count("BACKEND_BASE_URL") == 1
    own = re.sub(
        r'<script>window.__streamlit.*?</script>|<link rel="modulepreload" fetch[^>]*>', "", text
    )
    assert own == (STREAMLIT / "index.html").read_text()


def test_what_is_loaded_ahead_exists(monkeypatch):
    warmup.warm_up().join()
    monkeypatch.setitem(parts._seen, "matrix_game", {"bidi_component", "slider"})
    page = lesson_page("matrix_game")
    (ahead,) = re.findall(r"((?:<link[^>]*>)*)</head>", page)
    addresses = re.findall(r'rel="modulepreload" [^>]*href="\./([^"]+)"', ahead)
    assert set(player.assets()) <= set(addresses)
    assert any("BidiComponent" in address for address in addresses)
    for address in addresses:
        own = address.startswith("app/")
        assert (ROOT / address[4:] if own else STREAMLIT / address).exists(), address


def test_pages_and_files_are_known_and_nothing_else_is():
    for path in ("/", "/matrix_game", "/_stcore/health", "/static/js/index.js", "/favicon.png"):
        assert known(path)
    assert known("/frames/abc")
    for path in ("/gradient_descent/extra", "/pages/home.py", "/nowhere", "/static/" + 9000 * "a"):
        assert not known(path)
    assert not known("/frames")
    assert not known("/frames/abc/extra")


@pytest.mark.parametrize("base", ["", "/learn"])
def test_the_server_answers_an_unknown_address_with_the_lessons(tmp_path, base):
    log = tmp_path / "log"
    with serving(log=log, base=base) as address:
        for path in ("gradient_descent/extra", "pages/home.py", "nowhere", "static/" + 9000 * "a"):
            with pytest.raises(HTTPError) as answer:
                urlopen(f"{address}/{path}", timeout=30)
            assert answer.value.code == 404
            text = answer.value.read().decode()
            assert all(f'href="{base}/{lesson.name}"' in text for lesson in LESSONS)
        for path in ("", "matrix_game", "_stcore/health", "favicon.png"):
            with urlopen(f"{address}/{path}", timeout=30) as answer:
                assert answer.status == 200
        with urlopen(f"{address}/frames/nobodys", timeout=30) as answer:
            assert answer.status == 204
        if base:  # nothing is beside it
            with pytest.raises(HTTPError):
                urlopen(f"{address.removesuffix(base)}/matrix_game", timeout=30)
    assert "Traceback" not in log.read_text()


def said(page: str, fragment: str = "") -> dict:
    """What a browser says: run a page, or a part of one."""
    word = BackMsg()
    word.rerun_script.page_script_hash = page
    word.rerun_script.fragment_id = fragment
    return {"type": "websocket.receive", "bytes": word.SerializeToString()}


def arriving(messages: list[dict]) -> list[dict]:
    """What Streamlit hears of what a browser says over one connection."""
    waiting, arrived = iter([*messages, {"type": "websocket.disconnect"}]), []

    async def app(scope, receive, send):
        while (message := await receive())["type"] != "websocket.disconnect":
            arrived.append(message)

    async def receive():
        return next(waiting)

    async def send(message):
        raise AssertionError(message)

    with pytest.raises(StopIteration):  # nothing waits: no loop is needed
        Left(app)({"type": "websocket"}, receive, send).send(None)
    return arrived


def test_a_word_of_a_page_that_was_left_is_dropped_and_all_else_arrives():
    stop = BackMsg(stop_script=True).SerializeToString()
    left, kept = said("one", "player"), said("two", "player")
    messages = [
        {"type": "websocket.connect"},
        said(""),  # a browser that has just come names no page
        said("one", "player"),
        said("one"),
        said("one", "player"),
        said("two"),
        left,
        {"type": "websocket.receive", "bytes": stop},
        kept,
        {"type": "websocket.receive", "bytes": b"no message"},
        {"type": "websocket.receive", "text": "no bytes", "bytes": None},
    ]
    assert arriving(messages) == [message for message in messages if message is not left]


def test_a_player_whose_server_has_started_anew_runs_its_whole_page():
    words = [said("one", "player"), said("one", "player"), said("two"), said("one", "player")]
    assert arriving(words) == [said("one"), said("one", "player"), said("two")]


def result(coroutine: Coroutine) -> Any:
    """What it returns or raises, in a thread: a browser test may have left a loop in this one."""
    with ThreadPoolExecutor() as threads:
        return threads.submit(asyncio.run, coroutine).result()


class Greeting:
    """A runtime that answers each word of a visitor with one of its own."""

    def connect_session(self, **_: object) -> str:
        return "session"

    def handle_backmsg(self, _: str, word: BackMsg, client: SessionClient) -> None:
        with suppress(SessionClientDisconnectedError):
            client.write_forward_msg(ForwardMsg())

    def disconnect_session(self, *_: object, **__: object) -> None:
        pass


def test_a_visitor_who_leaves_while_an_answer_is_on_its_way_leaves_no_trace():
    """Seen once in thousands of visits: the server's log had Streamlit's own trace."""

    async def streamlit(scope, receive, send):
        handler = create_websocket_handler(Greeting())  # pyright: ignore
        await handler(WebSocket(scope, receive, send))

    async def visit(app) -> list[str]:
        waiting, sent = [{"type": "websocket.connect"}, said("one"), said("one")], []

        async def receive():
            await asyncio.sleep(0.01)  # meanwhile what is on its way is sent
            return waiting.pop(0)

        async def send(message):
            sent.append(message["type"])
            if message["type"] != "websocket.accept":
                raise ConnectionResetError

        scope = {"type": "websocket", "path": "/_stcore/stream", "headers": [], "subprotocols": []}
        await asyncio.wait_for(app(scope, receive, send), 10)
        return sent

    with pytest.raises(RuntimeError, match="close"):
        result(visit(streamlit))
    assert result(visit(Gone(streamlit))) == ["websocket.accept", "websocket.send"]


def test_a_fault_beside_a_visitor_who_stays_is_not_hidden():
    async def faulty(scope, receive, send):
        await send({"type": "websocket.accept"})
        raise RuntimeError("a fault")

    async def receive():
        return {"type": "websocket.connect"}

    async def send(_):
        pass

    with pytest.raises(RuntimeError, match="a fault"):
        result(Gone(faulty)({"type": "websocket"}, receive, send))


COLD = """
import sys
from streamlit.testing.v1 import AppTest

def packages():
    return {name.split(".")[0] for name in sys.modules}

def opened(name):
    visitor = AppTest.from_file("app.py", default_timeout=60)
    visitor.switch_page(f"pages/{name}.py").run()
    assert not visitor.exception

sys.path.insert(0, ".")
import app
from ui.lessons import LESSONS
from ui.warmup import warm_up

known = packages()
assert "torch" not in known, "the server waits for PyTorch before it answers"
opened("home")
warm_up().join()
import torch
assert torch.get_num_threads() == 1, "runs share the cores: see ui/warmup.py"
sys.modules["ui.steering"].SOON_SECONDS = 0  # nobody sees what would be computed meanwhile
# What core/datasets.py imports one thread after the other: tests/test_architecture.py.
import platformdirs, sklearn.datasets, torchvision.datasets
for name in (lesson.name for lesson in LESSONS):
    warm_up().join()
    known |= packages()
    opened(name)
    new = packages() - known - set(sys.stdlib_module_names)
    assert not new, f"{name} imports {new}"
"""


def test_a_page_imports_no_package_that_two_first_visitors_could_import_at_once(tmp_path):
    script = tmp_path / "cold.py"
    script.write_text(COLD.replace('"app.py"', repr(str(ROOT / "app.py"))))
    untold = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    subprocess.run([sys.executable, script], cwd=ROOT, env=untold, check=True, timeout=300)
