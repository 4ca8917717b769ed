"""What the server itself spends on a page whose slider has moved, by the clock of its thread."""

import logging
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData
from streamlit.testing.v1 import AppTest, app_test, local_script_runner

from core.recording import shared
from ui import session
from ui.player.player import FIRST_CHUNK

ROOT = Path(__file__).parents[1]
FORK_AT = 10  # the step on screen
PATIENCE = 120  # seconds
ROUNDS = 9


def milliseconds_a_move(name: str, rounds: int = ROUNDS) -> tuple[float, float, float]:
    """Of the thread that runs a lesson's page as it opens, when its first live slider moves while
    the run plays, medians: the run of the page that passes the proposal on; the word of the browser
    and the run of the page that forks there; the answer to its next request for frames.

    There is no browser: its words are put where the player puts them. What is computed is not in
    it, since other threads and processes do that; nor is what turns messages into bytes and sends
    them. Scripts are compiled once, as on a server.
    """
    lesson = import_module(f"core.{name}")
    place, player = f"{name}.run", f"{name}.player"
    with _server() as spent:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE)
        app.switch_page(f"pages/{name}.py")
        _run(app)

        def hears(what: str) -> session.Session:
            now = app.session_state[place]
            said = {"recording": session.identify(now.course), "step": FORK_AT}
            return session.hear(now, what, said, lesson.LIVE)

        app.session_state[place] = hears("at")  # from now on a browser plays
        parts: list[list[float]] = []
        for number in range(rounds + 1):
            begun = len(spent)
            _nudge(app, name, lesson.LIVE, number)
            _run(app)
            if app.session_state[place].proposal is None:
                raise RuntimeError(f"{name}: the slider that moved proposed nothing.")
            app.session_state[place] = hears("fork")
            app.session_state[f"{player}.again"] = True
            _run(app, fragment=True)
            course = app.session_state[place].course
            if [step for step, _ in course] != [0, FORK_AT]:
                raise RuntimeError(f"{name}: the page did not fork.")
            resumable = getattr(lesson, "resumable", None)
            fork = shared(lesson.run, course, frame=lesson.frame, resumable=resumable)
            fork.finish(PATIENCE)
            # The page that has seen half of it runs once more; the answer is to the one after.
            _run(app, fragment=True)
            whole = len(spent)
            asked = {
                "recording": session.identify(course),
                "turn": app.session_state[f"{name}.turn"],
            }
            asked |= {"number": number, "start": 0, "count": FIRST_CHUNK}
            app.session_state[f"{player}.asked"] = asked
            _run(app, fragment=True)
            parts.append([*spent[begun : begun + 2], sum(spent[whole:])])
    first, forked, answered = (statistics.median(part) for part in zip(*parts[1:], strict=True))
    return first, forked, answered


@contextmanager
def _server() -> Iterator[list[float]]:
    """What a test of a page lacks of a server; yields the milliseconds of each run, as they come.

    Scripts that were compiled stay so, and nobody looks through what is installed for components.
    """
    compiled, spent = ScriptCache(), []
    run_script = ScriptRunner._run_script

    def timed(runner: ScriptRunner, data: Any) -> None:
        began = time.thread_time()
        try:
            run_script(runner, data)
        finally:
            spent.append(1_000 * (time.thread_time() - began))

    logging.disable(logging.WARNING)  # Streamlit's, about what a test does not have
    try:
        with (
            patch.object(manifest_scanner, "scan_component_manifests", list),
            patch.object(app_test, "ScriptCache", lambda: compiled),
            patch.object(local_script_runner, "ScriptCache", lambda: compiled),
            patch.object(ScriptRunner, "_run_script", timed),
        ):
            yield spent
    finally:
        logging.disable(logging.NOTSET)


def _run(app: AppTest, *, fragment: bool = False) -> None:
    """Run the page, or its player alone, which may run the page."""
    before = app._tree
    only = list(app._fragment_storage._fragments) if fragment else []
    asked = partial(RerunData, fragment_id_queue=only)
    with patch.object(local_script_runner, "RerunData", asked):
        app.run()
    if app.exception:
        raise RuntimeError(f"the page failed: {app.exception[0].message}")
    if fragment and not (app.slider or app.select_slider):
        app._tree = before  # a run of the player alone says nothing of the rest


def _nudge(app: AppTest, name: str, live: frozenset[str], number: int) -> None:
    """Move the first live slider to a place where it has not been."""
    keys = {f"{name}.{field}" for field in live}
    for slider in app.slider:
        if slider.key in keys:
            low, step = cast(float, slider.min), cast(float, slider.step)
            slider.set_value(round(low + (20 + number) * step, 9))
            return
    for chosen in app.select_slider:
        if chosen.key in keys:
            chosen.set_value(float(chosen.options[len(chosen.options) // 2 + number]))
            return
    raise RuntimeError(f"{name}: the page has no live slider.")
