"""The document's figures, which run they are of, and what frames show beside them."""

import math
import statistics
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.mnist import (
    EXPERIMENTS,
    OFFLINE,
    Config,
    certain_loss,
    counted,
    experiment_of,
    findings,
    floor,
    frame,
    printed,
    resumable,
    run,
    shown,
    spread,
)
from core.recording import Frames, Recording
from core.theory.mnist.published import step_of

# Accuracy in percent after the first epoch, one in the middle, and the tenth; from the reference.
REFERENCE = {
    "rate 0.01": {1: 34.6, 5: 69.6, 10: 83.4},
    "rate 0.1": {10: 94.9},
    "rate 1": {1: 93.0, 7: 97.5, 8: 96.9, 10: 97.6},
    "one layer": {1: 93.4, 5: 97.0, 10: 97.8},
    "width 100": {1: 92.8, 5: 96.6, 10: 97.3},
    "width 200": {1: 93.0, 5: 96.4, 10: 97.5},
    "width 1024": {1: 93.6, 5: 97.1, 10: 97.6},
    "width 5000": {1: 94.1, 5: 97.4, 10: 98.0},
    "width 50000": {1: 55, 10: 98.1},
    "width 5000, batches of 256": {20: 97.6},
    "width 50000, batches of 256": {27: 98.2, 50: 98.2},
    "notes": {1: 15.4, 5: 30},
    "random": {5: 10.3},
}


def test_the_figures_are_those_of_the_reference():
    assert {experiment.name for experiment in EXPERIMENTS} == REFERENCE.keys()
    for experiment in EXPERIMENTS:
        found = {
            figure.epoch: round(100 * figure.value, 1)
            for figure in experiment.figures
            if figure.quantity == "accuracy"
        }
        assert found == REFERENCE[experiment.name]
        config = experiment.config(Config())
        assert max(found) <= config.epochs
        assert all(step_of(config, figure) <= config.steps for figure in experiment.figures)
        for figure in experiment.figures:
            if figure.quantity != "accuracy":
                assert floor(True) < figure.value < certain_loss(0)


def test_an_experiment_is_known_by_its_settings():
    for experiment in EXPERIMENTS:
        config = experiment.config(Config())
        assert experiment_of(config) is experiment
        assert experiment_of(replace(config, seed=7, epochs=2, device="cuda")) is experiment
    for fields in ({"softmax": False}, {"shuffle": True}, {"dataset": "fashion"}):
        assert experiment_of(replace(Config(), **fields)) is None
    assert experiment_of(OFFLINE) is None
    notes = experiment_of(Config())
    assert notes is not None
    assert notes.name == "notes"


def test_what_is_printed_is_as_far_as_the_run_goes():
    config = replace(Config(), learning_rate=1.0, epochs=7)  # 938 batches an epoch
    assert printed(config, "accuracy") == ((938, 0.93), (7 * 938, 0.975))
    assert printed(replace(config, epochs=10), "test_loss") == (
        (938, 1.532691),
        (7 * 938, 1.486677),
        (8 * 938, 1.492298),
        (10 * 938, 1.485),
    )
    assert printed(Config(), "accuracy") == ((938, 0.154), (5 * 938, 0.3))
    # Of random parameters the document says how high they get at most.
    assert printed(replace(Config(), initial="uniform"), "accuracy") == ()
    assert printed(OFFLINE, "accuracy") == ()


@given(st.lists(st.floats(0, 1) | st.just(math.nan), min_size=1, max_size=12))
def test_a_spread_is_that_of_the_seeds_that_have_ended(accuracies):
    known = [value for value in accuracies if not math.isnan(value)]
    config = replace(Config(), learning_rate=1.0, epochs=1)
    if not known:
        with pytest.raises(ValueError, match="none"):
            spread(config, accuracies)
        return
    found = spread(config, accuracies)
    assert (found.seeds, found.least, found.most) == (len(known), min(known), max(known))
    # Sums of at most twelve numbers up to 1, and a root, in 16 digits.
    assert found.mean == pytest.approx(statistics.fmean(known), abs=1e-12)
    if len(known) > 1:
        assert found.deviation == pytest.approx(statistics.stdev(known), abs=1e-7)
    assert found.published == 0.93
    assert found.within == (min(known) <= 0.93 <= max(known))
    assert math.isnan(spread(OFFLINE, accuracies).published)
    assert not spread(OFFLINE, accuracies).within


def recorded(config: Config, every: int = 1) -> Frames:
    recording = Recording(run, ((0, config),), frame=frame, every=every, resumable=resumable)
    return recording.finish(seconds=60)


def of_columns(config: Config, every: int, done: int) -> Frames:
    """Frames of a run that says of each step what it is: its losses are its steps."""
    steps = np.arange(0, done + 1, every, dtype=np.int32)
    ended = steps // config.batches
    known = np.where(ended > 0, ended * 1.0, math.nan)
    columns = {
        "loss": steps * 1.0,
        "test_loss": known + 100,
        "test_accuracy": known,
        "largest": np.full(len(steps), 0.5),
        "gradient_norm": np.ones(len(steps)),
    }
    total = config.steps // every + 1
    return Frames(0, steps, columns, total, None)


@pytest.mark.parametrize("every", [1, 3, 7])
def test_a_figure_is_measured_where_the_document_printed_it(every: int):
    config = Config(learning_rate=1.0, epochs=10)
    experiment = experiment_of(config)
    assert experiment is not None
    done = 8 * 938 + 3 * every
    found = findings(of_columns(config, every, done), config)
    assert len(found) == len(experiment.figures)
    for finding, figure in zip(found, experiment.figures, strict=True):
        assert (finding.quantity, finding.predicted) == (figure.quantity, figure.value)
        assert experiment.figures[finding.which] is figure
        if figure.epoch > 8:
            assert math.isnan(finding.measured)
            assert finding.needed is not None
            assert finding.needed > done
        elif figure.quantity == "loss":
            step = 938 * (figure.epoch - 1) + 900
            assert finding.coarse is (step % every != 0)
            assert finding.measured == step if step % every == 0 else math.isnan(finding.measured)
        else:
            expected = figure.epoch + (100 if figure.quantity == "test_loss" else 0)
            assert finding.measured == expected


def test_of_changed_settings_nothing_was_published():
    config = Config(learning_rate=1.0, epochs=2)
    frames = of_columns(config, 1, 938)
    assert findings(frames, config)
    assert findings(frames, config, (500, replace(config, learning_rate=0.1))) == []


def test_the_end_of_a_run_is_held_against_the_floor():
    config = replace(OFFLINE, softmax=True, learning_rate=0.5, epochs=3)
    found = {finding.quantity: finding for finding in findings(recorded(config), config)}
    assert found.keys() == {"floor"}
    assert found["floor"].limit == floor(True)
    assert found["floor"].measured > floor(True)


def test_a_run_with_random_parameters_is_certain_and_stands_still():
    # All 359 that test in one batch: a mean over batches counts those of a smaller one for more.
    config = Config("digits", hidden=(64, 64), initial="uniform", batch_size=359, epochs=2)
    found = {finding.quantity: finding for finding in findings(recorded(config), config)}
    assert found.keys() == {"floor", "certain_loss", "gradient"}
    assert found["gradient"].measured == found["gradient"].predicted == 0
    # Numbers of seven digits.
    assert found["certain_loss"].measured == pytest.approx(
        found["certain_loss"].predicted, rel=1e-6
    )


def test_frames_know_their_epoch():
    config = replace(OFFLINE, epochs=2, hidden=(4,))
    epochs = counted(config, recorded(config))["epoch"]
    assert epochs[:2].tolist() == [0, 1]
    assert epochs[23:25].tolist() == [1, 2]
    assert epochs[-1] == 2


def test_frames_know_how_many_of_the_sixteen_are_right():
    config = replace(OFFLINE, epochs=4, hidden=(30,))
    frames = recorded(config)
    found = counted(config, frames)
    labels = shown(config).labels
    for index, opinions in enumerate(frames.columns["opinions"]):
        right = sum(row.argmax() == label for row, label in zip(opinions, labels, strict=True))
        assert found["sixteen"][index] == right / 16
        both = [*found["first_opinions"][index], *found["last_opinions"][index]]
        assert np.array_equal(both, opinions)
    assert found["sixteen"][0] < found["sixteen"][-1]
