"""Slices made by another process: the same frames, whatever becomes of that process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import pytest
import torch

from core import gradient_descent, matrix_game, mnist, recording, sequences, sine_fit, slices, xor
from core.course import play
from core.recording import Recording, shared
from tests.core.gpu import needs_cuda

ROOT = Path(__file__).parents[2]
PATIENCE = 60  # seconds after which a test that hangs is given up; no result depends on it


# --- A lesson whose states are as large as wanted, and which can end the process that computes it.


@dataclass(frozen=True)
class Pile:
    steps: int = 30
    push: float = 1.0
    numbers: int = 4  # in a state
    fatal_at: int = -1  # the update that ends the process, unless that is `home`
    home: int = 0
    once: str = ""  # a file that is there once it has happened; "" for each time


class Heap(NamedTuple):
    step: int
    x: torch.Tensor  # (numbers,)


def pile(config: Pile, state: Heap | None = None) -> Iterator[Heap]:
    state = state or Heap(0, torch.zeros(config.numbers, dtype=torch.float64))
    yield state
    for step in range(state.step + 1, config.steps + 1):
        if step == config.fatal_at and os.getpid() != config.home:
            first = not config.once or not Path(config.once).exists()
            if first and config.once:
                Path(config.once).touch()
            if first:
                os.kill(os.getpid(), signal.SIGKILL)
        state = Heap(step, 0.9 * state.x + config.push)
        yield state


def look(config: Pile, state: Heap) -> dict[str, Any]:
    if config.push < 0 and state.step == 7:
        raise ValueError("no picture of the seventh")
    return {"x": state.x[:2].numpy(), "process": os.getpid()}


def recorded(**fields: Any) -> Recording:
    return Recording(pile, ((0, Pile(**fields)),), frame=look, every=1)


def plain(config: Pile) -> list[list[float]]:
    return [state.x[:2].tolist() for state in pile(config)]


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module", autouse=True)
def _another_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    # In the app the page of the last visitor is `__main__`: no other process runs it.
    page = ModuleType("__main__")
    page.__file__ = str(tmp_path_factory.mktemp("page") / "page.py")
    Path(page.__file__).write_text("raise SystemExit('a page outside of the app')")
    with patch.dict(sys.modules, {"__main__": page}):
        slices.begin_processes(1)
        assert sys.modules["__main__"] is page
    (lane,) = slices._lanes
    until(lambda: lane.ready)
    yield
    slices._lanes.clear()
    slices._places.clear()
    lane._executor.shutdown()


def test_frames_come_from_another_process_but_the_first() -> None:
    frames = recorded().finish(PATIENCE)
    assert frames.columns["x"].tolist() == plain(Pile())
    first, *others = frames.columns["process"].tolist()
    assert first == os.getpid()
    assert len(set(others)) == 1
    assert others[0] != os.getpid()


@pytest.mark.parametrize("lesson", [gradient_descent, matrix_game], ids=lambda one: one.__name__)
def test_a_steered_run_is_that_of_one_process_to_the_last_bit(lesson: ModuleType) -> None:
    course = ((0, lesson.Config(steps=300)), (77, lesson.Config(steps=300, learning_rate=0.3)))
    part = Recording(lesson.run, course[:1], frame=lesson.frame)
    part.finish(PATIENCE)
    forked = Recording(lesson.run, course, frame=lesson.frame, past=part)
    frames = forked.finish(PATIENCE)
    states = list(play(lesson.run, course))
    shown = [lesson.frame(course[state.step > 77][1], state) for state in states]
    for name, column in frames.columns.items():
        assert column.tolist() == np.stack([row[name] for row in shown]).tolist()


ON_A_GPU = [
    gradient_descent.Config(steps=300, device="cuda"),
    matrix_game.Config(steps=300, device="cuda"),
    sine_fit.Config(steps=300, device="cuda"),
    xor.Config(epochs=2, device="cuda"),
    sequences.Config(hidden=8, length=20, epochs=60, device="cuda"),
    mnist.Config("digits", hidden=(16,), epochs=4, device="cuda"),
]


@needs_cuda
@pytest.mark.parametrize("config", ON_A_GPU, ids=lambda config: type(config).__module__)
def test_another_process_computes_on_a_gpu_what_this_one_would(config: Any) -> None:
    lesson = sys.modules[type(config).__module__]
    middle, last = config.steps // 2, config.steps  # of MNIST an epoch's end: it can go on there
    rate = "step_size" if isinstance(config, sine_fit.Config) else "learning_rate"
    course = ((0, config), (middle, replace(config, **{rate: 0.05})))
    resumable = getattr(lesson, "resumable", None)
    part = Recording(lesson.run, course[:1], frame=lesson.frame, resumable=resumable)
    part.finish(PATIENCE)
    forked = Recording(lesson.run, course, frame=lesson.frame, resumable=resumable, past=part)
    frames = forked.finish(PATIENCE)
    assert frames.error is None
    assert frames.steps[-1] == last
    states = [state for state in play(lesson.run, course) if state.step in set(frames.steps)]
    shown = [lesson.frame(course[state.step > middle][1], state) for state in states]
    for name, column in frames.columns.items():
        np.testing.assert_array_equal(column, np.stack([row[name] for row in shown]))
    at = forked.at(last)
    assert at[1].is_cuda if isinstance(at[1], torch.Tensor) else at.loss.is_cuda


def test_what_only_this_process_knows_is_made_by_its_threads() -> None:
    def inside(config: Pile, state: Heap) -> dict[str, Any]:
        return look(config, state)

    part = Recording(pile, ((0, Pile()),), frame=inside, every=1)
    assert set(part.finish(PATIENCE).columns["process"].tolist()) == {os.getpid()}
    of_a_notebook = FunctionType(look.__code__, globals(), "look_at")
    of_a_notebook.__module__, of_a_notebook.__qualname__ = "__main__", "look_at"
    with patch.object(sys.modules["__main__"], "look_at", of_a_notebook, create=True):
        part = Recording(pile, ((0, Pile()),), frame=of_a_notebook, every=1)
        assert set(part.finish(PATIENCE).columns["process"].tolist()) == {os.getpid()}


def test_a_large_state_travels_once_not_with_every_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    (lane,) = slices._lanes
    submit, carried = lane.submit, []

    def noting(work: Any, nearest: Any, *rest: Any) -> Any:
        carried.append(nearest.packed is not None)
        return submit(work, nearest, *rest)

    monkeypatch.setattr(lane, "submit", noting)
    monkeypatch.setattr(recording, "SLICE_SECONDS", 0.0)  # one update
    large: dict[str, Any] = {"steps": 12, "numbers": slices.SMALL_BYTES // 8 + 1}
    part = recorded(**large)
    assert part.finish(PATIENCE).columns["x"].tolist() == plain(Pile(**large))
    assert carried == [True] + [False] * 11
    # Where the process has not what it needs any more, it is sent again.
    carried.clear()
    part = recorded(**large)
    part.frames(0, PATIENCE, count=6)
    name = part._work.name
    lane._executor.submit(slices.drop, name).result(PATIENCE)
    assert part.finish(PATIENCE).columns["x"].tolist() == plain(Pile(**large))
    assert carried.count(True) == 2


def test_an_error_in_another_process_is_told_with_the_frames_before() -> None:
    frames = recorded(push=-1.0).finish(PATIENCE)
    assert frames.error == "no picture of the seventh"
    assert frames.columns["x"].tolist() == plain(Pile(push=-1.0))[:7]


def test_where_the_process_ends_the_run_goes_on_in_the_next(tmp_path: Path) -> None:
    fields: dict[str, Any] = {"fatal_at": 20, "home": os.getpid(), "once": str(tmp_path / "ended")}
    frames = recorded(**fields).finish(PATIENCE)
    assert frames.error is None
    assert (tmp_path / "ended").exists()
    assert frames.columns["x"].tolist() == plain(Pile(**fields))


def test_a_run_that_ends_its_process_each_time_is_given_up_and_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What takes all memory ends alone; this process is never the one that it is tried in."""
    monkeypatch.setattr(recording, "MOST_BREAKS", 0)  # a process takes seconds to begin
    course = ((0, Pile(fatal_at=20, home=os.getpid())),)
    part = shared(pile, course, frame=look, every=1)
    frames = part.finish(PATIENCE)
    assert frames.error == recording.ENDED
    assert shared(pile, course, frame=look, every=1) is not part  # who reloads may try again
    assert recorded(push=2.0).finish(PATIENCE).columns["x"].tolist() == plain(Pile(push=2.0))


# --- Which process makes a run.


@pytest.fixture
def lanes(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Three processes, but for the processes."""
    lanes: list[Any] = [slices._Lane.__new__(slices._Lane) for _ in range(3)]
    for lane in lanes:
        lane.ready, lane.runs = True, set()
    monkeypatch.setattr(slices, "_lanes", lanes)
    monkeypatch.setattr(slices, "_places", {})
    return lanes


def works(count: int) -> list[slices.Work]:
    return [slices.Work((0, 2 * k), pile, look, None, ((0, Pile()),), 1) for k in range(count)]


def begin(work: slices.Work) -> Any:
    """Where its slices are made from now on."""
    lane = slices.lane_of(work)
    assert lane is not None
    lane.runs.add(work.name)
    return lane


def test_runs_begin_where_the_fewest_are_made(lanes: list[Any]) -> None:
    for work in works(11):
        begin(work)
    assert sorted(len(lane.runs) for lane in lanes) == [3, 4, 4]


def test_a_run_stays_until_it_shares_a_process_while_another_has_nothing_to_do(
    lanes: list[Any],
) -> None:
    placed = {work: begin(work) for work in works(4)}
    one, other = (work for work, lane in placed.items() if lane is lanes[0])
    (gone,) = (work for work, lane in placed.items() if lane is lanes[2])
    assert all(slices.lane_of(work) is lane for work, lane in placed.items())
    slices.rest(gone.name)
    assert begin(one) is lanes[2]
    assert slices.lane_of(other) is lanes[0]  # alone now
    assert [len(lane.runs) for lane in lanes] == [1, 1, 1]


def test_a_run_that_has_rested_goes_on_where_the_fewest_are_made(lanes: list[Any]) -> None:
    first, *others = works(6)
    begin(first)
    slices.rest(first.name)
    assert begin(first) is lanes[0]  # none has fewer: what it has in the making is there
    slices.rest(first.name)
    for work in others[:4]:
        begin(work)
    assert len(lanes[0].runs) == 2
    assert begin(first) is lanes[1]
    slices.drop(first.name)
    assert first.name not in slices._places
    assert [len(lane.runs) for lane in lanes] == [2, 1, 1]


def test_a_process_that_is_not_ready_is_given_nothing(lanes: list[Any]) -> None:
    lanes[0].ready = lanes[1].ready = False
    assert {begin(work) for work in works(4)} == {lanes[2]}
    lanes[2].ready = False
    assert slices.lane_of(works(1)[0]) is None


def test_a_run_counts_until_nobody_waits_for_it() -> None:
    (lane,) = slices._lanes
    part = recorded(steps=10**6)
    part.frames(0, PATIENCE, count=50)
    until(lambda: not part._queued)
    assert part._work.name not in lane.runs
    part.lease()
    assert part._work.name in lane.runs
    part.stop()
    until(lambda: part._work.name not in lane.runs)


@pytest.fixture
def two_lanes() -> Iterator[list[Any]]:
    """Another process beside the one that all tests here have."""
    slices.begin_processes(2)
    first, second = slices._lanes
    until(lambda: second.ready)
    yield [first, second]
    slices._lanes.remove(second)
    second._executor.shutdown()
    slices._places.clear()


def test_two_runs_at_once_have_a_process_each_whatever_was_begun_before(
    two_lanes: list[Any],
) -> None:
    one, _, other = (recorded(steps=2_000, push=push) for push in (1.0, 2.0, 3.0))
    one.lease()
    other.lease()
    processes = [set(of.finish(PATIENCE).columns["process"]) for of in (one, other)]
    assert not (processes[0] & processes[1]) - {os.getpid()}
    assert other.frames().columns["x"].tolist() == plain(Pile(steps=2_000, push=3.0))


@pytest.mark.parametrize("numbers", [4, slices.SMALL_BYTES // 8 + 1])  # a large state is asked for
def test_a_run_that_moves_is_the_same_to_the_last_bit(
    two_lanes: list[Any], numbers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "SLICE_SECONDS", 0.0)  # one update
    first, second = two_lanes
    part, beside = recorded(numbers=numbers), (0, -1)
    slices._places[part._work.name] = first
    first.runs |= {part._work.name, beside}
    second.runs.add(beside)
    part.frames(0, PATIENCE, count=10)
    first.runs.add(part._work.name)  # nobody has waited for a moment: it is taken to rest
    second.runs.discard(beside)  # nothing is left to do there
    frames = part.finish(PATIENCE)
    first.runs.discard(beside)
    assert frames.columns["x"].tolist() == plain(Pile(numbers=numbers))
    _, *others = dict.fromkeys(frames.columns["process"].tolist())
    assert len(others) == 2


ENDING = """
import os, sys, time
from core import gradient_descent as lesson, slices
from core.recording import Recording
if __name__ == "__main__":
    slices.begin_processes(1)
    lane, = slices._lanes
    while not lane.ready: time.sleep(0.05)
    part = Recording(lesson.run, ((0, lesson.Config(steps=10**7)),), frame=lesson.frame)
    part.lease(10**6)
    print(*(lane._executor.submit(told).result() for told in (os.getpid, os.getppid)), flush=True)
    if sys.argv[1] == "waits": time.sleep(10**6)
"""


def test_when_the_process_ends_or_is_killed_nothing_hangs_and_nothing_is_left(
    tmp_path: Path,
) -> None:
    script = tmp_path / "ending.py"
    script.write_text(ENDING)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    begun = [
        subprocess.Popen(
            [sys.executable, script, how], env=environment, stdout=subprocess.PIPE, text=True
        )
        for how in ("ends", "waits")
    ]
    others = [int(word) for process in begun for word in next(process.stdout or iter(())).split()]
    assert len({*others} - {process.pid for process in begun}) in (2, 4)  # and what begins others
    begun[1].kill()
    for process in begun:
        process.communicate(timeout=PATIENCE)
    for other in others:
        until(lambda other=other: not Path(f"/proc/{other}").exists())
