"""Print the table: what is measured, what came out, what it should at least be."""

import os
import platform
from importlib import import_module

import torch
from playwright.sync_api import Browser

from bench import background, browser, matrix_game, mnist, pages, sequences, server, versus, xor
from ui.lessons import LESSONS

SIGHT = 2_000  # pixels of height in which all pictures of a page are in sight


def line(what: str, measured: str, wanted: str) -> None:
    """One row of the table."""
    print(f"{what:<58} {measured:>12}   {wanted}", flush=True)


def loaded(what: str, measured: str, wanted: str) -> None:
    """A row of what a busy machine makes longer, with the load of its last minute."""
    line(what, measured, f"{wanted}   load {os.getloadavg()[0]:.1f}")


def main() -> None:
    """All rows."""
    print(f"torch {torch.__version__}, {os.cpu_count()} cores, {platform.machine()}\n")
    line("what", "measured", "at least")
    in_one_process()
    in_the_background()
    in_a_browser()


def in_one_process() -> None:
    """The lessons against the loops of their documents, and what the server makes of frames."""
    for name in (lesson.name for lesson in LESSONS if lesson.name != "mnist"):  # see of_mnist
        wanted = import_module(f"bench.{name}").AT_LEAST
        what = f"{name}: every state against the notes' loop"
        line(what, f"{versus.every_state(name):.2f}x", f"{wanted}x")
    # TensorFlow Playground's scalar loop, in node on a machine with two cores.
    for config, playground in ((xor.CONFIG, "1.74"), (xor.WIDE, "0.17")):
        for how, looks in (("every state looked at", True), ("updates alone", False)):
            what = f"xor: million samples a second, {config.hidden} units, {how}"
            rate = xor.samples_a_second(config, looks) / 1e6
            line(what, f"{rate:.2f}", f"Playground {playground}")
    of_mnist()
    for cell in ("LSTM", "GRU"):
        what = f"sequences: epochs a second, {cell} of 32 units, with its frames"
        loaded(what, f"{sequences.epochs_a_second(cell):.0f}", "10")
        what = f"sequences: a rollout of 401 steps, {cell} of 256 units"
        loaded(what, f"{sequences.milliseconds_a_rollout(cell):.0f} ms", "at most 100 ms")
    what = "matrix_game: a run ready to scrub against the notes' loop"
    line(what, f"{matrix_game.recorded_ratio():.2f}x", "1.0x")
    what = "matrix_game: updates a second of 10,000 runs against one"
    line(what, f"{matrix_game.batch_ratio():,.0f}x", "2,000x")
    for count in (240, 2_500):
        spent = server.milliseconds_a_chunk(count)
        line(f"server time of a computed chunk, {count} frames", f"{spent:.1f} ms", "at most 10 ms")
    what = "server time of a picture of 100 x 100 bytes"
    line(what, f"{server.microseconds_a_picture():.0f} µs", "at most 60 µs")


def of_mnist() -> None:
    """An epoch of it; where the archives are not here, a line that says so."""
    if not mnist.HERE:
        line("mnist: its archives are not here", "-", "")
        return
    for how, measured in mnist.ratios().items():
        wanted = mnist.AT_LEAST_ALONE if how == "updates alone" else mnist.AT_LEAST
        line(f"mnist: {how} against the notes' loop", f"{measured:.2f}x", f"{wanted}x")
    what = "mnist: losses of 100 batches away from the notes' loop"
    line(what, f"{mnist.largest_difference():.1e}", "at most 1e-5")
    what = "mnist: from a drawn digit to an opinion"
    line(what, f"{mnist.milliseconds_to_answer():.1f} ms", "at most 50 ms")


def in_the_background() -> None:
    """Forks, answers meanwhile, memory, and what a moved slider costs beside computing.

    Runs are made by threads of this process at first, then by other processes, as in the app.
    """
    what = "a slow run forked at 150: computing before a new frame"
    loaded(what, f"{background.slow_fork():.1f} s", "at most 2 s")
    of_the_matrix_game("threads")
    background.apart()
    of_the_matrix_game("processes")
    what = "answer while three trainings run, 95th percentile"
    loaded(what, f"{background.milliseconds_to_answer():.1f} ms", "at most 100 ms")
    growth, mib = background.resident_growth()
    what = f"memory after 200 runs against {mib:.0f} MiB after 100"
    loaded(what, f"{growth:.2f}x", "at most 1.1x")
    for lesson in LESSONS:
        first, fork, answer = pages.milliseconds_a_move(lesson.name)
        what = f"{lesson.name}: slider, {first:.0f} + fork {fork:.0f} + answer {answer:.0f}"
        loaded(what, f"{first + fork + answer:.0f} ms", "aim 60 ms")


def of_the_matrix_game(makers: str) -> None:
    """A late fork, and a whole run, by whoever makes them now."""
    ratio, spent = background.fork_ratio()
    what = f"matrix_game: fork at 20,000 against at 100, {makers}"
    loaded(what, f"{ratio:.2f}x", f"at most 1.5x   {spent:.0f} ms")
    what = f"matrix_game: 1,000 frames against list(run), {makers}"
    loaded(what, f"{background.finished_ratio():.2f}x", "0.9x")


def in_a_browser() -> None:
    """What Chromium makes of it."""
    with browser.serving() as address, browser.chromium() as chromium:
        browser.opened(chromium, address).context.close()  # the server is warm from here on
        for frames in (1_000, 2_500):
            path = f"{browser.PAGE}?gradient_descent.steps={frames - 1}"
            what = f"{frames} frames x 5 series"
            played(chromium, address, path, what, frames - 400, {1: 55, 4: 30})
        for view, what in (
            ("Accuracy", "xor as it opens"),
            ("Units", "xor with its units"),
            ("Network", "xor as a network"),
        ):
            played(chromium, address, f"xor?xor.view={view}", what, 300, {1: 60}, SIGHT)
        page = browser.opened(chromium, address, f"{browser.PAGE}?gradient_descent.steps=2499")
        for name, waited in browser.input_delay(page).items():
            line(f"browser frames from {name} to its picture", f"{waited}", "at most 2")
        page.context.close()
        for how, spent in browser.seconds_to_open(chromium, address).items():
            line(f"page opened on a warm server, {how}", f"{spent:.2f} s", "at most 1.5 s")
    with browser.serving(app="bench/painted/app.py") as address, browser.chromium() as chromium:
        browser.opened(chromium, address, "").context.close()
        played(chromium, address, "", "5 rasters and 3 charts", 1_000, {1: 60, 4: 25}, SIGHT)


def played(
    chromium: Browser,
    address: str,
    path: str,
    what: str,
    start: int,
    wanted: dict[int, int],
    height: int = 900,
) -> None:
    """Rows of frames a second from frame `start` on, `wanted` of each slowing of the processor,
    beside what an empty page reaches.
    """
    for throttle, least in wanted.items():
        empty = browser.frames_of_an_empty_page(chromium, throttle)
        page = browser.opened(chromium, address, path, height)
        rate = browser.frames_a_second(page, start, throttle)
        page.context.close()
        loaded(
            f"frames a second, {what}, CPU / {throttle}",
            f"{rate:.1f}",
            f"{least}   an empty page {empty:.1f}",
        )


if __name__ == "__main__":  # a process that makes slices of runs imports this file too
    main()
