"""Runs computed in the background: forks, answers meanwhile, and what all of it takes.

Who computes, threads of this process or others, is as it is when a function here is called:
`apart` begins the others, as the app does.
"""

import itertools
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench import training, versus
from core import gradient_descent, matrix_game, slices
from core.course import Course
from core.recording import SOON_SECONDS, Recording, shared
from ui.player.player import FIRST_CHUNK, answer
from ui.session import identify

PATIENCE = 300  # seconds
ROOT = Path(__file__).parents[1]
_numbers = itertools.count()  # of runs: each call has runs of its own, of which nothing is known


def apart() -> None:
    """Have runs made by as many other processes as there are cores; returns when all are ready."""
    slices.begin_processes(os.cpu_count() or 1)
    deadline = time.monotonic() + PATIENCE
    while not all(lane.ready for lane in slices._lanes):
        if time.monotonic() > deadline:
            raise RuntimeError("the processes that compute did not get ready.")
        time.sleep(0.05)


# --- A fork costs what follows.

EARLY, LATE, FORK_ROUNDS = 100, 20_000, 11


def fork_ratio() -> tuple[float, float]:
    """How long a fork of the matrix game waits for its first new frame at update 20,000 against
    100, median of rounds that take turns, and milliseconds of the late one.

    Each round forks an update before the last one's, so that no earlier fork has a state for it.
    """
    course = ((0, matrix_game.Config(learning_rate=0.01 + next(_numbers) / 1e9)),)
    whole = shared(matrix_game.run, course, frame=matrix_game.frame)
    if not whole.finish(PATIENCE).finished:
        raise RuntimeError("the run to fork did not end.")
    ratios, late = [], []
    for number in range(FORK_ROUNDS):
        rate = 0.02 + number / 1_000
        spent = [_until_new(course, step - number, rate) for step in (EARLY, LATE)]
        ratios.append(spent[1] / spent[0])
        late.append(1_000 * spent[1])
    return statistics.median(ratios), statistics.median(late)


def _until_new(course: Course, step: int, learning_rate: float) -> float:
    """Seconds from the change of settings, as a page makes it, until a frame shows it."""
    changed = replace(course[-1][1], learning_rate=learning_rate)
    began = time.perf_counter()
    fork = shared(matrix_game.run, (*course, (step, changed)), frame=matrix_game.frame)
    fork.start(SOON_SECONDS)
    first = fork.frame_of(step) + 1  # the first one beyond the step
    new = fork.frames(first, PATIENCE, 1)
    spent = time.perf_counter() - began
    fork.stop()
    if not len(new.steps):
        raise RuntimeError(f"the fork at {step} got no further.")
    while fork.computing:
        time.sleep(0.01)
    time.sleep(0.1)  # a slice that is under way ends
    return spent


# --- A slow run.

UPDATE_SECONDS, STATE_BYTES, FORK_AT, HEAD = 0.3, 10_000_000, 150, 155


@dataclass(frozen=True)
class SlowConfig:
    """200 updates, of a number that may change on the way."""

    push: float = 1.0
    steps: int = 200


class SlowState(NamedTuple):
    """Much to copy."""

    step: int
    x: np.ndarray  # (STATE_BYTES / 8,) float64


def slow_fork() -> float:
    """Seconds of computing, in whole updates, that a fork at update 150 of a slow run makes before
    its first new frame, while the run itself is being computed a few updates further on.

    Nothing is scaled: it takes 0.3 seconds an update, all but the copy asleep, 47 in all.
    """
    made: list[list[int]] = []  # the steps that each generator has made

    def run(config: SlowConfig, state: SlowState | None = None) -> Iterator[SlowState]:
        steps: list[int] = []
        made.append(steps)
        state = state or SlowState(0, np.zeros(STATE_BYTES // 8))
        yield state
        for step in range(state.step + 1, config.steps + 1):
            time.sleep(UPDATE_SECONDS)
            steps.append(step)
            state = SlowState(step, state.x + config.push)
            yield state

    def frame(config: SlowConfig, state: SlowState) -> dict[str, np.ndarray]:
        return {"x": state.x[0]}

    course = ((0, SlowConfig()),)
    playing = shared(run, course, frame=frame)
    playing.frames(HEAD, PATIENCE, 1)
    playing.lease()
    before = len(made)
    fork = shared(run, (*course, (FORK_AT, SlowConfig(push=2.0))), frame=frame)
    fork.start(SOON_SECONDS)
    fork.frames(FORK_AT + 1, PATIENCE, 1)
    fork.stop()
    playing.stop()
    updates = sum(step <= FORK_AT + 1 for steps in made[before:] for step in steps)
    if not updates:
        raise RuntimeError("the fork made no update that was counted.")
    return updates * UPDATE_SECONDS


# --- Other learners' answers.

TRAININGS, REQUESTS, PAUSE_SECONDS = 3, 200, 0.05


def milliseconds_to_answer() -> float:
    """95th percentile for known frames, while three trainings are computed."""
    course = ((0, matrix_game.Config()),)
    known = shared(matrix_game.run, course, frame=matrix_game.frame)
    known.finish(PATIENCE)
    trained = [
        shared(training.run, ((0, training.Config(seed=next(_numbers))),), frame=training.frame)
        for _ in range(TRAININGS)
    ]
    for one in trained:
        one.frames(1, PATIENCE, 1)  # what its process loads is loaded
    before = [one.known for one in trained]
    starts = random.Random(0)
    spent = []
    for number in range(REQUESTS):
        for one in trained:
            one.lease()
        request = {"recording": identify(course), "number": number, "count": FIRST_CHUNK}
        request["start"] = starts.randrange(known.total - FIRST_CHUNK)
        began = time.perf_counter()
        answer(known, request)
        spent.append(1_000 * (time.perf_counter() - began))
        time.sleep(PAUSE_SECONDS)
    for one in trained:
        one.stop()
    if any(one.known == was for one, was in zip(trained, before, strict=True)):
        raise RuntimeError("a training stood still.")
    return statistics.quantiles(spent, n=20)[-1]


# --- What it takes.

WHOLE = matrix_game.Config(steps=999 * 11)  # 1,000 frames
WHOLE_ROUNDS = 7


def finished_ratio() -> float:
    """How many times sooner 1,000 frames are there than `list` has the states of the run."""

    def frames() -> None:
        recording = Recording(matrix_game.run, ((0, WHOLE),), frame=matrix_game.frame)
        if not recording.finish(PATIENCE).finished:
            raise RuntimeError("the run did not end.")

    return versus.ratio(lambda: list(matrix_game.run(WHOLE)), frames, WHOLE_ROUNDS)


RUNS = 100


def resident_growth() -> tuple[float, float]:
    """How many times more memory a process has after 200 runs of 2,500 frames than after 100, and
    MiB of the latter; in a process of its own. Linux alone tells.
    """
    script = "from bench import background; background.print_resident()"
    command = [sys.executable, "-c", script]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    half, whole = map(int, said.split())
    return whole / half, half / 2**20


def print_resident() -> None:
    """Bytes of this process after 100 runs of all settings different, and after 200."""
    for number in range(2 * RUNS):
        if number % 2:
            lesson, config = matrix_game, matrix_game.Config(steps=2_499)
        else:
            lesson, config = gradient_descent, gradient_descent.Config(steps=2_499)
        config = replace(config, learning_rate=0.01 + number / 10_000)
        shared(lesson.run, ((0, config),), frame=lesson.frame).finish(PATIENCE)
        if number + 1 in (RUNS, 2 * RUNS):
            print(_resident())


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
