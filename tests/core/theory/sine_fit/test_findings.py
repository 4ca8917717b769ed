"""What a fit shows beside theory, and the data of its pictures."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.rasters import centers, to_values
from core.recording import Recording
from core.sine_fit import (
    NOTES_END,
    NOTES_LOSS,
    Config,
    cycle_ends,
    data,
    final,
    findings,
    foretold,
    frame,
    plane,
    run,
    slice_height,
)

NOTES = Config()
SEEDS = Path(__file__).parents[5] / "shared" / "seeds"


def found(config: Config, *later) -> dict:
    recording = Recording(run, ((0, config), *later), frame=frame)
    _, rows = findings(recording.finish(60), config, *later)
    return {row.quantity: row for row in rows}


def test_the_flip_is_found_with_its_swing_ends_and_bias():
    rows = found(replace(NOTES, steps=200))
    assert list(rows) == ["end", "swing", "low", "high", "bias"]
    swing, low, high, bias = (rows[name] for name in ("swing", "low", "high", "bias"))
    assert all(row.shown(200) for row in rows.values())
    # η/2 - 1/λ is exact for a quadratic; here the valley's bends change it in the fourth digit.
    assert swing.measured == pytest.approx(swing.predicted, rel=1e-3)
    assert high.predicted - low.predicted == pytest.approx(2 * swing.predicted, rel=1e-2)
    assert low.measured == pytest.approx(low.predicted, abs=1e-3)
    assert high.measured == pytest.approx(high.predicted, abs=1e-3)
    assert bias.predicted < 0
    assert bias.measured == pytest.approx(bias.predicted, rel=0.02)


def test_a_run_too_short_says_what_it_needs():
    rows = found(NOTES)
    assert rows["swing"].shown(40)
    assert not rows["bias"].shown(40)
    # What is taken for the end drifts a little with the run's length: so may what is needed.
    steps = rows["bias"].needed + 10
    assert found(replace(NOTES, steps=steps))["bias"].shown(steps)


def test_a_run_that_rests_is_at_a_minimum():
    rows = found(replace(NOTES, reduction="mean", steps=200))
    assert list(rows) == ["end", "amplitude", "frequency"]
    assert (rows["amplitude"].predicted, rows["frequency"].predicted) == pytest.approx((1, 1))
    assert rows["frequency"].measured == pytest.approx(1, abs=1e-6)


def test_before_the_run_is_over_nothing_is_found():
    recording = Recording(run, ((0, NOTES),), frame=frame)
    assert findings(recording.frames(0, 0, 3), NOTES) == (None, [])


def test_only_what_follows_a_change_counts():
    later = (100, replace(NOTES, step_size=0.05, steps=200))
    rows = found(replace(NOTES, steps=200), later)
    assert rows["swing"].predicted == pytest.approx(0.05 / 2, rel=0.01)
    assert rows["swing"].measured == pytest.approx(rows["swing"].predicted, rel=1e-3)


def test_with_much_momentum_no_flip_is_promised():
    config = replace(NOTES, momentum=0.9)
    assert final(config).tail.kind == "wanders"
    assert list(found(replace(config, steps=400))) == ["end"]


def test_clipping_flips_as_well_by_half_a_step():
    """`clip_grad_norm_` with 1: from η/2 on one wall a step of η leads to η/2 on the other."""
    x, y = data(NOTES)
    w = torch.tensor([1.0, 1.04], dtype=torch.float64, requires_grad=True)
    optimizer, places = torch.optim.SGD([w], lr=0.1), []
    for _ in range(200):
        optimizer.zero_grad()
        ((w[0] * torch.sin(w[1] * x) - y) ** 2).sum().backward()
        torch.nn.utils.clip_grad_norm_([w], max_norm=1.0)
        optimizer.step()
        places.append(w.detach().clone())
    moves = torch.stack(places[-9:]).diff(dim=0).norm(dim=1)
    assert moves.numpy() == pytest.approx(np.full(8, 0.1), rel=1e-6)  # 2 · η/2
    assert torch.dist(places[-1], places[-3]) < 1e-3


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the notes are not beside the project")
def test_the_figures_of_the_notes_stand_in_the_notes():
    notes = "".join(file.read_text() for file in sorted(SEEDS.iterdir()))
    assert f"tensor({NOTES_LOSS}, grad_fn" in notes
    assert "tensor([{:.4f}, {:.4f}], requires_grad=True)".format(*NOTES_END) in notes


def test_the_numbers_foretold_are_those_of_the_run():
    states = list(run(NOTES))
    numbers = foretold(NOTES)
    gradients = torch.stack([state.gradient for state in states]).numpy()
    # The same sums in another order, and 40 steps in which slips grow little.
    assert numbers.loss == pytest.approx([float(state.loss) for state in states], rel=1e-9)
    curvatures = [float(state.curvature) for state in states]
    assert numbers.curvature == pytest.approx(curvatures, rel=1e-9)
    lengths = np.linalg.norm(gradients, axis=1, keepdims=True)
    assert numbers.unit_gradient == pytest.approx(gradients / lengths, abs=1e-8)


def test_the_ends_foretold_lie_on_the_loss():
    ends = cycle_ends(NOTES)
    assert ends["x"] == pytest.approx([0.9445, 1.0443], abs=5e-4)
    x, y = (values.numpy() for values in data(NOTES))
    for frequency, loss in zip(ends["x"], ends["y"], strict=True):
        # The amplitude there is unknown here; the best one has less loss, that of 1.02 more.
        assert np.sum((np.sin(frequency * x) - y) ** 2) == pytest.approx(loss, rel=0.2)
    assert cycle_ends(replace(NOTES, reduction="mean"))["x"].size == 0


def test_the_picture_of_the_loss_is_its_logarithm_at_the_middles_of_cells():
    picture = plane(NOTES)
    rows, columns = picture.cells.shape
    amplitudes = centers(picture.lower, picture.upper, rows)
    frequencies = centers(picture.left, picture.right, columns)
    x, y = (values.numpy() for values in data(NOTES))
    values = to_values(picture.cells, picture.low, picture.high)
    for row, column in ((0, 0), (rows - 1, columns // 2), (rows // 2, columns - 1)):
        wave = amplitudes[row] * np.sin(frequencies[column] * x)
        loss = math.log10(np.sum((wave - y) ** 2))
        half_a_byte = (picture.high - picture.low) / 254 / 2
        assert values[row, column] == pytest.approx(loss, abs=half_a_byte + 1e-9)
    assert picture.lower < 1 < NOTES.amplitude < picture.upper
    assert picture.left < NOTES.frequency < picture.right


def test_the_slice_has_room_for_what_the_run_does_and_no_more_than_its_valley():
    losses = [float(state.loss) for state in run(NOTES)]
    assert max(losses) < slice_height(NOTES) < 1.3 * max(losses)
    start = frame(NOTES, next(run(NOTES)))["slice"]
    away = replace(NOTES, optimiser="gradient_descent")
    assert slice_height(away) == pytest.approx(1.2 * start.max(), rel=1e-6)  # float32
    assert slice_height(replace(NOTES, true_amplitude=0.0, amplitude=0.0)) == 1
