"""Make docs/*.png from the running app: the page for the README, the charts for the home page."""

from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

from bench import browser
from core import datasets

DOCS = Path(__file__).parents[1] / "docs"
MOST_BYTES = 200_000
# What each picture shows: the page's address, and the frame on screen.
VALLEY = "A=0.55, 0.45; 0.45, 0.55&b=1, 0&start=0.5, 2&damping_factor=0.9&steps=200"
LESSONS = {
    "gradient_descent": ("gradient_descent?gradient_descent.momentum=0.8", 13),
    "linear_regression": (
        "linear_regression?"
        + "&".join(f"linear_regression.{setting}" for setting in VALLEY.split("&")),
        60,
    ),
    "sine_fit": ("sine_fit", 33),
    "xor": ("xor?xor.learning_rate=0.1&xor.epochs=100", 1000),
    "sequences": ("sequences", 200),
    "mnist": ("mnist?mnist.epochs=2", 1100),
    "matrix_game": (
        "matrix_game?matrix_game.learning_rate=0.1&matrix_game.steps=2400&matrix_game.field=true",
        1150,
    ),
}


def small(file: Path) -> None:
    """Rewrite with 256 colours, which charts do not exceed by much."""
    with Image.open(file) as picture:
        picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)
    assert file.stat().st_size < MOST_BYTES, f"{file} has {file.stat().st_size} bytes"


def main() -> None:
    """Light and dark charts of every lesson, and the first lesson's whole page."""
    DOCS.mkdir(exist_ok=True)
    for _ in datasets.fetch("mnist"):  # nothing, where it is here
        pass
    with browser.serving() as address, browser.chromium() as chromium:
        for name, (link, frame) in LESSONS.items():
            for scheme in ("light", "dark"):
                context = chromium.new_context(
                    viewport={"width": 1280, "height": 900}, color_scheme=scheme
                )
                page = context.new_page()
                page.goto(f"{address}/{link}")
                page.wait_for_selector("canvas.marks", timeout=60_000)
                page.wait_for_timeout(1_500)
                page.eval_on_selector(
                    "[data-testid=player-scrub]",
                    "(scrub, to) => { scrub.value = to; scrub.dispatchEvent(new Event('input')); }",
                    frame,
                )
                step = page.locator("[data-testid=player-step]")
                expect(step).to_have_text(str(frame), timeout=60_000)
                page.mouse.move(640, 5)
                page.wait_for_timeout(300)
                file = DOCS / f"{name}{'-dark' if scheme == 'dark' else ''}.png"
                page.locator(".charts").screenshot(path=file)
                small(file)
                if scheme == "light" and name == "gradient_descent":
                    page.screenshot(path=DOCS / "page.png")
                    small(DOCS / "page.png")
                context.close()


if __name__ == "__main__":
    main()
