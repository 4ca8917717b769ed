"""Many runs at once, against the same runs one after the other."""

import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core import gradient_descent, matrix_game, sine_fit
from core.race import race
from core.sweep import AHEAD, sweep

ROOT = Path(__file__).parents[2]
WATCHDOG = 60  # seconds, after which a test that waits has failed; none is ever waited out


class Count(NamedTuple):
    step: int
    of: int


def count(config: int) -> Iterator[Count]:
    """`config` updates of nothing; below 0 it raises in the middle."""
    for step in range(abs(config) + 1):
        if config < 0 and step == 1:
            raise ValueError(f"config = {config} is not allowed.")
        yield Count(step, config)


class Endless:
    """A run that tells when it has begun and when it has stopped; config 0 has one state only."""

    def __init__(self) -> None:
        self.began, self.stopped = threading.Event(), threading.Event()

    def __call__(self, config: int) -> Iterator[Count]:
        yield Count(0, config)
        try:
            for step in itertools.count(1) if config else ():
                yield Count(step, config)
                self.began.set()
        finally:
            if config:
                self.stopped.set()


class Gated:
    """A run of one update a config, which waits until it is let through; `begun` in their order."""

    def __init__(self, configs: int) -> None:
        self.gates = [threading.Event() for _ in range(configs)]
        self.begun: list[int] = []
        self.began = threading.Semaphore(0)

    def __call__(self, config: int) -> Iterator[Count]:
        yield Count(0, config)
        self.begun.append(config)
        self.began.release()
        assert self.gates[config].wait(WATCHDOG)
        yield Count(1, config)


class AtOnce(Executor):
    """An executor that is neither threads nor processes: a task is done before submit returns."""

    def submit(self, fn, /, *args: Any, **named: Any) -> Future[Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **named))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    """A pool that spawns, with as many threads of PyTorch a process as there are here."""
    threads = torch.get_num_threads()
    with ProcessPoolExecutor(2, get_context("spawn"), torch.set_num_threads, (threads,)) as pool:
        yield pool


# --- What comes out.


OPTIMISERS = race(sine_fit, "optimiser", ("normalised", "adam", "newton"))
RUNS = {
    "gradient_descent": (
        gradient_descent.run,
        [gradient_descent.Config(learning_rate=rate, steps=20) for rate in (0.05, 0.5, 1e150)],
    ),
    "matrix_game": (
        matrix_game.run,
        [matrix_game.Config(learner=learner, steps=20) for learner in matrix_game.LEARNERS],
    ),
    "a race": (
        OPTIMISERS.run,
        [sine_fit.Config(points=10_000, noise=1.0, seed=seed, steps=10) for seed in range(4)],
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_every_executor_has_the_last_states_of_the_runs_one_by_one(
    name: str, processes: ProcessPoolExecutor
) -> None:
    run, configs = RUNS[name]
    expected = {index: list(run(config))[-1] for index, config in enumerate(configs)}
    with ThreadPoolExecutor(3) as threads:
        for executor in (None, threads, processes, AtOnce()):
            ended = list(sweep(run, configs, executor))
            assert sorted(index for index, _ in ended) == list(expected)
            for index, state in ended:
                assert type(state) is type(expected[index])
                torch.testing.assert_close(
                    flat(state), flat(expected[index]), rtol=0, atol=0, equal_nan=True
                )


def flat(state: Any) -> list[torch.Tensor]:
    """All numbers of a state, a race's too."""
    if isinstance(state, tuple):
        return [tensor for part in state for tensor in flat(part)]
    return [torch.as_tensor(state)] if isinstance(state, int | torch.Tensor) else []


@settings(deadline=None)
@given(configs=st.lists(st.integers(-3, 20), max_size=12), workers=st.integers(0, 4))
def test_all_that_end_come_and_then_the_error_of_the_first_that_raised(
    configs: list[int], workers: int
) -> None:
    """Whatever computes: threads of its own, of a pool, or the very thread that asks."""
    fine = {index: Count(config, config) for index, config in enumerate(configs) if config >= 0}
    wrong = [index for index, config in enumerate(configs) if config < 0]
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        states = sweep(count, configs, [None, AtOnce(), pool][min(workers, 2)])
        assert dict(itertools.islice(states, len(fine))) == fine
        if wrong:
            with pytest.raises(ValueError, match=f"config = {configs[wrong[0]]} ") as caught:
                next(states)
            (note,) = caught.value.__notes__
            assert f"run {wrong[0]} " in note
            assert str(wrong) in note
        assert next(states, None) is None


def test_an_error_in_another_process_comes_as_what_it_is(processes: ProcessPoolExecutor) -> None:
    good = gradient_descent.Config(steps=3)
    states = sweep(gradient_descent.run, [replace(good, device="cuda:999"), good], processes)
    index, state = next(states)
    assert (index, state.step) == (1, 3)
    with pytest.raises(RuntimeError, match=r'device = "cuda:999" does not exist') as caught:
        next(states)
    assert "run 0 " in caught.value.__notes__[0]


def test_runs_come_in_the_order_in_which_they_end() -> None:
    run = Gated(3)
    with ThreadPoolExecutor(3) as pool:
        states = sweep(run, range(3), pool)
        for index in (2, 0, 1):
            run.gates[index].set()
            assert next(states) == (index, Count(1, index))


def test_the_order_holds_however_late_somebody_asks() -> None:
    with ThreadPoolExecutor(1) as pool:
        states = sweep(count, range(50), pool)
    assert [index for index, _ in states] == list(range(50))  # the pool waited for all of them


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files as Linux does")
def test_states_of_another_process_hold_no_files_open(processes: ProcessPoolExecutor) -> None:
    configs = [gradient_descent.Config(steps=1)] * 50
    before = len(list(Path("/proc/self/fd").iterdir()))
    states = list(sweep(gradient_descent.run, configs, processes))
    # Fewer than one a state; other threads of this process may open some.
    assert len(list(Path("/proc/self/fd").iterdir())) - before < len(states)


# --- How far ahead it computes.


def test_configs_are_asked_for_as_states_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that they may be without end, and no more states wait than were asked for."""
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    for executor, ahead in ((None, 3), (AtOnce(), AHEAD)):
        drawn = itertools.count()
        states = sweep(lambda config: count(config % 5), drawn, executor)
        for _ in range(7):
            next(states)
        states.close()
        assert next(drawn) == ahead + 7


# --- Leaving early.


def test_a_closed_sweep_stops_its_threads_and_is_at_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    run, drawn = Endless(), iter([1, 2])
    states = sweep(run, drawn)
    assert run.began.wait(WATCHDOG)
    states.close()
    assert next(states, None) is None
    assert run.stopped.wait(WATCHDOG)
    states.close()  # once more: nothing
    assert next(drawn) == 2  # what has not begun never will


def test_a_loop_that_is_left_stops_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    run = Endless()
    for index, state in sweep(run, [1, 0]):
        assert (index, state) == (1, Count(0, 0))
        assert run.began.wait(WATCHDOG)
        break
    assert run.stopped.wait(WATCHDOG)


def test_a_close_in_another_thread_wakes_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page's thread reads a sweep; the button that cancels is pressed in another."""
    monkeypatch.setattr("core.sweep.AHEAD", 2)
    run, read, drawn = Gated(4), [], iter(range(4))
    with ThreadPoolExecutor(1) as pool:
        states = sweep(run, drawn, pool)
        reader = threading.Thread(target=lambda: read.extend(states))
        reader.start()
        assert run.began.acquire(timeout=WATCHDOG)
        states.close()
        reader.join(WATCHDOG)
        assert not reader.is_alive()
        run.gates[0].set()
    assert read == []
    assert next(drawn) == 2  # who was woken has begun no more


def test_an_executor_that_was_passed_in_stays_and_gets_no_more_work() -> None:
    run = Gated(5)
    with ThreadPoolExecutor(1) as pool:
        states = sweep(run, range(5), pool)
        assert run.began.acquire(timeout=WATCHDOG)
        states.close()
        for gate in run.gates:
            gate.set()
        assert pool.submit(int).result(WATCHDOG) == 0  # behind all that was not cancelled
        assert run.begun == [0]
        assert list(sweep(count, [3], pool)) == [(0, Count(3, 3))]
        assert pool.submit(int).result(WATCHDOG) == 0


def test_the_end_of_a_process_waits_for_no_sweep() -> None:
    script = """
import itertools
from core.sweep import sweep
states = sweep(lambda config: itertools.count(), range(100))
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=WATCHDOG)
