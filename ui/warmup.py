"""What takes seconds is loaded once, in the background, so that the home page paints at once."""

import atexit
import gc
import os
import threading
from functools import cache

import streamlit as st


def _load() -> None:
    # Runs share the cores, and those of a lesson are small. Each with threads for all cores, they
    # wait for one another spinning: two trainings of 32 LSTM units at once took ten times as long
    # as alone, with a thread each a tenth more. Who has the machine alone may say otherwise.
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when PyTorch is loaded
    from core import devices, slices
    from ui.player import player

    # Nobody waits for those: until they are there, threads of this process compute.
    cores = os.cpu_count() or 1
    threading.Thread(target=slices.begin_processes, args=(cores,), daemon=True).start()
    player.assets()
    devices.warm_up()
    # Streamlit collects garbage after every run of a page. What PyTorch brought is there to stay:
    # looking through its 400,000 objects took 0.3 s each time, in which nothing else ran.
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # or PyTorch's parts complain when the process ends


@cache
def warm_up() -> threading.Thread:
    """The thread that loads PyTorch and bundles Vega, started at the first call of the process."""
    thread = threading.Thread(target=_load, name="warm-up", daemon=True)
    thread.start()
    return thread


def wait() -> None:
    """Return when all is loaded, saying so meanwhile: for a lesson opened on a cold server."""
    if warm_up().is_alive():
        with st.spinner("Starting PyTorch: a few seconds, the first time only."):
            warm_up().join()
