"""Between a browser and the runs of its page: all that either says arrives.

Streamlit loses some of it where much is said in one moment, and a player says much while it plays.
What is lost then is a click, an answer, or a part of the page, which its browser code takes away.
"""

import json
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime import websocket_session_manager
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner_utils import script_requests
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx
from streamlit.runtime.state import SessionState

_CLOSED = AppSessionState.SHUTDOWN_REQUESTED
_NO_FRAGMENT = "none"  # is called so
_newest = script_requests._coalesce_widget_states


class AllAnswer(SessionState):
    """What a session keeps; each fragment runs that was told something.

    A browser says in one message what it has to say in one moment, and names one fragment.
    Streamlit would call all callbacks and run that fragment alone.
    """

    def on_script_will_rerun(self, fresh_widget_states: WidgetStates | None, **named: Any) -> None:
        """Have the others run next, or the whole page now."""
        super().on_script_will_rerun(fresh_widget_states, **named)
        run = get_script_run_ctx()
        if not (run and run.script_requests and run.fragment_ids_this_run and fresh_widget_states):
            return
        known, keys = self._new_widget_state.widget_metadata, self._key_id_mapper.id_key_mapping
        told = {
            known[one.id].fragment_id
            for one in fresh_widget_states.widgets
            if one.id in known
            and self._widget_changed(one.id)
            and keys.get(one.id) not in self._new_session_state  # a callback has set it again
        }
        for fragment in told.difference(run.fragment_ids_this_run):
            # With no states: else the browser would not be told what the callbacks have set.
            run.script_requests.request_rerun(
                RerunData(
                    query_string=run.query_string,
                    page_script_hash=run.page_script_hash,
                    cached_message_hashes=run.cached_message_hashes,
                    context_info=run.context_info,
                    fragment_id=fragment,
                )
            )


class AllArrive(AppSession):
    """A visitor's session, of whose runs each says all that it has to say before the next begins.

    Of a run that has ended Streamlit drops what has not gone to the browser yet: all of it where a
    fragment is to run next and there is no other run, and of a page what belongs to that fragment,
    whose place its browser code then gives to what comes after it.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._session_state = AllAnswer()
        self._next: list[RerunData] = []  # what is to run when all of the run before has come

    def _create_scriptrunner(self, initial_rerun_data: RerunData) -> None:
        if self._scriptrunner is None:
            super()._create_scriptrunner(initial_rerun_data)
        else:
            self._next.append(initial_rerun_data)

    def _handle_scriptrunner_event_on_event_loop(self, *event: Any, **named: Any) -> None:
        super()._handle_scriptrunner_event_on_event_loop(*event, **named)
        if self._scriptrunner is not None or self._state is _CLOSED:
            return
        waiting, self._next = self._next, []
        for data in waiting:
            if self._scriptrunner is None or not self._scriptrunner.request_rerun(data):
                self._create_scriptrunner(data)

    def _clear_queue(self, fragment_ids_this_run: list[str] | None = None) -> None:
        super()._clear_queue([_NO_FRAGMENT] if fragment_ids_this_run else None)


def all_words(older: WidgetStates | None, newer: WidgetStates | None) -> WidgetStates | None:
    """What two messages say that wait for the same run, of each event the newer.

    Streamlit would keep only the last events of a component: one that tells where a player rests
    would be gone when the next asks for frames.
    """
    both = _newest(older, newer)
    before = {one.id: one.json_trigger_value for one in (older.widgets if older else ())}
    for one in both.widgets if both else ():
        if one.json_trigger_value and before.get(one.id):
            events = _events(before[one.id]) | _events(one.json_trigger_value)
            one.json_trigger_value = json.dumps(list(events.values()))
    return both


def _events(said: str) -> dict[str, Any]:
    """The events of a component by name, none of what is not a list of them."""
    try:
        events = json.loads(said)
    except ValueError:
        return {}
    named = [one for one in events if isinstance(one, dict)] if isinstance(events, list) else []
    return {str(one.get("event")): one for one in named}


def deliver() -> None:
    """Have it so in all sessions that begin from now on."""
    websocket_session_manager.AppSession = AllArrive  # pyright: ignore[reportPrivateImportUsage]
    script_requests._coalesce_widget_states = all_words
