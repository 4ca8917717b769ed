"""A running app and a real browser: Debian's chromium, or the one that Playwright installed."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--no-sandbox",  # root, as CI is, may not use one
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
READY_SECONDS = 90


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; without one a skip that says why, in CI a failure."""
    with sync_playwright() as playwright:
        try:
            launched = playwright.chromium.launch(
                executable_path=shutil.which("chromium") or None, args=FLAGS
            )
        except Error as missing:
            reason = f"no chromium to test with: {missing.message.splitlines()[0]}"
            if os.environ.get("REQUIRE_BROWSER") or os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app, started as the README says, with PyTorch loaded."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    log = tmp_path_factory.mktemp("server") / "log"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out)
        try:
            deadline = time.monotonic() + READY_SECONDS
            while time.monotonic() < deadline:
                assert process.poll() is None, log.read_text()
                try:
                    with urlopen(f"{address}/_stcore/health", timeout=1):
                        break
                except OSError:
                    time.sleep(0.2)
            yield address
        finally:
            process.terminate()
            process.wait(10)
    assert "Traceback" not in log.read_text()


class Visit:
    """One visitor's page, with everything that went wrong on it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.problems: list[str] = []
        self.sent = 0  # messages from the browser to the server
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("console", self._console)
        page.on("request", self._request)
        page.on("websocket", lambda socket: socket.on("framesent", self._count))

    def _console(self, message) -> None:
        if message.type == "error":
            self.problems.append(f"console: {message.text}")

    def _request(self, request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.problems.append(f"another host: {request.url}")

    def _count(self, _: object) -> None:
        self.sent += 1

    def open(self, path: str) -> Page:
        """Go to a page of the app and wait until its pictures are drawn."""
        self.page.goto(f"{self.address}/{path}")
        self.page.wait_for_selector("canvas.marks", timeout=60_000)
        self.rest()
        return self.page

    def rest(self) -> None:
        """Wait until the server has nothing more to say."""
        self.page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
        self.page.wait_for_timeout(300)

    def step(self) -> int:
        """The update on screen."""
        return int(self.page.inner_text("[data-testid=player-step]"))

    def click(self, name: str) -> None:
        """Press one of the player's buttons."""
        self.page.click(f"[data-testid=player-{name}]")

    def until_step(self, step: int) -> None:
        """Wait until that update is on screen."""
        script = """step => {
            const find = (root) => {
                const found = root.querySelector('[data-testid=player-step]');
                if (found) return found;
                for (const element of root.querySelectorAll('*'))
                    if (element.shadowRoot) {
                        const inside = find(element.shadowRoot);
                        if (inside) return inside;
                    }
            };
            return Number(find(document)?.textContent) === step;
        }"""
        self.page.wait_for_function(script, arg=step, timeout=30_000)


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator[Callable[..., Visit]]:
    """Make visitors; at the end none of them may have seen an error or another host."""
    made: list[Visit] = []
    contexts = []

    def new(**options) -> Visit:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        made.append(Visit(context.new_page(), server))
        return made[-1]

    yield new
    for visitor in made:
        shown = visitor.page.query_selector_all("[data-testid=stException]")
        visitor.problems += [f"exception: {element.inner_text()}" for element in shown]
    for context in contexts:
        context.close()
    assert [problem for visitor in made for problem in visitor.problems] == []
