"""A session: forks, and what holds whatever visitor and browser say, in any order.

The laws, for every session that can be reached:

1. A course begins at step 0, its steps grow and lie within the run, and it fits into a link.
2. A word that speaks of a run that is gone changes nothing: not late, not doubled.
3. A change that a browser has forked ends the course with it; undo then gives the course before.
4. What a link says comes back from the link written: a reload shows the same run.
5. Restart gives a run with the settings now and no other, at step 0.
6. A setting that only a new run can have begins one; one that is put back withdraws the proposal.
7. Pins have different letters and different courses; unpinned, one leaves the others.
"""

from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.gradient_descent import LIVE, Config
from ui.link import MOST_LEGS, read, write
from ui.session import (
    Session,
    arrive,
    choose,
    forked,
    hear,
    identify,
    pin,
    undo,
    unpin,
)
from ui.theme import PINS

NOW = Config(learning_rate=0.5, steps=100)
STEPS = st.integers(0, NOW.steps)
RATES = st.sampled_from([0.1, 0.2, 0.3, 0.5])


def test_a_fork_keeps_what_came_before_it():
    first, second = replace(NOW, learning_rate=0.1), replace(NOW, learning_rate=0.2)
    course = forked(((0, NOW),), 30, first)
    assert course == ((0, NOW), (30, first))
    assert forked(course, 60, second) == ((0, NOW), (30, first), (60, second))
    assert forked(course, 30, second) == ((0, NOW), (30, second))  # the same place once more
    assert forked(course, 20, second) == ((0, NOW), (20, second))  # scrubbed back
    assert forked(course, 30, NOW) == ((0, NOW),)  # moved back to what it was


def test_at_its_start_or_when_it_is_over_a_changed_run_is_a_new_one():
    changed = replace(NOW, learning_rate=0.1)
    for step in (0, NOW.steps):
        assert forked(((0, NOW),), step, changed) == ((0, changed),)


def test_a_course_does_not_outgrow_a_link():
    course = ((0, replace(NOW, learning_rate=1.0)),)
    for step in range(1, MOST_LEGS):
        course = forked(course, step, replace(NOW, learning_rate=1 + step))
    assert len(course) == MOST_LEGS
    assert len(forked(course, 200, replace(NOW, steps=300))) == 1
    now = course[-1][1]
    assert read(write(course), now, LIVE) == (course, [])


def test_names_differ_where_courses_do():
    other = replace(NOW, learning_rate=0.1)
    courses = [((0, NOW),), ((0, other),), ((0, other), (3, NOW)), ((0, other), (4, NOW))]
    assert len({identify(course) for course in courses}) == 4
    assert identify(courses[2]) == identify(((0, replace(NOW, learning_rate=0.1)), (3, NOW)))


def test_a_first_word_with_another_course_is_followed():
    """After a restart of the server the browser's address is newer than what the server knows."""
    changed = replace(NOW, learning_rate=0.1)
    course = ((0, changed), (40, NOW))
    session = Session(((0, NOW),))
    said = {"recording": identify(session.course), "course": write(course), "step": 70}
    followed = hear(session, "at", said, LIVE)
    assert (followed.course, followed.at, followed.heard) == (course, 70, True)
    again = said | {"recording": identify(course), "course": ""}
    assert hear(followed, "at", again, LIVE).course == course  # only the first word is


class Visits(RuleBasedStateMachine):
    """One visitor and one browser that says anything it may ever have known."""

    def __init__(self) -> None:
        super().__init__()
        self.session, _ = arrive({}, NOW, LIVE)
        self.wanted = NOW  # what the controls hold
        self.known = [identify(self.session.course)]  # runs that a browser has seen

    def turn(self, session: Session) -> None:
        self.session = session
        self.known.append(identify(session.course))

    @rule(rate=RATES, momentum=st.sampled_from([0.0, 0.5]))
    def a_live_control_is_chosen(self, rate: float, momentum: float) -> None:
        self.wanted = replace(self.wanted, learning_rate=rate, momentum=momentum)
        before = self.session
        self.turn(choose(before, self.wanted, LIVE))
        if before.heard:
            assert self.session.course == before.course  # it waits for the step on screen
            changed = self.wanted if self.wanted != before.config else None
            assert self.session.proposal == changed
        else:
            assert self.session.config == self.wanted

    @rule(start=st.sampled_from([(1.0,) * 5, (2.0,) * 5]), anew=st.booleans())
    def a_new_run_is_chosen(self, start: tuple[float, ...], anew: bool) -> None:
        before = self.session
        self.wanted = replace(self.wanted, start=start)
        self.turn(choose(before, self.wanted, LIVE, anew=anew))
        if anew or start != before.config.start:
            assert self.session.course == ((0, self.wanted),)
            assert self.session.proposal is None
        if anew and before.course != self.session.course:
            assert self.session.at == 0

    @rule(step=STEPS, late=st.integers(0, 5), what=st.sampled_from(["at", "fork", "restart"]))
    def a_word_comes(self, step: int, late: int, what: str) -> None:
        before = self.session
        recording = self.known[-1 - late % len(self.known)]
        self.turn(hear(before, what, {"recording": recording, "step": step}, LIVE))
        now = self.session
        assert now.heard
        if recording != identify(before.course):
            assert now == replace(before, heard=True)
        elif what == "restart":
            assert (now.course, now.at) == (((0, before.config),), 0)
        elif what == "at" or before.proposal is None:
            assert now == replace(before, heard=True, at=step)
        else:
            assert now.proposal is None
            assert now.config == before.proposal
            assert now.before == before.config
            if before.course[-1][0] < step < NOW.steps and len(before.course) < MOST_LEGS:
                assert undo(now).course == before.course
                assert undo(now).config == before.config

    @rule(rate=RATES, later=st.integers(1, 20))
    def a_slider_is_moved_while_it_plays(self, rate: float, later: int) -> None:
        """What a word alone seldom meets: a proposal that is forked in time, again and again."""
        self.a_live_control_is_chosen(rate, 0.0)
        step = min(self.session.course[-1][0] + later, NOW.steps)
        self.a_word_comes(step, 0, "fork")

    @rule(
        what=st.sampled_from(["at", "fork", "restart", "pick", ""]),
        said=st.none()
        | st.text(max_size=3)
        | st.dictionaries(
            st.sampled_from(["recording", "step", "course"]),
            st.none() | st.integers() | st.text(max_size=5) | st.floats(),
        ),
    )
    def nonsense_comes(self, what: str, said: object) -> None:
        before = self.session
        self.turn(hear(before, what, said, LIVE))
        assert self.session == replace(before, heard=True)

    @rule()
    def the_change_is_undone(self) -> None:
        """As the page does it: the controls are then set to what the course ends with."""
        self.turn(undo(self.session))
        live = {field: getattr(self.session.config, field) for field in LIVE}
        self.wanted = replace(self.wanted, **live)

    @rule()
    def the_page_is_loaded_again(self) -> None:
        """The controls come from the address, as all that they hold; the course is beside them."""
        shown = self.session
        said = {"course": [write(shown.course)], "at": [str(shown.at)]}
        self.wanted = shown.config
        session, wrong = arrive(said, self.wanted, LIVE)
        assert wrong == []
        assert [config_at(session.course, k) for k in range(101)] == [
            config_at(shown.course, k) for k in range(101)
        ]
        assert session.at == shown.at
        self.known.clear()
        self.turn(session)

    @rule()
    def the_curve_is_pinned(self) -> None:
        before = dict(self.session.pins)
        self.turn(pin(self.session))
        now = dict(self.session.pins)
        assert before.items() <= now.items()
        assert self.session.course in now.values() or len(now) == len(PINS)

    @precondition(lambda self: self.session.pins)
    @rule(which=st.integers(0, 3))
    def a_curve_is_unpinned(self, which: int) -> None:
        pins = dict(self.session.pins)
        letter = [*pins][which % len(pins)]
        self.turn(unpin(self.session, letter))
        assert dict(self.session.pins) == {k: v for k, v in pins.items() if k != letter}

    @invariant()
    def the_session_is_one_that_a_page_can_show(self) -> None:
        starts = [start for start, _ in self.session.course]
        assert starts[0] == 0
        assert starts == sorted({*starts})
        assert starts[-1] <= NOW.steps
        assert len(starts) <= MOST_LEGS
        assert 0 <= self.session.at <= NOW.steps
        assert self.session.proposal != self.session.config
        assert read(write(self.session.course), self.session.config, LIVE)[1] == []
        letters, courses = zip(*self.session.pins, strict=True) if self.session.pins else ((), ())
        assert len({*letters}) == len({*courses}) == len(letters) <= len(PINS)
        assert {*letters} <= {*PINS}
        configs = [config for _, config in self.session.course]
        fixed = {f.name for f in fields(NOW)} - LIVE
        assert all(len({getattr(c, name) for c in configs}) == 1 for name in fixed)


def config_at(course, step: int) -> Config:
    return next(config for start, config in reversed(course) if start <= step)


TestVisits = Visits.TestCase


@given(st.dictionaries(st.sampled_from(["course", "at"]), st.lists(st.text(max_size=20))))
def test_any_link_gives_a_session_and_words_about_what_was_wrong(said):
    session, wrong = arrive(said, NOW, LIVE)
    assert session.config == NOW
    assert session.at in range(NOW.steps + 1)
    assert not session.heard
    assert all(isinstance(words, str) for words in wrong)
