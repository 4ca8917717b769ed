"""A running app and a real browser: Debian's chromium, or the one that Playwright installed."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page

from bench.browser import FIND, chromium, free_port, serving

# A page is open for seconds: to compile its code a second and a third time, as V8 does for what
# runs long, took a sixth of all work.
UNOPTIMISED = "--js-flags=--no-maglev --no-opt"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; without one a skip that says why, in CI a failure."""
    with ExitStack() as stack:
        try:
            launched = stack.enter_context(chromium(UNOPTIMISED))
        except Error as missing:
            reason = f"no chromium to test with: {missing.message.splitlines()[0]}"
            if os.environ.get("REQUIRE_BROWSER") or os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        yield launched


class Server:
    """The app, started as the README says; another that is started has the same address and log."""

    def __init__(self, log: Path) -> None:
        self.log, self._port = log, free_port()
        self._running = ExitStack()
        self.start()

    def start(self) -> None:
        """Return when it answers, before PyTorch is loaded."""
        # Data sets are those that every machine has.
        data = {"EXPLORABLES_DATA": str(self.log.with_name("data"))}
        served = serving(port=self._port, log=self.log, environment=data)
        self.address = self._running.enter_context(served)

    def stop(self) -> None:
        """Return when it is gone."""
        self._running.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app for all visitors; to have PyTorch loaded takes seconds of the processor."""
    running = Server(tmp_path_factory.mktemp("server") / "log")
    yield running
    running.stop()
    said, trace, rest = running.log.read_text().partition("Traceback")
    assert not trace, f"the server's log has a trace: {said[-500:]}{trace}{rest[:5_000]}"


COLD = 90_000  # milliseconds: a cold server loads PyTorch, as others do beside it
STILL = '[data-testid="stApp"][data-test-script-state="notRunning"]'  # the page has run
# The module of the player, and where the player is: a page that runs again may put another there.
PLAYER = """
    const loaded = performance.getEntriesByType('resource').map(entry => entry.name);
    const player = await import(loaded.find(name => name.endsWith('/player.js')));
    const root = () =>
        [...document.querySelectorAll('*')].find(one => one.shadowRoot)?.shadowRoot;
"""


class Visit:
    """One visitor's page, with everything that went wrong on it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.problems: list[str] = []
        self.sent = 0  # messages from the browser to Streamlit
        self.asked = 0  # requests for frames, or for how far the server is, beside it
        self.waiting = self.most_waiting = 0  # of these at once
        self._heard: dict[Any, Callable] = {
            "pageerror": lambda error: self.problems.append(f"page error: {error}"),
            "console": self._console,
            "request": self._request,
            "requestfinished": self._answered,
            "requestfailed": self._answered,
            "websocket": lambda socket: socket.on("framesent", self._count),
        }
        for event, answer in self._heard.items():
            page.on(event, answer)

    def found(self) -> str:
        """Where the visitor is, and what stands there."""
        try:
            where = f"update {self.step()}" if self.page.query_selector("canvas.marks") else "?"
            text = self.page.inner_text("body", timeout=5_000)
        except Error as error:
            where, text = "?", error.message
        return f"{self.page.url}\n{where}, {self.sent} messages sent\n{text[:3_000]}"

    def leave(self) -> None:
        """Make the tab as good as new for another visitor."""
        for event, answer in self._heard.items():
            self.page.remove_listener(event, answer)
        self.page.evaluate("location.host && sessionStorage.clear()")
        self.page.goto("about:blank")

    def _console(self, message) -> None:
        if message.type == "error":
            self.problems.append(f"console: {message.text}")

    def _request(self, request) -> None:
        asks = self._asks(request)
        self.asked += asks
        self.waiting += asks
        self.most_waiting = max(self.waiting, self.most_waiting)
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.problems.append(f"another host: {request.url}")

    def _answered(self, request) -> None:
        self.waiting -= self._asks(request)

    def _asks(self, request) -> bool:
        return request.url.startswith(f"{self.address}/frames/")

    def _count(self, _: object) -> None:
        self.sent += 1

    def open(self, path: str) -> Page:
        """Go to a page of the app and wait until its pictures are drawn."""
        self.page.goto(f"{self.address}/{path}")
        self.page.wait_for_selector("canvas.marks", timeout=COLD)
        self.rest()
        return self.page

    def rest(self) -> None:
        """Wait until the server has nothing more to say."""
        self.page.wait_for_selector(STILL, timeout=COLD)
        self.page.wait_for_timeout(300)

    @contextmanager
    def turned(self) -> Iterator[None]:
        """Wait until the pictures are there of a run of the page that begins meanwhile: by what is
        done here, or because what was being computed is there.
        """
        turn = f"async () => {{ {PLAYER} return player.turnOf(root()); }}"
        before = self.page.evaluate(turn)
        yield
        script = f"""async before => {{ {PLAYER}
            return player.turnOf(root()) > before && !root().querySelector('.canvas > .waiting')
                && document.querySelector('{STILL}');
        }}"""
        self.page.wait_for_function(script, arg=before, timeout=90_000)

    def step(self) -> int:
        """The update on screen."""
        return int(self.page.inner_text("[data-testid=player-step]"))

    def click(self, name: str) -> None:
        """Press one of the player's buttons."""
        self.page.click(f"[data-testid=player-{name}]")

    def scrub(self, frame: int) -> None:
        """Move the player's own slider to a frame."""
        self.page.eval_on_selector(
            "[data-testid=player-scrub]",
            "(scrub, to) => { scrub.value = to; scrub.dispatchEvent(new Event('input')); }",
            frame,
        )

    def move(self, label: str, presses: int) -> None:
        """Move a slider of the sidebar by so many of its steps, with the keyboard."""
        slider = self.page.get_by_role("slider", name=label)
        for _ in range(abs(presses)):
            slider.press("ArrowRight" if presses > 0 else "ArrowLeft")

    def columns(self) -> dict[str, list[float]]:
        """The frames that the browser has, to the last bit; at rest, when all have come."""
        return self.page.evaluate(f"""async () => {{ {PLAYER}
            for (let i = 0; i < 200 && !player.restsOf(root()); i += 1)
                await new Promise(done => setTimeout(done, 100));
            return player.columnsOf(root());
        }}""")

    def wide(self, name: str, frame: int) -> list[float]:
        """What the browser has of a wide column in one frame, once it has it: a view that was
        clicked may still be on its way.
        """
        script = f"""async ([name, frame]) => {{ {PLAYER}
            for (let i = 0; i < 300 && !player.wideOf(root(), name, frame); i += 1)
                await new Promise(done => setTimeout(done, 100));
            return player.wideOf(root(), name, frame);
        }}"""
        return self.page.evaluate(script, [name, frame])

    def until(self, holds: Callable[[], bool]) -> None:
        """Look again and again until it holds."""
        deadline = time.monotonic() + 30
        while not holds():
            assert time.monotonic() < deadline
            self.page.wait_for_timeout(50)

    def until_step(self, step: int, *, or_later: bool = False) -> None:
        """Wait until that update is on screen, or one after it."""
        script = f"""([step, orLater]) => {{ {FIND}
            const now = Number(find('player-step')?.textContent);
            return now === step || (orLater && now > step);
        }}"""
        self.page.wait_for_function(script, arg=[step, or_later], timeout=30_000)

    def until_told(self) -> None:
        """Wait until the address names the update on screen, half a second after it came."""
        script = f"""() => {{ {FIND}
            const name = `${{location.pathname.slice(1)}}.at`;
            const told = new URL(location.href).searchParams.get(name);
            return told === find('player-step')?.textContent;
        }}"""
        self.page.wait_for_function(script, timeout=30_000)

    def until_moving(self) -> None:
        """Wait until another update is on screen than now, or the run is at its end."""
        script = f"""async before => {{ {FIND}
            const now = find('player-step')?.textContent;
            return now && (now !== before || now === find('player-last').textContent);
        }}"""
        before = self.page.inner_text("[data-testid=player-step]")
        self.page.wait_for_function(script, arg=before, timeout=30_000)

    def watch_steps(self) -> None:
        """From now on note which updates are on screen, one after the other."""
        self.page.evaluate(f"""() => {{ {FIND}
            const seen = window.seen = [];
            requestAnimationFrame(function look() {{
                const step = Number(find('player-step')?.textContent);
                if (seen.at(-1) !== step) seen.push(step);
                if (seen === window.seen) requestAnimationFrame(look);
            }});
        }}""")


@pytest.fixture(scope="session")
def context(browser: Browser) -> BrowserContext:
    """The browser of all visitors: with its cache a page takes a third of the work to open."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    # Each visitor was never here before: Streamlit remembers a sidebar that was opened.
    context.add_init_script(
        "if (location.host) sessionStorage.known ??= (localStorage.clear(), 'yes')"
    )
    return context


@pytest.fixture(scope="session")
def tabs() -> list[Page]:
    """Empty tabs that earlier visitors have left.

    A tab that has compiled Streamlit's code once opens a page anew in half the work of a new one.
    """
    return []


@pytest.fixture
def visit(
    context: BrowserContext, tabs: list[Page], server: Server, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Visit]]:
    """Make visitors, each in a tab; at the end none of them may have seen an error or another host.

    They visit the app, or another one at `address`. They may have a `width` and a `height` of their
    own, and a `color_scheme` or `reduced_motion`. A test that changes the tab itself, or goes back
    to where it was, takes a `new_tab`.
    """
    made: list[Visit] = []
    own: list[Page] = []  # tabs for nobody else
    failed = request.session.testsfailed

    def new(
        address: str = server.address,
        *,
        width: int = 1280,
        height: int = 900,
        color_scheme: Literal["light", "dark"] = "light",
        reduced_motion: Literal["reduce", "no-preference"] = "no-preference",
        new_tab: bool = False,
    ) -> Visit:
        page = tabs.pop() if tabs and not new_tab else context.new_page()
        own.extend([page] if new_tab else [])
        page.bring_to_front()  # a tab behind another is painted once a second
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=color_scheme, reduced_motion=reduced_motion)
        made.append(Visit(page, address))
        return made[-1]

    yield new
    for visitor in made:
        shown = visitor.page.query_selector_all("[data-testid=stException]")
        visitor.problems += [f"exception: {element.inner_text()}" for element in shown]
    fell = request.session.testsfailed > failed
    for visitor in made:
        if fell:
            print(visitor.found())  # noqa: T201 (a fault that comes once in many runs leaves no more)
        if visitor.page in own or visitor.problems or fell:
            visitor.page.close()
        else:
            visitor.leave()
            tabs.append(visitor.page)
    assert [problem for visitor in made for problem in visitor.problems] == []
