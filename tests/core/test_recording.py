"""A Recording against the plain run, from many threads, in slices, forked and bounded."""

import gc
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core import gradient_descent, recording, slices
from core.recording import (
    Frames,
    Recording,
    followed,
    frame_interval,
    frame_steps,
    play,
    shared,
)
from core.sweep import sweep

few = settings(max_examples=40, deadline=None)
PATIENCE = 60  # seconds after which a test that hangs is given up; no result depends on it


# --- A lesson small enough to see through: x becomes 0.9 x + push.


@dataclass(frozen=True)
class Walk:
    push: float = 1.0
    steps: int = 20


class Place(NamedTuple):
    step: int
    x: torch.Tensor  # (2,)


def walk(config: Walk, state: Place | None = None) -> Iterator[Place]:
    state = state or Place(0, torch.tensor([0.0, 4.0], dtype=torch.float64))
    yield state
    for step in range(state.step + 1, config.steps + 1):
        state = Place(step, 0.9 * state.x + config.push)
        yield state


def show(config: Walk, state: Place) -> dict[str, Any]:
    return {"first": state.x[0].item(), "both": state.x.numpy()}


class Counted:
    """`walk`, counting the states it has made; `before` is called with each step first."""

    def __init__(self, before: Callable[[int], object] = lambda step: None) -> None:
        self.states = 0
        self.before = before

    def __call__(self, config: Walk, state: Place | None = None) -> Iterator[Place]:
        steps = iter(walk(config, state))
        for step in range(state.step if state else 0, config.steps + 1):
            self.before(step)
            self.states += 1
            yield next(steps)


def make(run: Any = walk, *, every: int | None = 1, **fields: Any) -> Recording:
    return Recording(run, ((0, Walk(**fields)),), frame=show, every=every)


def everything(of: Recording) -> Frames:
    frames = of.finish(PATIENCE)
    assert frames.finished
    return frames


def chained(*course: tuple[int, Walk]) -> list[Place]:
    """The states of a course, by hand: each leg goes on from where its setting changes."""
    states: list[Place] = []
    for step, config in course:
        states = states[:step] + list(walk(config, states[step] if states else None))
    return states


def assert_shows(frames: Frames, states: list[Place]) -> None:
    """The frames are those of the states at their steps, to the last bit."""
    shown = [states[step] for step in frames.steps]
    assert len(shown) > 0
    assert frames.columns["both"].tolist() == [state.x.tolist() for state in shown]
    assert frames.columns["first"].tolist() == [state.x[0].item() for state in shown]


def assert_equal(frames: Frames, others: Frames) -> None:
    assert frames.start == others.start
    assert frames.total == others.total
    assert frames.error == others.error
    assert frames.steps.tolist() == others.steps.tolist()
    assert frames.columns.keys() == others.columns.keys()
    for name, column in frames.columns.items():
        assert column.dtype == others.columns[name].dtype
        assert column.tolist() == others.columns[name].tolist()


def elsewhere(call: Callable[[], Any]) -> Any:
    """The result of a call in another thread, so that one that waits for ever fails the test."""
    result: list[Any] = []
    thread = threading.Thread(target=lambda: result.append(call()), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert result, "the call did not return"
    return result[0]


# --- Which updates are shown.


@given(steps=st.integers(0, 10**6))
@settings(max_examples=200, deadline=None)
def test_the_interval_is_odd_and_the_smallest_that_fits(steps: int) -> None:
    every = frame_interval(steps)
    assert every % 2 == 1
    assert len(frame_steps(steps, every)) <= recording.MAX_FRAMES
    assert every == 1 or len(frame_steps(steps, every - 2)) > recording.MAX_FRAMES


def test_fewer_frames_than_the_first_and_the_last_are_refused() -> None:
    with pytest.raises(ValueError, match=r"limit = 1 is not allowed: .* at least 2"):
        frame_interval(10, limit=1)
    assert frame_steps(10, frame_interval(10, limit=2)) == [0, 10]


@given(steps=st.integers(0, 5000), every=st.integers(1, 99))
@settings(max_examples=200, deadline=None)
def test_frames_show_every_nth_update_and_always_the_last(steps: int, every: int) -> None:
    shown = frame_steps(steps, every)
    assert list(shown) == [k for k in range(steps + 1) if k % every == 0 or k == steps]


# --- What a recording shows is the run.


@pytest.mark.parametrize("every", [1, 3, 7, 99])
@pytest.mark.parametrize("steps", [0, 1, 20, 21])
def test_frames_are_those_of_the_plain_run(steps: int, every: int) -> None:
    frames = everything(make(steps=steps, every=every))
    assert frames.steps.tolist() == list(frame_steps(steps, every))
    assert frames.total == len(frames.steps)
    assert frames.error is None
    assert_shows(frames, list(walk(Walk(steps=steps))))


def test_a_lesson_of_core_is_recorded_as_it_runs() -> None:
    config = gradient_descent.Config(momentum=0.5)
    frames = everything(
        Recording(gradient_descent.run, ((0, config),), frame=gradient_descent.frame)
    )
    shown = [gradient_descent.frame(config, state) for state in gradient_descent.run(config)]
    assert frames.columns.keys() == shown[0].keys()
    for name, column in frames.columns.items():
        assert (column == np.stack([values[name] for values in shown])).all()


def test_the_interval_follows_from_the_steps_where_none_is_given() -> None:
    long = make(steps=10_000, every=None)
    assert long.every == frame_interval(10_000) > 1


@few
@given(
    asks=st.lists(st.tuples(st.integers(-3, 30), st.none() | st.integers(0, 9)), max_size=12),
    every=st.sampled_from([1, 3]),
)
def test_chunks_in_any_order_are_parts_of_the_whole(
    asks: list[tuple[int, int | None]], every: int
) -> None:
    states, part = list(walk(Walk())), make(every=every)
    for start, count in asks:
        frames = part.frames(start, seconds=0, count=count)
        assert frames.start == min(max(start, 0), part.total - 1)
        assert len(frames.steps) <= (part.total if count is None else max(count, 1))
        expected = list(frame_steps(20, every))[frames.start :][: len(frames.steps)]
        assert frames.steps.tolist() == expected
        if expected:
            assert_shows(frames, states)


@few
@given(data=st.data())
def test_chunks_joined_are_the_whole(data: st.DataObject) -> None:
    part, chunks = make(), []
    known = 0
    while known < part.total:
        chunk = part.frames(known, seconds=PATIENCE, count=data.draw(st.integers(1, 8)))
        chunks.append(chunk)
        known += len(chunk.steps)
        assert chunk.finished == (known == part.total)
    whole = everything(make())
    assert np.concatenate([chunk.steps for chunk in chunks]).tolist() == whole.steps.tolist()
    for name, column in whole.columns.items():
        joined = np.concatenate([chunk.columns[name] for chunk in chunks])
        assert joined.tolist() == column.tolist()


def test_a_count_computes_no_further_than_asked() -> None:
    run = Counted()
    part = make(run)
    assert len(part.frames(0, seconds=PATIENCE, count=5).steps) == 5
    assert (run.states, part.known) == (5, 5)


def test_what_is_known_is_not_computed_again() -> None:
    run = Counted()
    part = make(run)
    once, again = everything(part), everything(part)
    part.frames(3, seconds=PATIENCE, count=4)
    assert_equal(again, once)
    assert run.states == 21


def test_steps_are_whole_numbers_of_32_bits() -> None:
    assert everything(make()).steps.dtype == np.int32


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.bool_])
def test_a_column_keeps_the_type_of_its_values(dtype: Any) -> None:
    part = Recording(
        walk, ((0, Walk()),), frame=lambda config, state: {"z": np.array([[1, 0]], dtype)}, every=1
    )
    column = everything(part).columns["z"]
    assert column.dtype == dtype
    assert column.shape == (21, 1, 2)


# --- Time.


class Clock:
    """Stands in for `time`: a second passes with each update, and never otherwise."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        clock = SimpleNamespace(monotonic=lambda: self.now, perf_counter=lambda: self.now)
        for module in (recording, slices):
            monkeypatch.setattr(module, "time", clock)

    def tick(self, step: int) -> None:
        self.now += step > 0


def settled(part: Recording) -> Recording:
    """The recording, once no thread computes it any more."""
    deadline = time.monotonic() + PATIENCE
    while part._queued:
        assert time.monotonic() < deadline, "it goes on computing"
        time.sleep(0.001)
    return part


def test_who_only_reads_has_nothing_computed_but_the_very_first_frame() -> None:
    run = Counted()
    part = make(run)
    for start in (0, 5, 20):
        part.frames(start)
        part.frames(start, count=3)
        part.finish(0)
        assert (settled(part).known, run.states) == (1, 1)
    assert not part.computing


def test_a_lease_ends_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    part = make(Counted(Clock(monkeypatch).tick))
    part.lease(5)
    assert settled(part).known == 6  # the start, and five updates of a second each
    assert not part.computing
    part.lease(3)
    assert settled(part).known == 9
    part.lease()
    assert settled(part).known == 9 + recording.LEASE_SECONDS


def test_a_start_is_spent_in_seconds_of_computing(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    part = make(Counted(clock.tick))
    part.frames()
    clock.now += 100  # time that others take
    part.start(4)
    assert settled(part).known == 5
    part.start()
    assert settled(part).known == 5 + recording.SOON_SECONDS


def test_what_a_fork_has_taken_over_is_not_of_the_seconds_of_its_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = Counted(Clock(monkeypatch).tick)
    part = trunk(run)
    part.lease(12)
    assert settled(part).known == 13
    forked = fork(part, 10, Walk(2), run)
    forked.start(4)  # the trunk has computed for longer
    # By this clock the state that it goes on from takes a second too.
    assert settled(forked).known == 11 + 3


def test_what_is_stopped_stops_within_a_slice_and_may_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A slice is one update here, of a second."""
    clock, inside, let_go = Clock(monkeypatch), threading.Event(), threading.Event()

    def hold(step: int) -> None:
        clock.tick(step)
        if step == 5:
            inside.set()
            assert let_go.wait(PATIENCE)

    part = make(Counted(hold))
    part.frames(0, PATIENCE, count=5)
    part.lease(PATIENCE)
    assert inside.wait(PATIENCE)
    part.stop()
    assert not part.computing
    let_go.set()
    assert settled(part).known == 6  # the update that was under way
    assert_shows(everything(part), list(walk(Walk())))


@pytest.mark.parametrize(("others", "known"), [((), 4), (("B",), 7)])
def test_who_leaves_takes_back_what_they_asked_for_and_nothing_of_others(
    monkeypatch: pytest.MonkeyPatch, others: tuple[str, ...], known: int
) -> None:
    """On one thread, and by a clock by which each update takes a second, whoever it is for."""
    clock, one_thread = Clock(monkeypatch), ThreadPoolExecutor(1)
    monkeypatch.setattr(slices, "_threads", lambda: one_thread)

    def leave_at_3(step: int) -> None:
        clock.tick(step)
        if step == 3:
            part.leave("A")

    part = make(Counted(leave_at_3))

    def ask() -> None:
        part.lease(10, "A")
        part.start(15, "A")
        for name in others:
            part.lease(6, name)

    one_thread.submit(ask).result(PATIENCE)
    assert settled(part).known == known  # with the update that was under way
    part.leave("nobody")
    part.lease(1, "C")
    assert [*part._wants] == ["C"]  # names of those whose time is over are let go


def test_who_waits_gets_what_is_there_when_the_time_is_over() -> None:
    with Held() as part:
        assert elsewhere(lambda: part.frames(0, seconds=0.01)).steps.tolist() == [0, 1, 2, 3, 4]
        assert not elsewhere(lambda: part.finish(0.01)).finished


def test_two_that_are_waited_for_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """On one thread, in slices of one update, since by this clock each takes a second."""
    clock, made = Clock(monkeypatch), []
    one_thread = ThreadPoolExecutor(1)
    monkeypatch.setattr(slices, "_threads", lambda: one_thread)

    def noting(name: str) -> Callable[[int], None]:
        def note(step: int) -> None:
            clock.tick(step)
            made.append((name, step))

        return note

    parts = [make(Counted(noting(name))) for name in "ab"]
    one_thread.submit(lambda: [part.lease(1_000) for part in parts])
    one_thread.submit(lambda: None).result(PATIENCE)
    for part in parts:
        assert settled(part).known == 21
    assert made == [(name, step) for step in range(21) for name in "ab"]


def test_how_long_the_rest_takes_is_reckoned_from_the_run_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    part = make(Counted(Clock(monkeypatch).tick), every=3)
    part.lease(9)
    assert settled(part).known == 4  # after 9 updates
    assert part.seconds_left == 11
    everything(part)
    assert part.seconds_left == 0


def test_the_time_of_an_update_is_unknown_before_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    part = make(Counted(Clock(monkeypatch).tick))
    assert np.isnan(part.seconds_per_step)
    part.frames(0, count=1)
    assert np.isnan(part.seconds_per_step)
    part.finish(100)
    assert part.seconds_per_step == 1  # by this clock, exactly


def test_the_time_of_an_update_is_not_that_of_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    part = make(Counted(Clock(monkeypatch).tick), every=5)
    part.finish(100)
    assert part.seconds_per_step == 1  # not 5


# --- Threads.


def test_eight_threads_see_one_run() -> None:
    run = Counted()
    part, whole = make(run, steps=400), everything(make(steps=400))
    start = threading.Barrier(8)

    def ask(seed: int) -> list[Frames]:
        start.wait(PATIENCE)
        chunks = []
        for ask in range(1000):
            chunks.append(part.frames((seed * 37 + ask) % 7, seconds=0))
            if part.known == part.total:
                break
        return [*chunks, part.finish(PATIENCE)]

    with ThreadPoolExecutor(8) as threads:
        answers = [chunk for chunks in threads.map(ask, range(8)) for chunk in chunks]
    assert run.states == 401  # no update was computed twice
    for chunk in answers:
        end = chunk.start + len(chunk.steps)
        assert chunk.steps.tolist() == list(range(chunk.start, end))
        for name, column in chunk.columns.items():
            assert column.tolist() == whole.columns[name][chunk.start : end].tolist()


class Held:
    """A run that stands still before update 5 until it is let go."""

    def __init__(self) -> None:
        self.inside, self.let_go = threading.Event(), threading.Event()
        self.run = Counted(self._hold)
        self.part = make(self.run)
        self.part.frames(0, PATIENCE, count=5)
        self.thread = threading.Thread(target=self.part.finish, args=(PATIENCE,), daemon=True)

    def _hold(self, step: int) -> None:
        if step == 5:
            self.inside.set()
            assert self.let_go.wait(PATIENCE)

    def __enter__(self) -> Recording:
        self.thread.start()
        assert self.inside.wait(PATIENCE)
        return self.part

    def __exit__(self, *_: object) -> None:
        self.let_go.set()
        self.thread.join(PATIENCE)


def test_what_is_known_is_read_while_another_thread_computes() -> None:
    with Held() as part:
        assert elsewhere(lambda: part.frames(seconds=0)).steps.tolist() == [0, 1, 2, 3, 4]
        # Nothing is missing from these, so there is nothing to wait for.
        known = elsewhere(lambda: part.frames(1, seconds=10 * PATIENCE, count=3))
        assert known.steps.tolist() == [1, 2, 3]
        assert not elsewhere(lambda: part.frames(4, seconds=0)).finished
    assert_shows(everything(part), list(walk(Walk())))


def test_a_chunk_that_is_not_known_yet_is_empty_while_another_thread_computes() -> None:
    with Held() as part:
        chunk = elsewhere(lambda: part.frames(9, seconds=0))
        assert (chunk.start, len(chunk.steps), chunk.finished) == (9, 0, False)
        assert all(len(column) == 0 for column in chunk.columns.values())


def test_the_very_first_frame_is_waited_for() -> None:
    """A page cannot draw nothing: whoever comes second gets the frame that the first computes."""
    inside, let_go = threading.Event(), threading.Event()

    def hold(step: int) -> None:
        inside.set()
        assert let_go.wait(PATIENCE)

    part = make(Counted(hold))
    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(part.frames, 0, 0)
        assert inside.wait(PATIENCE)
        other = threads.submit(part.frames, 0, 0)
        let_go.set()
        assert one.result(PATIENCE).steps[0] == other.result(PATIENCE).steps[0] == 0


# --- Any state again.


@few
@given(known=st.integers(0, 20), asked=st.lists(st.integers(0, 20), min_size=1), every=st.just(3))
def test_a_state_is_that_of_the_run_however_much_is_known(
    known: int, asked: list[int], every: int
) -> None:
    states, part = list(walk(Walk())), make(every=every)
    part.frames(0, seconds=PATIENCE, count=1 + known // every)
    for step in asked:
        state = part.at(step)
        assert state.step == step
        assert torch.equal(state.x, states[step].x)


def test_who_follows_sees_it_grow_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "FOLLOWED_SECONDS", 0.001)
    seen = list(followed(make(Counted(lambda step: time.sleep(0.005)))))
    known = [len(frames.steps) for frames in seen]
    assert known == sorted(known)
    assert len(set(known)) > 2  # as it was computed, not in the end alone
    assert [frames.finished for frames in seen] == [False] * (len(seen) - 1) + [True]
    assert_shows(seen[-1], list(walk(Walk())))
    again = make()
    everything(again)
    assert len(list(followed(again))) == 1


def test_nothing_is_computed_for_who_follows_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "FOLLOWED_SECONDS", 0.001)
    part = make(Counted(lambda step: time.sleep(0.005)), steps=10_000)
    assert [frames.finished for frames in islice(followed(part), 2)] == [False, False]
    assert not part.computing
    known = settled(part).known
    time.sleep(0.05)  # ten updates
    assert part.known == known


def test_a_sweep_over_recordings_has_all_their_frames() -> None:
    parts = [make(push=push) for push in (1.0, 2.0, 3.0)]
    wrong = make(failing(5, ValueError("the data ran out")))
    ended = dict(sweep(followed, [*parts, wrong]))
    for index, part in enumerate(parts):
        assert_shows(ended[index], list(walk(part.course[0][1])))
    assert len(ended[3].steps) == 5  # it costs the others nothing
    assert ended[3].error == "the data ran out"


def test_looking_back_leaves_what_follows_as_it_was() -> None:
    part = make()
    part.frames(0, seconds=PATIENCE, count=8)
    part.at(3)
    part.at(20)
    assert_equal(everything(part), everything(make()))


def test_a_state_that_is_near_is_kept_and_never_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    states = list(walk(Walk(steps=100)))
    one = make(steps=100)
    assert one.near(40).step == one.nearest(40) == 0  # nobody has computed anything yet
    everything(one)
    monkeypatch.setattr(recording, "play", lambda *_: pytest.fail("replayed"))
    for step in range(101):
        state = one.near(step)
        assert one.nearest(step) == state.step
        assert step - 2 < state.step <= step  # at most 64 are kept: one in two of these
        assert torch.equal(state.x, states[state.step].x)
        state.x.zero_()  # a copy: it reaches nobody else
    for ask in (one.near, one.nearest):
        with pytest.raises(ValueError, match="step = 101 is not allowed"):
            ask(101)


def test_a_replay_that_takes_too_long_says_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    part = make(Counted(Clock(monkeypatch).tick))  # a second an update, of which 5 may be spent
    assert part.at(5, seconds=5).step == 5
    with pytest.raises(TimeoutError, match=r"step 20 takes about 20 seconds"):
        part.at(20, seconds=5)


@pytest.mark.parametrize("step", [-1, 21, 2.5, float("nan")])
def test_a_step_outside_of_the_run_is_refused(step: Any) -> None:
    with pytest.raises(ValueError, match=r"step = .* from 0 to 20"):
        make().at(step)


# --- Courses.

COURSES = [
    ((0, Walk(1)),),
    ((0, Walk(1)), (7, Walk(-2))),
    ((0, Walk(1)), (1, Walk(-2)), (2, Walk(3)), (19, Walk(0))),
    ((0, Walk(1)), (20, Walk(-2))),
    ((0, Walk(1, steps=10)), (10, Walk(-2, steps=20))),
    ((0, Walk(1, steps=30)), (4, Walk(-2, steps=20))),
]


@pytest.mark.parametrize("course", COURSES)
@pytest.mark.parametrize("every", [1, 3])
def test_a_course_is_its_legs_one_after_another(course: Any, every: int) -> None:
    states = chained(*course)
    part = Recording(walk, course, frame=show, every=every)
    frames = everything(part)
    assert part.course == course
    assert frames.steps.tolist() == list(frame_steps(20, every))
    assert_shows(frames, states)
    assert all(torch.equal(part.at(k).x, states[k].x) for k in range(21))


@pytest.mark.parametrize("course", COURSES)
def test_a_course_goes_on_from_any_of_its_states(course: Any) -> None:
    states = list(play(walk, course))
    assert [state.step for state in states] == list(range(21))
    for k, state in enumerate(states):
        rest = list(play(walk, course, state))
        assert [later.step for later in rest] == list(range(k, 21))
        assert all(
            torch.equal(later.x, expected.x)
            for later, expected in zip(rest, states[k:], strict=True)
        )


@pytest.mark.parametrize(
    "course",
    [
        (),
        ((1, Walk()),),
        ((0, Walk()), (0, Walk())),
        ((0, Walk()), (5, Walk()), (3, Walk())),
        ((0, Walk()), (-5, Walk())),
        ((0, Walk()), (2.5, Walk())),
        # A change past the end of what it changes could come only at another step.
        ((0, Walk(steps=5)), (10, Walk())),
        ((0, Walk()), (10, Walk(steps=5))),
    ],
)
def test_a_course_that_is_none_is_refused(course: Any) -> None:
    with pytest.raises(ValueError, match="course = "):
        Recording(walk, course, frame=show)


# --- Forks: `shared` goes on from the recording that it has.


def trunk(run: Any = walk, *, every: int | None = 1, show: Any = show, **fields: Any) -> Recording:
    return shared(run, ((0, Walk(**fields)),), frame=show, every=every)


def fork(
    part: Recording,
    step: int,
    config: Walk,
    run: Any = walk,
    *,
    every: int | None = 1,
    show: Any = show,
) -> Recording:
    """The recording of the course changed to `config` at `step`."""
    kept = tuple(leg for leg in part.course if leg[0] < step)
    course = (*kept, (step, config)) if kept else ((0, config),)
    return shared(run, course, frame=show, every=every)


@few
@given(
    known=st.integers(0, 21),
    step=st.integers(0, 20),
    every=st.sampled_from([1, 3, 7]),
    further=st.integers(0, 15),
)
def test_a_fork_is_the_recording_of_the_longer_course(
    known: int, step: int, every: int, further: int
) -> None:
    recording._shared.clear()
    part = trunk(every=every)
    if known:
        part.frames(0, seconds=PATIENCE, count=known)
    changed = Walk(push=-3, steps=max(21, step + 1) + further)
    forked = fork(part, step, changed, every=every)
    fresh = Recording(walk, forked.course, frame=show, every=every)
    assert forked.course == (((0, Walk()), (step, changed)) if step else ((0, changed),))
    assert_equal(everything(forked), everything(fresh))
    assert_equal(everything(part), everything(make(every=every)))  # the trunk is as it was


def courses_of(legs: list[tuple[int, float]]) -> Any:
    """A course of `Walk`s of 60 updates: each leg as many updates after the one before, a push."""
    course, step = [(0, Walk(0.0, 60))], 0
    for gap, push in legs:
        step += gap
        if step > 60:
            break
        course.append((step, Walk(push, 60)))
    return tuple(course)


legs = st.lists(st.tuples(st.integers(1, 25), st.sampled_from([0.0, 1.0, -2.0])), max_size=4)


@few
@given(
    asks=st.lists(st.tuples(legs, st.integers(0, 61)), min_size=2, max_size=6),
    every=st.sampled_from([1, 3, 7]),
)
def test_whatever_is_shared_every_course_is_that_from_scratch(
    asks: list[tuple[list[tuple[int, float]], int]], every: int
) -> None:
    """Forks, forks of forks, undone ones, half computed ones, in any order."""
    recording._shared.clear()
    for which, known in asks:
        shared(walk, courses_of(which), frame=show, every=every).frames(
            0, seconds=PATIENCE, count=known
        )
    for which, _ in asks:
        course = courses_of(which)
        part = shared(walk, course, frame=show, every=every)
        fresh = Recording(walk, course, frame=show, every=every)
        assert_equal(everything(part), everything(fresh))
        states = chained(*course)
        assert all(torch.equal(part.at(k).x, states[k].x) for k in (0, 13, 37, 60))


@pytest.mark.parametrize("step", [0, 6, 7, 19, 20])
def test_a_fork_may_end_where_it_begins(step: int) -> None:
    """Then its last frame, off the grid of every third, is none of the trunk's."""
    part = trunk(every=3)
    everything(part)
    forked = fork(part, step, Walk(steps=step), every=3)
    assert_shows(everything(forked), list(walk(Walk(steps=step))))
    assert forked.frames().steps.tolist() == list(frame_steps(step, 3))


@pytest.mark.parametrize("every", [1, 3])
def test_a_fork_forks_again(every: int) -> None:
    one = fork(trunk(every=every), 7, Walk(-2), every=every)
    two = fork(one, 13, Walk(5), every=every)
    back = fork(two, 4, Walk(9), every=every)
    again = fork(two, 13, Walk(6), every=every)  # the setting of the same step, chosen anew
    for forked, course in [
        (one, ((0, Walk()), (7, Walk(-2)))),
        (two, ((0, Walk()), (7, Walk(-2)), (13, Walk(5)))),
        (back, ((0, Walk()), (4, Walk(9)))),
        (again, ((0, Walk()), (7, Walk(-2)), (13, Walk(6)))),
    ]:
        assert forked.course == course
        assert_shows(everything(forked), chained(*course))


def test_a_fork_computes_only_what_follows() -> None:
    run = Counted()
    part = trunk(run, steps=60)
    everything(part)
    before = run.states
    forked = fork(part, 50, Walk(2, steps=60), run)
    assert run.states == before  # nothing yet
    assert forked.frames(0, count=51).steps.tolist() == list(range(51))
    assert forked.known == 51
    assert run.states == before
    everything(forked)
    assert run.states - before <= 10 + 2  # ten updates, and the state of the fork looked up
    assert torch.equal(forked.at(20).x, part.at(20).x)


def test_a_late_fork_of_a_long_run_computes_little() -> None:
    """At most the updates between two checkpoints, then those of the new frames."""
    run = Counted()
    part = trunk(run, every=None, steps=25_000)
    everything(part)
    assert run.states == 25_001
    forked = fork(part, 20_900, Walk(2, steps=25_000), run, every=None)
    first = forked.frame_of(20_900) + 1
    assert len(forked.frames(first, seconds=PATIENCE, count=20).steps) == 20
    # 11 updates a frame, a checkpoint every 64 frames.
    assert run.states - 25_001 <= 11 * (64 + 20) + 1
    # Another value for the same change, and its undoing: from the state where the settings turn.
    before = run.states
    other = fork(part, 20_900, Walk(3, steps=25_000), run, every=None)
    other.frames(first, seconds=PATIENCE, count=20)
    assert run.states - before <= 11 * 21 + 1
    del recording._shared[(run, show, part.course, None)]  # as when it has been let go
    before = run.states
    trunk(run, every=None, steps=25_000).frames(first, seconds=PATIENCE, count=20)
    assert run.states - before <= 11 * 21 + 1


def test_a_fork_at_the_head_computes_nothing_twice() -> None:
    run = Counted()
    part = trunk(run, steps=2_000)
    part.frames(0, seconds=PATIENCE, count=1_001)
    fork(part, 1_000, Walk(2, steps=2_000), run).frames(0, seconds=PATIENCE, count=1_002)
    assert run.states <= 1_001 + 2


def test_eight_sessions_that_fork_at_once_share_one_run() -> None:
    run = Counted()
    part = trunk(run, steps=400)
    everything(part)
    before, start = run.states, threading.Barrier(8)

    def steer(session: int) -> Frames:
        start.wait(PATIENCE)
        return fork(part, 350, Walk(session % 2, steps=400), run).finish(PATIENCE)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(steer, range(8)))
    for session, frames in enumerate(answers):
        assert_shows(frames, chained((0, Walk(steps=400)), (350, Walk(session % 2, steps=400))))
    # Two courses, each fifty updates and at most a stride of eight before.
    assert run.states - before <= 2 * (50 + 8 + 1)


def test_a_fork_does_not_wait_for_its_trunk() -> None:
    """While another thread computes the trunk, what the trunk knows by then is enough."""
    with Held() as part:
        recording._shared[(part._work.run, show, part.course, 1)] = part
        forked = fork(part, 3, Walk(2), part._work.run)
        frames = elsewhere(lambda: forked.frames(0, seconds=0, count=4))
        assert frames.steps.tolist() == [0, 1, 2, 3]
    assert_shows(everything(forked), chained((0, Walk()), (3, Walk(2))))


def test_a_fork_that_came_before_its_trunk_was_computed_takes_what_is_known_later() -> None:
    """Nothing is taken over before frames are asked for."""
    run = Counted()
    part = trunk(run)
    part.frames(0, seconds=0, count=1)
    forked = fork(part, 15, Walk(2), run)
    everything(part)
    before = run.states
    everything(forked)
    assert run.states - before <= 5 + 1


def test_a_trunk_with_other_frames_lends_none() -> None:
    part = trunk(every=3)
    everything(part)
    forked = fork(part, 10, Walk(2), every=1)
    assert_shows(everything(forked), chained((0, Walk()), (10, Walk(2))))


def test_a_trunk_thinned_otherwise_lends_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes make the frames of a longer run fewer still."""
    monkeypatch.setattr(recording, "MAX_BYTES", 1_000)
    part = trunk(steps=300)
    everything(part)
    forked = fork(part, 150, Walk(2, steps=900))
    assert_shows(everything(forked), chained((0, Walk(steps=300)), (150, Walk(2, steps=900))))
    assert forked.every > part.every


def test_what_is_shared_is_not_counted_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    part = Recording(walk, ((0, Walk()),), frame=show, every=1)
    frames = everything(part)
    forked = Recording(walk, ((0, Walk()), (15, Walk(2))), frame=show, every=1, past=part)
    everything(forked)
    monkeypatch.setattr(recording, "SHARED_BYTES", 0)  # so that it is counted to the byte
    # Two sets of columns, for the arrays are two; 21 states, and the five that differ.
    assert recording._held([part, forked]) == 2 * columns_of(frames) + (21 + 5) * 16
    assert part.nbytes == forked.nbytes == columns_of(frames) + 21 * 16


def test_writing_to_a_fork_does_not_reach_its_trunk() -> None:
    part = trunk()
    everything(part)
    forked = fork(part, 10, Walk(99))
    everything(forked)
    assert_shows(everything(part), list(walk(Walk())))
    forked.at(3).x.fill_(-1)
    assert torch.equal(part.at(3).x, list(walk(Walk()))[3].x)


@pytest.mark.parametrize(("step", "steps"), [(-1, 20), (21, 40), (10, 5), (2.5, 20)])
def test_a_fork_outside_of_the_run_is_refused(step: Any, steps: int) -> None:
    trunk()
    with pytest.raises(ValueError, match="course = "):
        shared(walk, ((0, Walk()), (step, Walk(steps=steps))), frame=show, every=1)


# --- Whoever does whatever to whichever, in any interleaving.

SOME = [(), ((5, 2.0),), ((30, -2.0),), ((30, -2.0), (9, 1.0)), ((30, 1.0),), ((60, 3.0),)]
deeds = st.tuples(
    st.sampled_from(SOME),
    st.sampled_from(["read", "wait", "lease", "start", "leave", "stop", "at"]),
    st.integers(0, 60),
)


@settings(max_examples=30, deadline=None)
@given(
    sessions=st.lists(st.lists(deeds, max_size=12), min_size=2, max_size=4),
    every=st.sampled_from([1, 3]),
    kept=st.integers(1, 4),
)
def test_whatever_sessions_do_at_once_all_see_the_plain_run(
    sessions: list[list[tuple[Any, str, int]]], every: int, kept: int
) -> None:
    """Forks, undone ones, leases, some given back, stops, replays, recordings let go: in threads.

    No recording computes an update of its frames twice, however often it stops and goes on.
    """
    recording._shared.clear()
    updates, counting = [0], threading.Lock()

    def counted(config: Walk, state: Place | None = None) -> Iterator[Place]:
        for now in walk(config, state):
            if now is not state:
                with counting:
                    updates[0] += 1
            yield now

    oracle = {which: chained(*courses_of(list(which))) for which in SOME}
    start, made = threading.Barrier(len(sessions)), []

    def share(which: Any) -> Recording:
        part = shared(counted, courses_of(list(which)), frame=show, every=every)
        made.append(part)
        return part

    def visit(session: list[tuple[Any, str, int]]) -> bool:
        start.wait(PATIENCE)
        for which, deed, step in session:
            part = share(which)
            if deed == "at":
                assert torch.equal(part.at(step).x, oracle[which][step].x)
            elif deed == "stop":
                part.stop()
            elif deed == "leave":
                part.leave(step % 2)
            elif deed in ("lease", "start"):
                (part.lease if deed == "lease" else part.start)(0.002 * step, step % 2)
            frames = part.frames(step // every, 0.01 if deed == "wait" else 0)
            assert frames.error is None
            if len(frames.steps):
                assert_shows(frames, oracle[which])
        return True

    limits = (recording.SHARED_RECORDINGS, recording.SLICE_SECONDS)
    recording.SHARED_RECORDINGS, recording.SLICE_SECONDS = kept, 0.0
    try:
        with ThreadPoolExecutor(len(sessions)) as threads:
            assert all(threads.map(visit, sessions, timeout=PATIENCE))
        for which in SOME:
            assert_shows(everything(share(which)), oracle[which])
    finally:
        recording.SHARED_RECORDINGS, recording.SLICE_SECONDS = limits
    for part in made:
        settled(part)
    # What is replayed for a reader is computed for that reader alone.
    replays = sum(step + 1 for session in sessions for _, deed, step in session if deed == "at")
    assert updates[0] <= sum(part.steps + 1 for part in set(made)) + replays


def test_a_first_frame_that_has_come_meanwhile_is_not_made_again() -> None:
    """As when it comes between a reader's look and its turn."""
    run = Counted()
    part = make(run)
    part.frames(0, PATIENCE, count=5)
    states = settled(part).known
    made = run.states
    part._begin_here()
    assert (settled(part).known, run.states) == (states, made)
    assert_shows(part.frames(), list(walk(Walk())))


def test_garbage_with_a_recording_in_it_may_be_collected_anywhere() -> None:
    """Python collects in whichever thread makes the next object, whatever lock that one holds."""

    def collect() -> bool:
        ring: list[Any] = [make()]
        ring.append(ring)
        del ring
        with slices._makings_lock:
            gc.collect()
        return True

    assert elsewhere(collect)


# --- Runs that raise.


def failing(at: int, error: Exception) -> Counted:
    def fail(step: int) -> None:
        if step == at:
            raise error

    return Counted(fail)


def test_a_run_that_raises_midway_keeps_its_frames_and_says_why() -> None:
    part = make(failing(5, ValueError("the data ran out")))
    for _ in range(2):
        for frames in (part.frames(0, seconds=PATIENCE), part.finish(PATIENCE)):
            assert frames.steps.tolist() == [0, 1, 2, 3, 4]
            assert_shows(frames, list(walk(Walk())))
            assert frames.error is not None
            assert "the data ran out" in frames.error
            assert frames.finished
            assert frames.total == 21
    assert part.known == 5
    assert torch.equal(part.at(4).x, list(walk(Walk()))[4].x)


def test_an_error_without_a_message_is_told_too() -> None:
    assert make(failing(5, MemoryError())).finish(PATIENCE).error


def test_a_run_that_raises_at_once_raises_each_time() -> None:
    part = make(failing(0, RuntimeError("no such device")))
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no such device"):
            part.frames()
        with pytest.raises(RuntimeError, match="no such device"):
            part.finish(PATIENCE)


def test_a_run_that_ends_too_soon_says_so() -> None:
    part = make(lambda config, state=None: islice(walk(config, state), 5))
    frames = part.finish(PATIENCE)
    assert frames.steps.tolist() == [0, 1, 2, 3, 4]
    assert frames.error is not None
    assert "step 5" in frames.error


def test_a_run_that_raised_forks_where_it_is_known() -> None:
    run = failing(5, ValueError("the data ran out"))
    part = trunk(run)
    everything(part)
    assert fork(part, 3, Walk(2), run).frames(0, count=4).steps.tolist() == [0, 1, 2, 3]
    frames = fork(part, 8, Walk(2), run).finish(PATIENCE)
    assert frames.error == "the data ran out"
    assert_shows(frames, list(walk(Walk())))


def test_a_fork_past_a_frame_that_could_not_be_made_shows_no_others() -> None:
    """`frame` may raise as `run` may. What then stands in the columns is nobody's frame."""

    def show_five(config: Walk, state: Place) -> dict[str, Any]:
        if state.step == 5:
            raise ValueError("no picture")
        return show(config, state)

    part = trunk(show=show_five)
    assert part.finish(PATIENCE).error == "no picture"
    frames = fork(part, 8, Walk(2), show=show_five).finish(PATIENCE)
    assert frames.error == "no picture"
    assert_shows(frames, list(walk(Walk())))


@few
@given(legs=st.lists(st.tuples(st.integers(1, 20), st.floats(-2, 2)), max_size=3), data=st.data())
def test_a_frame_is_made_with_the_settings_that_led_to_it(
    legs: list[tuple[int, float]], data: st.DataObject
) -> None:
    """From scratch and after a fork, at the step of the fork too."""
    course, every = courses_of(legs), data.draw(st.sampled_from([1, 3]))

    def pushed(config: Walk, state: Place) -> dict[str, Any]:
        return {"push": config.push, "x": state.x.numpy()}

    forks = [shared(walk, course[:many], frame=pushed, every=every) for many in (1, len(course))]
    for part in (Recording(walk, course, frame=pushed, every=every), *forks):
        frames = everything(part)
        expected = []
        for step in frames.steps:
            led = [config for begin, config in part.course if begin < step]
            expected.append((led or [course[0][1]])[-1].push)
        assert frames.columns["push"].tolist() == expected


# --- Bounds.


def columns_of(frames: Frames) -> int:
    return sum(column.nbytes for column in frames.columns.values())


def test_checkpoints_are_few_and_near() -> None:
    """At most 64, so of 2,500 states one in 64 or more; looking any up replays few updates."""
    run = Counted()
    part = make(run, steps=2_499)
    frames = everything(part)
    size = 16  # bytes of a state: two numbers of float64
    assert len(frames.steps) == 2_500
    assert part.nbytes - columns_of(frames) <= recording.MAX_CHECKPOINTS * size
    for step in (0, 1, 63, 64, 1_250, 2_400, 2_499):
        before = run.states
        assert part.at(step).step == step
        # Between half as many checkpoints as allowed and all of them, evenly spread.
        assert run.states - before <= 2_500 / (recording.MAX_CHECKPOINTS / 2) + 2


def test_checkpoints_keep_to_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MAX_STATE_BYTES", 100)  # six states of 16 bytes
    part = Recording(
        walk, ((0, Walk(steps=99)),), frame=lambda config, state: {"small": np.uint8(1)}, every=1
    )
    frames = everything(part)
    assert part.every == 1  # the columns fit
    assert 0 < part.nbytes - columns_of(frames) <= 100
    assert all(part.at(k).step == k for k in (0, 17, 50, 99))


def test_one_checkpoint_is_kept_however_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MAX_STATE_BYTES", 10)
    part = Recording(
        walk, ((0, Walk(steps=9)),), frame=lambda config, state: {"small": np.uint8(1)}
    )
    frames = everything(part)
    assert part.nbytes - columns_of(frames) == 16
    assert part.at(9).step == 9


@pytest.mark.parametrize("budget", [100, 1_000, 10_000])
@pytest.mark.parametrize("steps", [1, 2, 300])
def test_a_byte_budget_makes_frames_fewer(
    monkeypatch: pytest.MonkeyPatch, budget: int, steps: int
) -> None:
    monkeypatch.setattr(recording, "MAX_BYTES", budget)
    part = make(steps=steps)
    frames = everything(part)  # 24 bytes each
    assert part.every % 2 == 1
    assert columns_of(frames) <= budget
    assert frames.total == part.total == len(frames.steps)
    assert frames.steps.tolist() == list(frame_steps(steps, part.every))
    assert_shows(frames, list(walk(Walk(steps=steps))))
    assert torch.equal(part.at(steps).x, list(walk(Walk(steps=steps)))[steps].x)


class Impatient(Recording):
    """Fails, rather than hangs, where it is asked for frames over and over."""

    asked = 0

    def frames(self, *args: Any, **kwargs: Any) -> Frames:
        self.asked += 1
        assert self.asked < 1_000
        return super().frames(*args, **kwargs)


@pytest.mark.parametrize("known", [0, 1, 99])
def test_a_fork_keeps_to_the_byte_budget(monkeypatch: pytest.MonkeyPatch, known: int) -> None:
    monkeypatch.setattr(recording, "MAX_BYTES", 1_000)
    monkeypatch.setattr(recording, "Recording", Impatient)
    part = trunk(steps=300)
    if known:
        part.frames(0, seconds=PATIENCE, count=known)
    forked = fork(part, 150, Walk(-2, steps=300))
    frames = everything(forked)
    assert columns_of(frames) <= 1_000
    assert frames.steps.tolist() == list(frame_steps(300, forked.every))
    assert_shows(frames, chained((0, Walk(steps=300)), (150, Walk(-2, steps=300))))


# --- Nothing that is handed out leads back to what is kept.


def test_frames_cannot_be_written_to() -> None:
    part = make()
    frames = everything(part)
    for column in frames.columns.values():
        with pytest.raises(ValueError, match="read-only"):
            column[:] = -1
    with pytest.raises(ValueError, match="read-only"):
        frames.steps[:] = -1
    frames.columns.clear()
    assert_equal(everything(part), everything(make()))


def test_writing_to_what_frame_returned_changes_nothing() -> None:
    given_out: list[np.ndarray] = []

    def show_own(config: Walk, state: Place) -> dict[str, Any]:
        given_out.append(state.x.numpy().copy())
        return {"both": given_out[-1]}

    part = Recording(walk, ((0, Walk()),), frame=show_own, every=1)
    everything(part)
    for array in given_out:
        array[:] = -1
    states = [state.x.tolist() for state in walk(Walk())]
    assert everything(part).columns["both"].tolist() == states


@pytest.mark.parametrize("step", [0, 7, 20])
def test_writing_to_a_state_changes_nothing(step: int) -> None:
    """A recording is shared: what one session does to a state, no other may see."""
    part = make()
    everything(part)
    part.at(step).x.fill_(-1)
    assert torch.equal(part.at(step).x, list(walk(Walk()))[step].x)


# --- Shared between sessions.


@pytest.fixture(autouse=True)
def _nothing_shared_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "_shared", OrderedDict())


def share(push: float, steps: int = 20, every: int | None = 1) -> Recording:
    return shared(walk, ((0, Walk(push, steps)),), frame=show, every=every)


def test_equal_settings_share_one_recording() -> None:
    assert share(1) is share(1.0)


def test_different_settings_share_none() -> None:
    course, changed = ((0, Walk()),), ((0, Walk()), (5, Walk(2)))
    different = [
        shared(walk, course, frame=show, every=1),
        shared(walk, course, frame=show, every=3),
        shared(walk, course, frame=show),
        shared(walk, changed, frame=show, every=1),
        shared(walk, ((0, Walk(steps=21)),), frame=show, every=1),
        shared(Counted(), course, frame=show, every=1),
        shared(walk, course, frame=lambda config, state: {"x": 0.0}, every=1),
    ]
    assert len(set(map(id, different))) == len(different)


def test_a_class_that_opens_one_preset_costs_one_run() -> None:
    run = Counted()
    course = ((0, Walk(steps=200)),)
    start = threading.Barrier(8)

    def learn(_: int) -> Frames:
        start.wait(PATIENCE)
        return shared(run, course, frame=show, every=1).finish(PATIENCE)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(learn, range(8)))
    assert run.states == 201
    for frames in answers:
        assert_equal(frames, answers[0])


def test_a_class_that_opens_one_preset_makes_one_recording(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Recording] = []
    start = threading.Barrier(8)

    class Slow(Recording):
        """Gives the other threads time to make theirs, if nothing keeps them from it."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            made.append(self)
            time.sleep(0.05)
            super().__init__(*args, **kwargs)

    monkeypatch.setattr(recording, "Recording", Slow)

    def learn(_: int) -> Recording:
        start.wait(PATIENCE)
        return share(1)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(learn, range(8)))
    assert len(made) == 1
    assert all(answer is made[0] for answer in answers)


def test_the_least_recently_used_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "SHARED_RECORDINGS", 2)
    one, two = share(1), share(2)
    assert share(1) is one  # used again, so two is now the oldest
    three = share(3)
    assert share(3) is three
    assert share(1) is one
    assert share(2) is not two


def test_shared_recordings_keep_to_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = share(1), share(2)
    everything(one)
    everything(two)
    monkeypatch.setattr(recording, "SHARED_BYTES", one.nbytes + two.nbytes)
    three = share(3)  # nothing computed, so all fit
    everything(three)
    four = share(4)  # now three are too many
    assert [share(push) for push in (4, 3, 2)] == [four, three, two]
    assert share(1) is not one


def test_the_recording_asked_for_is_kept_however_large(monkeypatch: pytest.MonkeyPatch) -> None:
    one = share(1)
    everything(one)
    monkeypatch.setattr(recording, "SHARED_BYTES", 1)
    assert share(1) is one
    assert share(1) is one


def test_a_recording_let_go_plays_on_for_who_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "SHARED_RECORDINGS", 1)
    one = share(1)
    one.frames(0, seconds=0)
    share(2)
    assert_shows(everything(one), list(walk(Walk(1))))


def test_bytes_count_columns_and_states() -> None:
    part = make()
    assert part.nbytes == 0
    frames = everything(part)
    assert (
        part.nbytes == columns_of(frames) + 21 * 16
    )  # every state is a checkpoint in so short a run


def picture(size: int) -> Callable[[Walk, Place], dict[str, Any]]:
    """A frame of so many bytes, which say which step it is."""
    return lambda config, state: {"cells": np.full(size, state.step % 251, np.uint8)}


def test_what_is_held_is_what_is_known_not_what_will_be() -> None:
    size, frame = 10_000, picture(10_000)
    held = []
    for push in range(20):
        part = shared(walk, ((0, Walk(push, 2_499)),), frame=frame)
        part.frames(0, seconds=0, count=1)
        held.append(part.nbytes)
    assert held == [size + 16] * 20  # a frame and a state
    part = Recording(walk, ((0, Walk(steps=2_499)),), frame=frame)
    for count in (2, 3, 100, 1_000):
        part.frames(0, seconds=PATIENCE, count=count)
        states = recording.MAX_CHECKPOINTS * 16
        assert count * size <= part.nbytes <= 2 * count * size + states


def test_2500_pictures_of_100_by_100_stay_2500(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "GRAIN_SECONDS", math.inf)  # held up, a run has more states kept
    part = Recording(walk, ((0, Walk(steps=2_499)),), frame=picture(10_000))
    frames = everything(part)
    assert part.every == 1
    assert columns_of(frames) == 2_500 * 10_000
    assert frames.columns["cells"].max(axis=1).tolist() == [k % 251 for k in range(2_500)]
    assert part.nbytes - columns_of(frames) <= recording.MAX_CHECKPOINTS * 16


def test_rows_are_the_same_while_the_columns_grow() -> None:
    """Who reads has frames of columns that are no longer those of the recording."""
    part = Recording(walk, ((0, Walk(steps=300)),), frame=picture(8))
    read = [part.frames(0, seconds=PATIENCE, count=count) for count in range(1, 302)]
    for count, frames in enumerate(read, 1):
        assert frames.columns["cells"][:, 0].tolist() == [k % 251 for k in range(count)]


def test_a_config_replaced_by_its_equal_is_the_same_course() -> None:
    assert share(1) is shared(walk, ((0, replace(Walk(2), push=1)),), frame=show, every=1)
