"""What a run would show, and how long it has to be."""

from dataclasses import replace

import pytest

from core.matrix_game import analyse, findings, foreseen, frame, needed, run
from core.recording import Recording
from core.theory.matrix_game.laps import measure
from tests.core.games import NOTES, STAG_HUNT


def test_a_half_life_is_not_read_where_only_rounding_is_left():
    """Consensus at rest: its last 5,000 updates only flip last digits."""
    config = replace(NOTES, learner="consensus", learning_rate=0.3, steps=20_000)
    found = foreseen(0, 1, config).measured
    assert found.half_lives[0] == pytest.approx(analyse(config).half_life, rel=0.01)
    assert found.last_lap == pytest.approx(analyse(config).period, rel=0.01)


def test_what_a_run_needs_is_what_it_takes():
    short = replace(NOTES, learning_rate=0.1, steps=500)

    def tells(seen) -> bool:
        return seen.measured.laps > 0

    count = needed(tells, 0, 1, short)
    assert count is not None
    for steps, shown in ((count - 1, 0), (count, 1)):
        assert foreseen(0, 1, replace(short, steps=steps)).measured.laps == shown
    assert needed(tells, 0, 1, replace(short, steps=1000)) == 1000
    assert needed(tells, 0, 1, replace(STAG_HUNT, steps=100)) is None


def test_a_page_that_runs_again_asks_theory_nothing_anew(monkeypatch):
    """Of eleven runs a search for how long each must be takes a quarter of a second."""
    asked = []

    def counted(*what):
        asked.append(what)
        return measure(*what)

    monkeypatch.setattr("core.theory.matrix_game.foreseen.measure", counted)
    config = replace(NOTES, starts=tuple((0.1 * k, 0.5) for k in range(11)), steps=301)
    frames = Recording(run, ((0, config),), frame=frame).finish(60)
    first = findings(frames, 1, 11, config)
    assert len(asked) > 100
    asked.clear()
    assert str(findings(frames, 1, 11, config)) == str(first)  # some are nan
    assert not asked
