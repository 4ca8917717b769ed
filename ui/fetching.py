"""A data set that is not on this machine: what is said of it, a button that fetches it, and how far
that is. It is fetched once for all visitors, in the background.
"""

import threading
from collections.abc import Callable

import streamlit as st

from core import datasets
from core.datasets import Progress

LOOK_SECONDS = 0.5
MEGABYTE = 1e6


class Download:
    """A data set on its way, in a thread of its own; `error` says why it did not come."""

    def __init__(self, name: str) -> None:
        self.progress: Progress | None = None
        self.error = ""
        self._name, self._stop = name, threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"fetch {name}", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        fetched = datasets.fetch(self._name)
        try:
            for progress in fetched:
                self.progress = progress
                if self._stop.is_set():
                    break
        except Exception as error:  # whatever it is, the page goes on without the data
            self.error = str(error)
        finally:
            fetched.close()

    @property
    def alive(self) -> bool:
        """Whether it still comes."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Stop it at its next word; what has come stays, for the next time."""
        self._stop.set()


_downloads: dict[str, Download] = {}


def offer(key: str, name: str, missing: str, words: str, here: Callable[[], None]) -> None:
    """Say in `words` what is shown in place of the data set `name`, why it is `missing`, and offer
    to fetch it; where it has just come, `here` is shown. The page below stays as it is meanwhile.
    """
    awaited = f"{key}.fetches"
    if not missing:
        if st.session_state.get(awaited):
            here()
        return

    def begin() -> None:
        st.session_state[awaited] = True
        if not _comes(name):
            _downloads[name] = Download(name)

    looking = _comes(name)

    @st.fragment(run_every=LOOK_SECONDS if looking else None)
    def shown() -> None:
        if _comes(name) != looking:
            st.rerun()  # it looks again and again, or no longer
        download = _downloads.get(name)
        own = st.session_state.get(awaited)  # and not another visitor's, some time ago
        failed = download.error if download and own and not looking else ""
        if failed:
            st.error(f"{failed} What is on screen stays.", icon=":material/cloud_off:")
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(words)
            if download and looking:
                _progress(download)
                st.button("Cancel", key=f"{key}.cancel", on_click=download.stop)
                return
            label = f"Fetch {datasets.TITLES[name]}" + (" again" if failed else "")
            st.button(
                label, key=f"{key}.fetch", on_click=begin, icon=":material/download:", help=missing
            )

    shown()


def _comes(name: str) -> bool:
    return name in _downloads and _downloads[name].alive


def _progress(download: Download) -> None:
    now = download.progress
    done, total = (now.done, now.total) if now else (0, 0)
    said = f"{done / MEGABYTE:.1f} of {total / MEGABYTE:.1f} MB" if total else "Asking for it"
    st.progress(done / total if total else 0.0, said)
