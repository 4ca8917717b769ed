"""What is said between a browser and the runs of its page, in moments in which much is said."""

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import MagicMock

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime import Runtime
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.script_data import ScriptData
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType

from ui.delivery import AllArrive, all_words

SCRIPT = """
import streamlit as st

def press():
    st.session_state.pressed = True
    st.session_state.level = 7

def hold():
    if "pressed" in st.session_state:
        st.session_state.level = 7  # whatever the browser says that it is

@st.fragment
def part(name):
    st.button("press", key=name, on_click=hold)
    st.text(name)

with st.container():
    part("first")
with st.container():
    part("second")
st.slider("level", 0, 9, key="level")
st.button("of the page", key="page", on_click=press)
st.text(f"the page, {st.session_state.level}")
"""


class Visitor:
    """A session that runs SCRIPT, on an event loop that is held up when a test says so."""

    def __init__(self, folder) -> None:
        script = folder / "script.py"
        script.write_text(SCRIPT)
        self.session = AllArrive(
            ScriptData(str(script), False), MagicMock(), ScriptCache(), None, {}
        )
        self.heard: list[ForwardMsg] = []

    async def rests(self) -> None:
        """Wait until nothing runs; what has been said stays on the server."""
        deadline = time.monotonic() + 30
        while self.session._scriptrunner is not None:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.001)

    async def settles(self) -> list[str]:
        """Wait until nothing runs; what has come meanwhile: texts, and when a run has ended."""
        await self.rests()
        come = self.session.flush_browser_queue()
        self.heard += come
        return told(come)

    def block_until_it_has_ended(self) -> None:
        """Let the run end while the event loop does nothing else: what it says is on its way."""
        deadline = time.monotonic() + 30
        runner = self.session._scriptrunner
        assert runner is not None
        while runner._requests._state is not ScriptRequestType.STOP:
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def say(self, *pressed: str, fragment: str = "", level: int | None = None) -> None:
        """A message of the browser: some buttons were pressed, the slider stands at `level`, and
        `fragment` shall run.
        """
        state = ClientState(fragment_id=self.fragments[fragment] if fragment else "")
        ids = {one.button.id for one in self.elements}
        for name in pressed:
            (pressed_id,) = (one for one in ids if one.endswith(f"-{name}"))
            state.widget_states.widgets.append(WidgetState(id=pressed_id, trigger_value=True))
        if level is not None:
            slider = next(one for one in self.elements if one.slider.id).slider
            state.widget_states.widgets.append(WidgetState(id=slider.id))
            state.widget_states.widgets[-1].double_array_value.data.append(level)
        self.session.request_rerun(state)

    @property
    def elements(self) -> list[Element]:
        """All that has come, the newest first."""
        return [one.delta.new_element for one in reversed(self.heard)]

    @property
    def fragments(self) -> dict[str, str]:
        """The fragments by what they write."""
        texts = (one.delta for one in self.heard if one.delta.fragment_id)
        return {one.new_element.text.body: one.fragment_id for one in texts}


def told(come: Iterable[ForwardMsg]) -> list[str]:
    """Texts, and where a run of a page or of a fragment has ended."""
    ends = {ForwardMsg.FINISHED_SUCCESSFULLY: "page", ForwardMsg.FINISHED_EARLY_FOR_RERUN: "cut"}
    ends[ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY] = "part"
    words = []
    for one in come:
        if one.delta.new_element.text.body:
            words.append(one.delta.new_element.text.body)
        if one.WhichOneof("type") == "script_finished":
            words.append(f"end of {ends[one.script_finished]}")
    return words


@pytest.fixture
def visited(tmp_path, monkeypatch) -> Callable:
    """Play a coroutine of a visitor who has opened the page."""
    runtime = MagicMock(spec=Runtime)
    runtime.media_file_mgr = MediaFileManager(MemoryMediaFileStorage("/media"))
    monkeypatch.setattr(Runtime, "_instance", runtime)

    async def plays(scene: Callable) -> None:
        visitor = Visitor(tmp_path)
        visitor.session.request_rerun(ClientState())
        assert await visitor.settles() == [*PAGE, "end of page"]
        await scene(visitor)
        visitor.session.shutdown()

    def play(scene: Callable) -> None:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, plays(scene)).result()

    return play


PAGE = ["first", "second", "the page, 0"]


def test_what_a_run_has_said_comes_though_a_fragment_is_to_run_next(visited):
    async def scene(visitor: Visitor) -> None:
        visitor.session.request_rerun(ClientState())
        visitor.block_until_it_has_ended()
        visitor.say(fragment="first")
        visitor.say(fragment="second")
        said = await visitor.settles()
        assert said[:3] == PAGE
        assert said[3] == "end of page"
        assert [one for one in said[4:] if "end" not in one] == ["first", "second"]

    visited(scene)


def test_a_fragment_that_runs_takes_nothing_of_the_page_away(visited):
    """All of it still lies on the server: this browser is slow."""

    async def scene(visitor: Visitor) -> None:
        visitor.session.request_rerun(ClientState())
        await visitor.rests()
        visitor.say(fragment="first")
        assert await visitor.settles() == [*PAGE, "end of page", "first", "end of part"]

    visited(scene)


def test_a_session_that_is_closed_runs_nothing_more(visited):
    async def scene(visitor: Visitor) -> None:
        visitor.session.request_rerun(ClientState())
        visitor.block_until_it_has_ended()
        visitor.say(fragment="first")
        visitor.session.shutdown()
        assert visitor.session._next
        assert "first" not in (await visitor.settles())[len(PAGE) :]

    visited(scene)


@pytest.mark.parametrize(("pressed", "runs"), [("first", ["first"]), ("second", ["second"])])
def test_a_fragment_that_is_told_something_runs(visited, pressed, runs):
    async def scene(visitor: Visitor) -> None:
        visitor.say(pressed, fragment=pressed)
        assert await visitor.settles() == [*runs, "end of part"]

    visited(scene)


def test_two_fragments_that_are_told_something_in_one_message_both_run(visited):
    async def scene(visitor: Visitor) -> None:
        visitor.say("first", "second", fragment="first")
        assert [one for one in await visitor.settles() if "end" not in one] == ["first", "second"]

    visited(scene)


def test_a_button_of_the_page_runs_all_of_it_though_the_message_names_a_fragment(visited):
    async def scene(visitor: Visitor) -> None:
        visitor.say("first", "page", fragment="first", level=0)
        said = await visitor.settles()
        assert said[-4:] == ["first", "second", "the page, 7", "end of page"]
        # The browser hears what the button has set: it would say the old value again.
        slider = next(one for one in visitor.elements if one.slider.id).slider
        assert (slider.set_value, list(slider.value)) == (True, [7])
        visitor.say("first", fragment="first", level=7)  # and not for ever
        assert await visitor.settles() == ["first", "end of part"]

    visited(scene)


def test_a_control_that_was_moved_runs_the_page_and_one_that_a_callback_holds_does_not(visited):
    async def scene(visitor: Visitor) -> None:
        visitor.say("first", fragment="first", level=3)
        assert (await visitor.settles())[-2:] == ["the page, 3", "end of page"]
        visitor.say("page", level=3)
        assert (await visitor.settles())[-2:] == ["the page, 7", "end of page"]
        visitor.say("first", fragment="first", level=3)  # under way when the button was pressed
        assert await visitor.settles() == ["first", "end of part"]

    visited(scene)


def test_a_session_never_runs_twice_at_once(visited, monkeypatch):
    """What it keeps has no lock that two runs share: one would read on while the other writes."""
    run, inside, most = ScriptRunner._run_script, [], []

    def counted(*arguments: Any) -> None:
        inside.append(None)
        most.append(len(inside))
        run(*arguments)
        inside.pop()

    monkeypatch.setattr(ScriptRunner, "_run_script", counted)

    async def scene(visitor: Visitor) -> None:
        for _ in range(200):
            visitor.session.request_rerun(ClientState())
            await asyncio.sleep(0.0005)
        assert (await visitor.settles())[-4:] == [*PAGE, "end of page"]
        assert len(most) > 1
        assert max(most) == 1

    visited(scene)


def said(**events: object) -> WidgetState:
    told = [{"event": name, "value": value} for name, value in events.items()]
    return WidgetState(id="player", json_trigger_value=json.dumps(told))


def by_id(older: WidgetStates | None, newer: WidgetStates | None) -> dict[str, WidgetState]:
    both = all_words(older, newer)
    assert both is not None
    return {one.id: one for one in both.widgets}


def of_two(older: WidgetState, newer: WidgetState) -> dict[str, object]:
    one = by_id(WidgetStates(widgets=[older]), WidgetStates(widgets=[newer]))["player"]
    return {str(event["event"]): event.get("value") for event in json.loads(one.json_trigger_value)}


def test_two_messages_that_wait_for_one_run_say_all_that_both_say():
    assert of_two(said(at=3), said(look=3)) == {"at": 3, "look": 3}
    assert of_two(said(at=3, more=1), said(more=2)) == {"at": 3, "more": 2}
    assert of_two(said(at=3), said(at=3)) == {"at": 3}


def test_of_what_a_control_holds_the_newer_message_knows_more():
    older = WidgetStates(widgets=[said(at=3), WidgetState(id="rate", double_value=0.1)])
    newer = WidgetStates(widgets=[WidgetState(id="rate", double_value=0.2)])
    both = by_id(older, newer)
    assert both["rate"].double_value == 0.2
    assert both["player"] == said(at=3)
    assert all_words(None, newer) == newer
    assert all_words(older, None) == older
    assert all_words(None, None) is None


@pytest.mark.parametrize("text", ["{", "3", "null", '["at"]', '{"event": "at"}', '[{"event": []}]'])
def test_words_that_make_no_sense_take_none_away(text):
    wrong = WidgetState(id="player", json_trigger_value=text)
    assert of_two(said(at=3), wrong)["at"] == 3
