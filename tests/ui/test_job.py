"""What is computed beside a run."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from core.recording import Recording
from ui import job
from ui.job import Job

WATCHDOG = 20  # seconds, after which a test that waits has failed; none is ever waited out


@dataclass(frozen=True)
class Config:
    name: int
    steps: int = 3


class State(NamedTuple):
    step: int


class Gated:
    """Runs whose updates wait until their own is let through; `begun` in their order."""

    def __init__(self) -> None:
        self.gates = {name: threading.Event() for name in range(4)}
        self.begun: list[int] = []

    def __call__(self, config: Config, state: State | None = None) -> Iterator[State]:
        yield state or State(0)
        for step in range(state.step + 1 if state else 1, config.steps + 1):
            if config.name not in self.begun:
                self.begun.append(config.name)
            assert self.gates[config.name].wait(2 * WATCHDOG)  # whoever waits gives up first
            yield State(step)

    def recordings(self, count: int) -> list[Recording]:
        return [Recording(self, ((0, Config(k)),), frame=frame) for k in range(count)]


def frame(_: Config, state: State) -> dict[str, int]:
    return {"step": state.step}


def wait(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WATCHDOG
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_one_run_a_core_the_first_is_whole_before_the_third_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.sweep.os.cpu_count", lambda: 2)
    run = Gated()
    recordings = run.recordings(3)
    mine = Job(recordings)
    wait(lambda: sorted(run.begun) == [0, 1])
    run.gates[1].set()
    wait(lambda: recordings[1].finished)
    wait(lambda: run.begun[2:] == [2])
    assert mine.open
    assert not recordings[0].finished
    for gate in run.gates.values():
        gate.set()
    wait(lambda: not mine.open)
    assert all(recording.known == 4 for recording in recordings)


def test_who_closes_it_keeps_what_is_known_and_may_begin_again() -> None:
    run = Gated()
    recordings = run.recordings(4)
    run.gates[0].set()
    mine = Job(recordings)
    wait(lambda: recordings[0].finished)
    mine.close()
    wait(lambda: not mine.open)
    for gate in run.gates.values():
        gate.set()  # what had begun is in the middle of an update
    wait(lambda: not any(recording.computing for recording in recordings))
    known = [recording.known for recording in recordings]
    assert known[0] == 4
    assert min(known) < 4
    again = Job(recordings)
    wait(lambda: not again.open)
    assert all(recording.known == 4 for recording in recordings)


def test_it_stops_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(job, "time", SimpleNamespace(monotonic=lambda: now.seconds))
    run = Gated()
    mine = Job(run.recordings(2))
    wait(lambda: len(run.begun) > 0)
    now.seconds = job.LEASE_SECONDS - 1
    mine.look()
    now.seconds += job.LEASE_SECONDS - 1
    time.sleep(0.6)  # two states of who follows
    assert mine.open
    now.seconds += 2
    wait(lambda: not mine.open)
    for gate in run.gates.values():
        gate.set()


def nothing(config: Config, state: State | None = None) -> Iterator[State]:
    raise RuntimeError(f"no such device: {config.name}")
    yield State(0)


def test_an_error_of_one_costs_the_others_nothing_and_is_told(
    caught_in_threads: list[BaseException],
) -> None:
    run = Gated()
    for gate in run.gates.values():
        gate.set()
    broken = Recording(nothing, ((0, Config(7)),), frame=frame)
    recordings = [broken, *run.recordings(3)]
    mine = Job(recordings)
    wait(lambda: not mine.open)
    assert [recording.known for recording in recordings] == [0, 4, 4, 4]
    assert job.why(broken) == "no such device: 7"
    assert caught_in_threads == []


@pytest.fixture
def caught_in_threads(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """What a server's log would have as a trace."""
    caught: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: caught.append(args.exc_value))
    return caught


NAN = float("nan")


@pytest.mark.parametrize(
    ("each", "cores", "left"),
    [
        # Seconds of an update, updates, those that are left.
        ([(1.0, 6, 6)], 2, 6),
        ([(1.0, 6, 6), (1.0, 6, 5)], 2, 6),  # side by side
        ([(1.0, 6, 6), (1.0, 6, 5)], 1, 11),  # one after the other
        ([(1.0, 4, 4)] * 3, 2, 6),
        ([(1.0, 9, 0), (2.0, 9, 0)], 2, 0),
        ([(NAN, 6, 6), (NAN, 6, 6)], 2, NAN),
        # Of those that have not begun an update is taken to last as long as of the others.
        ([(1.0, 6, 2), (3.0, 6, 2), (NAN, 6, 6)], 1, 2 + 6 + 12),
        ([(1.0, 6, 0), (NAN, 6, 6)], 2, 6),
    ],
)
def test_recordings_share_the_cores(
    monkeypatch: pytest.MonkeyPatch,
    each: list[tuple[float, int, int]],
    cores: int,
    left: float,
) -> None:
    monkeypatch.setattr(job.os, "cpu_count", lambda: cores)
    recordings: list[Any] = [
        SimpleNamespace(seconds_per_step=pace, steps=steps, seconds_left=pace * rest)
        for pace, steps, rest in each
    ]
    assert job.seconds_left(recordings) == pytest.approx(left, nan_ok=True)
