"""What is known without training: the best line, what noise hides, limits that runs keep."""

import math

import pytest
import torch
from torch import nn

from core.recording import Recording
from core.theory.xor.points import draw
from core.xor import (
    Config,
    best_line,
    findings,
    frame,
    like_notes,
    noise_error,
    points,
    predict,
    run,
    sharpness,
)


def test_a_line_tells_nothing_of_even_xor():
    """Three corners of four would be right with another line; of least loss is the one of none."""
    corners = ((0.0, 0.0, 0), (0.0, 1.0, 1), (1.0, 0.0, 1), (1.0, 1.0, 0))
    line = best_line(Config(data="own", extra_points=corners, test_share=0.0))
    assert line.loss == pytest.approx(math.log(2), abs=1e-12)
    drawn = best_line(Config(test_share=0.0))
    # 2,500 points are not quite even: their three parameters gain about 3 / (2 n).
    assert math.log(2) - 10 / 2500 < drawn.loss < math.log(2)


def test_points_that_a_line_parts_have_no_least_loss_but_0():
    assert best_line(Config(data="blobs")) == (0.0, 1.0)
    assert best_line(Config(features=("x", "y", "xy"), noise=0.01)).loss == 0  # xy bends for it


@pytest.mark.parametrize("data", ["moons", "circle", "xor", "spiral"])
def test_the_best_line_is_what_torchs_own_optimizer_finds(data: str):
    config = Config(data=data, samples=400, noise=0.3, features=("x", "y", "xy"))
    data_, model = points(config), nn.Linear(3, 1).double()
    x, y = data_.train.double().T
    inputs = torch.stack([x, y, x * y], dim=1)
    optimizer = torch.optim.LBFGS(
        model.parameters(), max_iter=500, tolerance_grad=1e-10, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = nn.BCEWithLogitsLoss()(model(inputs).squeeze(1), data_.train_labels.double())
        value.backward()
        return value

    optimizer.step(loss)
    assert best_line(config).loss == pytest.approx(loss().item(), rel=1e-7)


@pytest.mark.parametrize("features", [("x", "y"), ("x", "x^2"), ("x", "y", "x^2", "y^2", "xy")])
@pytest.mark.parametrize(("far", "size"), [(1000.0, 1.0), (0.0, 1e-3), (50.0, 1e3)])
def test_the_least_loss_is_the_same_wherever_and_however_large_the_points_are(features, far, size):
    """Lines over 1, x and x² are those over 1, x - d and (x - d)²; so with y and xy."""
    drawn = points(Config(data="moons", samples=60, noise=0.4, test_share=0.0))
    # To float32, of which inputs are, squares of what is moved and scaled must be exact.
    rounded = (drawn.train * 8).round() / 8

    def least(move: float, scale: float) -> float:
        moved = (rounded.double() * scale + move).tolist()
        own = tuple((x, y, int(label)) for (x, y), label in zip(moved, labels, strict=True))
        return best_line(
            Config(data="own", extra_points=own, features=features, test_share=0.0)
        ).loss

    labels = drawn.train_labels.tolist()
    near = least(0.0, 1.0)
    assert 0.05 < near < math.log(2)
    # A float32 square of 1000 is rounded by 0.03: of that size are the differences that remain.
    assert least(far * size, size) == pytest.approx(near, rel=2e-3)


def test_inputs_that_repeat_another_are_no_obstacle():
    own = tuple((float(k % 4), 0.0, int(k % 3 == 0)) for k in range(24))
    line = best_line(Config(data="own", extra_points=own, features=("x", "y", "y^2", "xy")))
    assert 0 < line.loss < math.log(2) + 1e-9


@pytest.mark.parametrize(("data", "noise"), [("xor", 0.3), ("xor", 0.5), ("blobs", 0.6)])
def test_noise_hides_as_many_points_as_the_formula_says(data: str, noise: float):
    places, label = draw(data, 10_000, noise, 3)
    side = places > 0.5
    guess = (side[:, 0] ^ side[:, 1]) if data == "xor" else places.sum(dim=1) > 1
    wrong = (guess != label.bool()).float().mean().item()
    share = noise_error(Config(data=data, noise=noise))
    assert wrong == pytest.approx(share, abs=5 * math.sqrt(share * (1 - share) / 10_000))
    assert share > 0.05  # enough of them to be counted


def test_the_notes_noise_hides_nothing():
    # 5 standard deviations: 2 · 2.87e-7.
    assert noise_error(Config()) == pytest.approx(5.73e-7, rel=1e-3)
    assert noise_error(Config(noise=0.0)) == 0
    assert math.isnan(noise_error(Config(data="moons")))


def test_what_is_predicted_of_the_notes_run():
    theory = predict(Config(test_share=0.0))
    assert theory.parameters == 17
    assert theory.constant_loss == pytest.approx(math.log(2), abs=0.001)  # classes are nearly even
    assert theory.line_loss < theory.constant_loss
    assert theory.edge == pytest.approx(20)
    assert math.isnan(predict(Config(optimiser="adam")).edge)
    assert predict(Config(layers=3, hidden=8)).parameters == 3 * 8 + 2 * 72 + 9
    one = predict(Config(data="own", extra_points=((0.0, 0.0, 1),) * 3))
    assert one.constant_loss == 0
    assert like_notes(Config(test_share=0.0, seed=3))
    assert not like_notes(Config())


def test_a_network_without_a_bend_ends_at_the_best_line():
    config = Config(
        data="moons",
        samples=200,
        activation="linear",
        learning_rate=0.5,
        batch_size=200,
        epochs=1500,
        noise=0.3,
    )
    *_, last = run(config)
    line = best_line(config)
    # Newton's is the least; gradient descent is still on its way there, by less than a hundredth.
    assert line.loss - 1e-6 < last.loss.item() < 1.01 * line.loss
    assert last.train_accuracy.item() == pytest.approx(line.accuracy, abs=0.02)


def test_findings_are_of_the_last_frame():
    config = Config(samples=300, epochs=5)
    recording = Recording(run, ((0, config),), frame=frame, every=1)
    assert findings(recording.frames(count=2), config) == []
    frames = recording.finish(60)
    *_, last = run(config)
    found = {one.quantity: one for one in findings(frames, config)}
    assert found["parameters"].predicted == found["parameters"].measured == 17
    assert found["accuracy"].measured == last.train_accuracy.item()
    assert last.test_accuracy is not None
    assert found["test_accuracy"].measured == last.test_accuracy.item()
    assert found["loss"].measured == last.loss.item()
    assert found["sharpness"].measured == pytest.approx(sharpness(config, last), rel=1e-6)
    assert found["sharpness"].limit == pytest.approx(20)
    # Another course: its last settings say where the edge is.
    faster = ((0, config), (3, Config(samples=300, epochs=5, learning_rate=0.5)))
    frames = Recording(run, faster, frame=frame, every=1).finish(60)
    later = {one.quantity: one for one in findings(frames, config, faster[1])}
    assert later["sharpness"].limit == pytest.approx(4)


@pytest.mark.parametrize(("noise", "hides"), [(0.0, False), (0.1, False), (0.2, True), (0.5, True)])
def test_noise_is_named_where_it_hides_points_that_can_be_seen(noise: float, hides: bool):
    """Of the notes' noise, 0.1, a coordinate in 3.5 million is on the wrong side."""
    config = Config(samples=100, epochs=1, noise=noise)
    frames = Recording(run, ((0, config),), frame=frame, every=1).finish(60)
    found = {one.quantity: one for one in findings(frames, config)}
    for quantity in ("accuracy", "test_accuracy"):
        assert math.isnan(found[quantity].limit) != hides
        if hides:
            assert found[quantity].limit == 1 - noise_error(config)
