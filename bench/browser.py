"""The app in headless Chromium: frames a second, frames from input to picture, time to open."""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
PAGE = "gradient_descent"
FLAGS = [
    "--no-sandbox",  # root, as CI is, may not use one
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Each tab would load three unseen pages of the address bar: a second of work. The others are
    # Playwright's, since only the last of two such lists counts.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,HttpsUpgrades,"
    "HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,OptimizationHints,PaintHolding",
]
READY_SECONDS = 90

# What Streamlit itself takes: a page with a heading, two controls, a formula and one of its charts.
SMALLEST = """import streamlit as st
st.title("Title")
with st.sidebar:
    scale = st.slider("Scale", 1, 10)
    st.toggle("Switch")
st.latex("x^2")
st.line_chart([scale * x * x for x in range(10)])
"""

# Everything below runs in the page. The player lives in a shadow root; `find` looks through them.
FIND = """
const find = (name, root = document) => {
    const found = root.querySelector(`[data-testid=${name}]`);
    if (found) return found;
    for (const element of root.querySelectorAll('*')) {
        const inside = element.shadowRoot && find(name, element.shadowRoot);
        if (inside) return inside;
    }
};
"""
# Whether the last step is on screen, and so all frames in the browser.
ALL_THERE = f"""() => {{ {FIND}
    return find('player-step').textContent === find('player-last').textContent;
}}"""
# Frames of the browser in which another step is on screen, in a second.
RATE = f"""async seconds => {{ {FIND}
    const step = find('player-step');
    let seen = step.textContent, changes = 0;
    const began = performance.now();
    return new Promise(done => requestAnimationFrame(function look(now) {{
        if (step.textContent !== seen) {{ seen = step.textContent; changes += 1; }}
        if (now - began < 1000 * seconds) requestAnimationFrame(look);
        else done(1000 * changes / (now - began));
    }}));
}}"""
# Frames of the browser in a second, whatever is in the page.
EMPTY = """async seconds => {
    let frames = 0;
    const began = performance.now();
    return new Promise(done => requestAnimationFrame(function look(now) {
        frames += 1;
        if (now - began < 1000 * seconds) requestAnimationFrame(look);
        else done(1000 * frames / (now - began));
    }));
}"""
# Frames of the browser from an input until its step is on screen.
DELAY = f"""async name => {{ {FIND}
    const step = find('player-step'), input = find(name), before = step.textContent;
    if (name === 'player-scrub') {{
        input.value = Number(before) + 100;
        input.dispatchEvent(new Event('input'));
    }} else input.click();
    let frames = 0;
    return new Promise(done => requestAnimationFrame(function look() {{
        frames += 1;
        if (step.textContent !== before || frames > 30) done(frames);
        else requestAnimationFrame(look);
    }}));
}}"""


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def serving(
    folder: Path = ROOT,
    port: int | None = None,
    log: Path = Path(os.devnull),
    app: str = "app.py",
    base: str = "",
    environment: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """The `app` of `folder`, started as the README says; what it says goes to the end of `log`.

    It is served below the path `base`, as "/learn", and has more of an `environment` than we.
    """
    port = port or free_port()
    address = f"http://127.0.0.1:{port}{base}"
    command = [sys.executable, "-m", "streamlit", "run", app, "--server.headless", "true"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    command += ["--server.baseUrlPath", base]
    known = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
    with log.open("a") as out:
        process = subprocess.Popen(command, cwd=folder, env=known, stdout=out, stderr=out)
        try:
            deadline = time.monotonic() + READY_SECONDS
            while True:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the server did not start: {log.read_text()}")
                try:
                    with urlopen(f"{address}/_stcore/health", timeout=1):
                        break
                except OSError:
                    time.sleep(0.2)
            yield address
        finally:
            process.terminate()
            process.wait(60)  # a busy machine takes its time


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Debian's, or Playwright's own."""
    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags])
        yield browser
        browser.close()


def opened(browser: Browser, address: str, path: str = PAGE, height: int = 900) -> Page:
    """A new visitor's page with its pictures drawn."""
    page = browser.new_context(viewport={"width": 1280, "height": height}).new_page()
    page.goto(f"{address}/{path}")
    page.wait_for_selector("canvas.marks", timeout=60_000)
    return page


def frames_of_an_empty_page(browser: Browser, throttle: int, seconds: float = 4) -> float:
    """What this Chromium reaches in a second with nothing to draw: no page can have more."""
    page = browser.new_page()
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": throttle})
    rate = page.evaluate(EMPTY, seconds)
    page.close()
    return rate


def frames_a_second(page: Page, start: int, throttle: int, seconds: float = 4) -> float:
    """While playing from frame `start`, the processor slowed down `throttle` times."""
    session = page.context.new_cdp_session(page)
    page.click("[data-testid=player-end]")
    page.wait_for_function(ALL_THERE, timeout=60_000)
    page.wait_for_timeout(1_000)
    page.eval_on_selector(
        "[data-testid=player-scrub]",
        "(scrub, to) => { scrub.value = to; scrub.dispatchEvent(new Event('input')); }",
        start,
    )
    session.send("Emulation.setCPUThrottlingRate", {"rate": throttle})
    page.click("[data-testid=player-play]")
    page.wait_for_timeout(500)
    rate = page.evaluate(RATE, seconds)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    return rate


def input_delay(page: Page) -> dict[str, int]:
    """Browser frames from an input to its picture."""
    page.click("[data-testid=player-restart]")
    return {
        name: page.evaluate(DELAY, f"player-{name}") for name in ("forward", "back", "scrub", "end")
    }


def seconds_to_open(browser: Browser, address: str, rounds: int = 7) -> dict[str, float]:
    """Median until the first picture, by where a visitor comes from.

    The last row is a page of next to nothing, opened in turn with ours: Streamlit's own part.
    """
    with TemporaryDirectory() as folder:
        (Path(folder) / "app.py").write_text(SMALLEST)
        with serving(Path(folder)) as smallest:
            return _seconds_to_open(browser, address, smallest, rounds)


def _seconds_to_open(
    browser: Browser, address: str, smallest: str, rounds: int
) -> dict[str, float]:
    empty, filled, inside, least = [], [], [], []
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    for _ in range(rounds):
        began = time.monotonic()
        page = opened(browser, address)
        empty.append(time.monotonic() - began)
        page.context.close()
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        began = time.monotonic()
        page.goto(smallest)
        page.wait_for_selector("[data-testid=stVegaLiteChart] .marks")
        least.append(time.monotonic() - began)
        page.context.close()
        page = context.new_page()
        began = time.monotonic()
        page.goto(f"{address}/{PAGE}")
        page.wait_for_selector("canvas.marks")
        filled.append(time.monotonic() - began)
        page.goto(address)
        page.wait_for_selector("[data-testid=stPageLink]")
        page.wait_for_timeout(500)
        began = time.monotonic()
        page.get_by_role("link", name="Gradient descent").first.click()
        page.wait_for_selector("canvas.marks")
        inside.append(time.monotonic() - began)
        page.close()
    context.close()
    return {
        "empty cache": statistics.median(empty),
        "filled cache": statistics.median(filled),
        "from the home page": statistics.median(inside),
        "Streamlit's smallest, empty cache": statistics.median(least),
    }
