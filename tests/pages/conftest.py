"""Pages without a browser: the script runs, its elements are looked at."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import AppTest, app_test, local_script_runner

from core import recording, slices
from ui import steering
from ui.player import player

ROOT = Path(__file__).parents[2]
WHOLE_SECONDS = 30  # in which a run comes to its end


COMPILED = ScriptCache()


@pytest.fixture(autouse=True)
def pages_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit would compile all of a page for each test of it: a seventh of their time."""
    for module in (app_test, local_script_runner):
        monkeypatch.setattr(module, "ScriptCache", lambda: COMPILED)


@pytest.fixture(autouse=True)
def no_packaged_components(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit looks through all that is installed for components: a tenth of a second a page."""
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", list)


@pytest.fixture(autouse=True)
def no_data_sets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A page opens with what this machine has: here with what every machine has.

    Runs are made in this process: others have the environment of the test in which they began.
    """
    monkeypatch.setenv("EXPLORABLES_DATA", str(tmp_path / "none"))
    monkeypatch.setattr(slices, "lane_of", lambda work: None)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What pages hand to their players, the last at the end."""
    found: list[dict] = []
    monkeypatch.setattr(player, "finite", lambda data: found.append(data) or data)
    return found


@pytest.fixture
def record_every(monkeypatch: pytest.MonkeyPatch):
    """Have runs recorded at one update in so many, whatever their length, apart from all others."""

    def every(interval: int) -> None:
        monkeypatch.setattr(recording, "frame_interval", lambda steps: interval)
        monkeypatch.setattr(recording, "_shared", OrderedDict())

    return every


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch):
    """Have pages wait for so many seconds for their runs; for 0, only the first frame is made."""

    def waits(seconds: float = WHOLE_SECONDS) -> None:
        for limit in ("LOOK_SECONDS", "SOON_SECONDS"):
            monkeypatch.setattr(steering, limit, seconds)

    return waits


@pytest.fixture
def open_page(waits):
    """Open a page of the app, as its link with these settings would, and wait for its whole run."""
    waits()  # no browser waits for an answer meanwhile, nor plays: a run is computed at once

    def opened(name: str, **settings: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        app.switch_page(f"pages/{name}.py")
        for field, value in settings.items():
            app.query_params[f"{name}.{field}"] = value
        return app.run()

    return opened


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], Any]]:
    """What makes each download that pages offer, by its label, the last at the end."""
    found: dict[str, Callable[[], Any]] = {}
    monkeypatch.setattr(
        "streamlit.download_button", lambda label, data, *_, **__: found.update({label: data})
    )
    return found
