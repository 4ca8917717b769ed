"""The matrix game: the notes' run, hand-written gradients, batches, what a page shows."""

import copy
import math
import pickle
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.matrix_game import (
    FEW,
    GAMES,
    LEARNERS,
    SHOWN,
    Config,
    State,
    analyse,
    average,
    averages,
    cloud,
    diverged,
    energy,
    flow,
    followed,
    frame,
    laps,
    measure,
    plain_pytorch,
    run,
)
from core.recording import play
from tests.core.games import NOTES, SEXES, STRONG, every_learner, few, games, recorded
from tests.core.gpu import needs_cuda

# --- The notes' run.


@pytest.fixture(scope="module")
def notes() -> dict[str, np.ndarray]:
    return recorded(NOTES)


def test_the_notes_run_cycles_with_the_published_laps(notes: dict[str, np.ndarray]):
    assert [notes[name][0] for name in notes] == pytest.approx([0.5, 0.5, 2.5, 2.75], abs=1e-15)
    lengths = np.diff(laps(NOTES, notes["p"]))
    # Printed with one decimal.
    assert lengths == pytest.approx([3551.2, 3556.4, 3561.8, 3567.2, 3572.6, 3578.2], abs=0.05)


def test_the_notes_run_gains_nine_percent_of_energy(notes: dict[str, np.ndarray]):
    above = energy(NOTES, notes["p"], notes["q"]) - energy(NOTES, 0.6, 0.75)
    assert above[0] == pytest.approx(2.60269, abs=5e-6)
    assert above[-1] == pytest.approx(2.84060, abs=5e-6)
    assert above[-1] / above[0] == pytest.approx(1.09, abs=0.005)
    assert (np.diff(above) > 0).all()  # at every single update


def test_averages_over_whole_laps_are_the_equilibrium_and_others_are_not(
    notes: dict[str, np.ndarray],
):
    begins = laps(NOTES, notes["p"])
    found = analyse(NOTES)
    for name, expected in zip(notes, found[1:5], strict=True):
        over_laps = average(notes[name], begins)
        assert over_laps.shape == (6,)
        # The orbit drifts by 1.5 % of its energy a lap, and does not quite close.
        assert over_laps == pytest.approx(np.full(6, expected), abs=2e-3)
        partial = average(notes[name], begins[:2] + np.array([0, 900]))
        assert abs(partial[0] - expected) > 0.01


def test_what_a_run_shows_is_measured(notes: dict[str, np.ndarray]):
    columns = {name: notes[name][:, None] for name in ("p", "q", "reward_0", "reward_1")}
    logit = {name: np.log(notes[name]) - np.log1p(-notes[name]) for name in ("p", "q")}
    columns["logits"] = np.stack([logit["p"], logit["q"]], axis=1)[..., None]
    thinned = {name: values[::11] for name, values in columns.items()}
    for frames, every in ((columns, 1), (thinned, 11)):
        seen = measure(NOTES, frames, every)
        assert seen.laps == 6
        assert seen.first_lap == pytest.approx(3551.2, abs=0.1)
        assert seen.last_lap == pytest.approx(3578.2, abs=0.1)
        # The energy of the notes' run: 2.84060 / 2.60269 in seven laps.
        assert (1 + seen.gained) ** 7 == pytest.approx(2.84060 / 2.60269, abs=1e-3)
        assert seen.averages == pytest.approx((0.6, 0.75, 2.5, 2.6), abs=2e-3)
        assert seen.half_lives[0] < 0
    short = measure(NOTES, {name: values[:2] for name, values in columns.items()}, 1)
    assert short.laps == 0
    assert np.isnan([short.first_lap, short.last_lap, *short.averages]).all()


def test_averages_begin_with_the_first_lap_where_there_are_laps(notes: dict[str, np.ndarray]):
    found = averages(NOTES, notes["p"], notes["q"])
    begins = laps(NOTES, notes["p"])
    assert np.isnan(found["so_far"][: int(begins[0]) + 1]).all()
    assert found["whole"][-1, 0] == average(notes["p"], begins)[-1]
    early = averages(NOTES, notes["p"][:9], notes["q"][:9])
    assert np.isnan(early["so_far"]).all()
    rolling = averages(SEXES, np.array([0.5, 0.6, 0.7]), np.array([0.5, 0.4, 0.3]))
    assert rolling["so_far"][2].tolist() == pytest.approx([0.6, 0.4])


# --- The run itself.


@few
@given(games(), st.floats(-3, 3), st.floats(-3, 3))
def test_the_field_is_the_formula_and_the_jacobian_is_autograds(game: Config, a0: float, a1: float):
    state = next(run(replace(game, starts=((a0, a1),))))
    (p, q), (dp, dq) = (state.p, state.q), flow(game, state.p, state.q)
    expected = torch.stack([dp / (p * (1 - p)), dq / (q * (1 - q))])
    torch.testing.assert_close(state.field, expected, rtol=1e-9, atol=1e-13)
    numbers = flow(game, p.item(), q.item())
    assert numbers == pytest.approx((dp.item(), dq.item()))


@pytest.mark.parametrize(
    "learner", ["extragradient", "optimistic", "lookahead", "consensus", "symplectic"]
)
def test_remedies_reach_the_equilibrium_and_naive_learning_leaves(learner: str):
    *_, last = run(replace(STRONG, learner=learner, learning_rate=1.0, steps=1000))
    assert (last.p.item(), last.q.item()) == pytest.approx((0.6, 0.75), abs=1e-6)
    *_, naive = run(replace(STRONG, learning_rate=1.0, steps=1000))
    assert energy(NOTES, naive.p, naive.q) > 1.5 * energy(NOTES, 0.5, 0.5)


def by_hand(config: Config, start: tuple[float, float]) -> list[list[float]]:
    """p and q of every update, all derivatives written out for a 2 x 2 game, in plain Python."""
    (A, B), (C, D) = config.payoff_0
    (E, F), (G, H) = config.payoff_1
    c0, c1, eta, gamma = A - B - C + D, E - F - G + H, config.learning_rate, config.learner_step

    def parts(a0: float, a1: float) -> tuple[float, ...]:
        p, q = 1 / (1 + math.exp(-a0)), 1 / (1 + math.exp(-a1))
        return p, q, p * (1 - p), q * (1 - q)

    def v(a0: float, a1: float) -> tuple[float, float]:
        p, q, u, w = parts(a0, a1)
        return u * ((A - C) * q + (B - D) * (1 - q)), w * ((E - F) * p + (G - H) * (1 - p))

    a0, a1 = start
    before = v(a0, a1)
    path = []
    for _ in range(config.steps + 1):
        p, q, u, w = parts(a0, a1)
        path.append([p, q])
        v0, v1 = d0, d1 = v(a0, a1)
        J00, J11 = v0 * (1 - 2 * p), v1 * (1 - 2 * q)
        J01, J10 = c0 * u * w, c1 * u * w
        if config.learner == "alternating":
            d1 = v(a0 + eta * v0, a1)[1]
        elif config.learner == "extragradient":
            d0, d1 = v(a0 + eta * v0, a1 + eta * v1)
        elif config.learner == "optimistic":
            d0, d1 = 2 * v0 - before[0], 2 * v1 - before[1]
        elif config.learner == "lookahead":
            d0, d1 = v0 + gamma * J01 * v1, v1 + gamma * J10 * v0
        elif config.learner == "consensus":
            d0, d1 = v0 - gamma * (J00 * v0 + J10 * v1), v1 - gamma * (J01 * v0 + J11 * v1)
        elif config.learner == "symplectic":
            d0, d1 = v0 + gamma * (J01 - J10) / 2 * v1, v1 - gamma * (J01 - J10) / 2 * v0
        elif config.learner == "lola":
            d0 = v0 + gamma * w * ((A - B) * p + (C - D) * (1 - p)) * J10
            d1 = v1 + gamma * u * ((E - G) * q + (F - H) * (1 - q)) * J01
        before = v0, v1
        a0, a1 = a0 + eta * d0, a1 + eta * d1
    return path


@few
@given(
    games(learning_rate=0.2, learner_step=0.6, steps=40),
    st.sampled_from(list(LEARNERS)),
    st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
)
def test_a_plain_loop_with_gradients_by_hand_goes_the_same_way(
    game: Config, learner: str, start: tuple[float, float]
):
    config = replace(game, learner=learner, starts=(start,))
    R0, R1 = np.array(config.payoff_0), np.array(config.payoff_1)
    for state, (p, q) in zip(run(config), by_hand(config, start), strict=True):
        # Rounding of 1e-16, forty updates that near a saddle multiply it by 1e5 at most.
        assert (state.p.item(), state.q.item()) == pytest.approx((p, q), abs=1e-9)
        mixed = np.outer([p, 1 - p], [q, 1 - q])
        assert state.reward_0.item() == pytest.approx((R0 * mixed).sum(), abs=1e-7)
        assert state.reward_1.item() == pytest.approx((R1 * mixed).sum(), abs=1e-7)


@every_learner
def test_the_hand_written_loop_can_tell_the_learners_apart(learner: str):
    config = replace(STRONG, learner=learner, steps=5)
    for other in LEARNERS:
        *_, last = run(replace(config, learner=other))
        same = by_hand(config, (0.0, 0.0))[-1] == pytest.approx(
            [last.p.item(), last.q.item()], abs=1e-9
        )
        assert same == (other == learner)


@every_learner
def test_a_run_goes_on_from_a_state_that_was_pickled(learner: str):
    config = replace(STRONG, learner=learner, starts=((0.0, 0.0), (1.0, -2.0)), steps=20)
    states = list(run(config))
    for k in (0, 1, 13, 20):
        for moved in (pickle.loads(pickle.dumps(states[k])), copy.deepcopy(states[k])):
            resumed = list(run(config, moved))
            assert len(resumed) == 21 - k
            for one, other in zip(resumed, states[k:], strict=True):
                assert same_bits(one, other)


def same_bits(one: State, other: State) -> bool:
    return one.step == other.step and all(
        torch.equal(a, b) for a, b in zip(one[1:], other[1:], strict=True)
    )


@every_learner
@pytest.mark.parametrize("count", [2, 1003, 16_391])
def test_every_row_of_a_batch_is_the_run_alone_to_the_last_bit(learner: str, count: int):
    """More than 16,384 are shared out to threads; an odd count leaves some that fill no vector."""
    generator = torch.Generator().manual_seed(count)
    logits = 4 * torch.randn(count, 2, generator=generator, dtype=torch.float64)
    starts = tuple((a0, a1) for a0, a1 in logits.tolist())
    config = replace(STRONG, learner=learner, starts=starts, steps=3)
    *_, together = run(config)
    for k in {0, 1, count // 3, count // 2, count - 2, count - 1}:
        *_, alone = run(replace(config, starts=(starts[k],)))
        row = State(together.step, *(values[..., k : k + 1] for values in together[1:]))
        assert same_bits(row, alone)


def test_a_steered_run_takes_the_new_learner_from_that_step_on():
    course = (
        (0, replace(STRONG, steps=30)),
        (10, replace(STRONG, learner="optimistic", steps=30)),
        (20, replace(STRONG, learner="consensus", learning_rate=0.1, learner_step=2.0, steps=30)),
    )
    states = list(play(run, course))
    assert [state.step for state in states] == list(range(31))
    eta, ninth, tenth = 0.3, states[9], states[10]
    expected = tenth.logits + eta * (2 * tenth.field - ninth.field)
    assert torch.equal(states[11].logits, expected)
    assert torch.equal(tenth.field_before, ninth.field)


def test_the_field_before_the_first_update_is_the_field():
    first, second = islice(run(STRONG), 2)
    assert torch.equal(first.field_before, first.field)
    assert torch.equal(second.field_before, first.field)
    assert not torch.equal(second.field, first.field)


@every_learner
def test_huge_logits_stay_numbers(learner: str):
    starts = ((1000.0, -1000.0), (-1e300, 0.5), (0.0, 1e308), (40.0, -40.0))
    *_, last = run(replace(STRONG, learner=learner, starts=starts, steps=5))
    assert not diverged(last)
    assert all(values.isfinite().all() for values in last[1:])
    assert last.p.tolist()[:2] == [1, 0]
    assert energy(NOTES, last.p, last.q)[:3].tolist() == [math.inf] * 3


def test_probabilities_are_those_of_torch():
    starts = tuple((a / 10, -a / 7) for a in range(-400, 401))
    state = next(run(replace(NOTES, starts=starts)))
    # The odd few at the end are rounded otherwise there.
    torch.testing.assert_close(state.p, torch.sigmoid(state.logits[0]), rtol=1e-15, atol=0)
    torch.testing.assert_close(state.q, torch.sigmoid(state.logits[1]), rtol=1e-15, atol=0)


@every_learner
def test_a_wild_run_says_that_it_diverged(learner: str):
    wild = Config(((1e6, -1e6), (-1e6, 1e6)), ((-1e6, 1e6), (1e6, -1e6)), ((0.1, 0.2),))
    *_, last = run(replace(wild, learner=learner, learning_rate=1e308, learner_step=1e3, steps=4))
    assert last.step == 4
    analysis = analyse(replace(wild, learner=learner, learning_rate=1e308, learner_step=1e300))
    assert analysis.kind == "cycle"
    nothing = torch.full((2, 1), math.nan)
    assert diverged(last._replace(logits=nothing))
    assert diverged(last._replace(logits=torch.tensor([[0.0], [math.inf]])))
    assert not diverged(next(run(wild)))


# --- What a page shows.


def test_a_frame_shows_the_first_runs_of_a_large_batch():
    starts = tuple((k / 100, -k / 100) for k in range(SHOWN + 50))
    large = replace(NOTES, starts=starts)
    state = next(run(large))
    shown = frame(large, state)
    assert {name: values.shape for name, values in shown.items()} == {
        "p": (FEW,),
        "q": (FEW,),
        "reward_0": (FEW,),
        "reward_1": (FEW,),
        "logits": (2, FEW),
        "field": (2, FEW),
        "cloud": (2, SHOWN),
    }
    assert shown["logits"][0].tolist() == [a0 for a0, _ in starts[:FEW]]
    assert shown["p"].tolist() == state.p[:FEW].tolist()
    assert shown["cloud"].dtype == np.float32
    assert shown["cloud"][1].tolist() == state.q[:SHOWN].float().tolist()
    small = frame(NOTES, next(run(NOTES)))
    assert small["logits"].shape == (2, 1)
    assert "cloud" not in small


def test_a_cloud_fills_its_disk_and_so_does_its_beginning():
    center = np.array([1.0, -2.0])
    away = np.array(cloud(6_000, (1.0, -2.0), 0.5)) - center
    radius, angle = np.hypot(*away.T), np.arctan2(away[:, 1], away[:, 0]) % (2 * math.pi)
    assert (angle // (math.pi / 3) == np.arange(6_000) % 6).all()
    for part in (slice(600), slice(None)):
        # As many within a radius as its area has, and in each sixth of the angle.
        inside = [np.mean(radius[part] < 0.5 * math.sqrt(share)) for share in (0.25, 0.5, 0.75, 1)]
        assert inside == pytest.approx([0.25, 0.5, 0.75, 1], abs=0.02)
        halves = np.mean(angle[part] % (math.pi / 3) < math.pi / 6)
        assert halves == pytest.approx(0.5, abs=0.02)


def test_rivals_run_beside_as_they_would_alone():
    starts = ((0.3, -1.0), (0.0, 2.0))
    rivals = tuple(LEARNERS)[1:]
    config = replace(STRONG, starts=starts, steps=40, learner="optimistic")
    states = list(run(replace(config, rivals=rivals)))
    assert len(states[0].p) == 2 + 7
    alone = [replace(config, starts=(start,)) for start in starts]
    alone += [replace(alone[0], learner=rival) for rival in rivals]
    for k, one in enumerate(alone):
        for state, expected in zip(states, run(one), strict=True):
            assert torch.equal(state.logits[:, k : k + 1], expected.logits)
            assert torch.equal(state.field_before[:, k : k + 1], expected.field_before)


@every_learner
def test_the_script_prints_the_run(learner: str, capsys: pytest.CaptureFixture[str]):
    config = replace(STRONG, learner=learner, starts=((0.3, -1.0), (0.0, 2.0)), steps=510)
    exec(plain_pytorch(config), {})
    lines = [line.split() for line in capsys.readouterr().out.strip().split("\n")]
    assert [int(line[0]) for line in lines] == [*range(0, 510, 21), 510]
    states = list(run(config))
    for step, *numbers in lines:
        expected = [values[0].item() for values in states[int(step)][2:6]]
        # Rounded differently, some hundred updates of a cycle, which does not multiply it.
        assert [float(number) for number in numbers] == pytest.approx(expected, abs=1e-10)


def test_too_many_starts_are_refused_by_their_number():
    many = ((0.0, 0.0),) * 100_001
    with pytest.raises(ValueError, match=r"starts = 100001 pairs .* 1 to 100000 pairs") as caught:
        Config(starts=many)
    assert len(str(caught.value)) < 200
    assert len(Config(starts=many[1:]).starts) == 100_000


# --- With a GPU.


@needs_cuda
@every_learner
def test_a_run_on_a_gpu_is_that_on_the_cpu(learner: str):
    config = replace(STRONG, learner=learner, starts=((0.0, 0.0), (2.0, -1.0)), steps=200)
    there = replace(config, device="cuda")
    for one, other in zip(run(there), run(config), strict=True):
        assert all(values.device.type == "cuda" for values in one[1:])
        shown, expected = frame(there, one), frame(config, other)
        for name, values in expected.items():
            # exp rounds its last digit otherwise: 1e-16 an update, on a cycle that keeps it.
            assert np.abs(shown[name] - values).max() < 1e-11


@needs_cuda
@every_learner
def test_rows_on_a_gpu_are_runs_alone_and_resume_bit_for_bit(learner: str):
    logits = torch.linspace(-5, 5, 2 * 1003, dtype=torch.float64).reshape(1003, 2)
    starts = tuple((a0, a1) for a0, a1 in logits.tolist())
    config = replace(STRONG, learner=learner, starts=starts, steps=5, device="cuda")
    states = list(run(config))
    for one, other in zip(run(config, states[2]), states[2:], strict=True):
        assert same_bits(one, other)
    for k in (0, 500, 1002):
        *_, alone = run(replace(config, starts=(starts[k],)))
        row = State(5, *(values[..., k : k + 1] for values in states[-1][1:]))
        assert same_bits(row, alone)


@needs_cuda
def test_a_state_of_the_cpu_goes_on_on_a_gpu():
    states = list(run(replace(STRONG, steps=10)))
    *_, last = run(replace(STRONG, steps=10, device="cuda"), states[4])
    assert last.p.device.type == "cuda"
    assert last.p.item() == pytest.approx(states[-1].p.item(), abs=1e-13)


def test_runs_of_the_same_learner_are_numbered_and_of_a_batch_the_first_is_followed():
    one = Config(rivals=("lola",))
    assert followed(one) == {"naive": "naive", "lola": "lola"}
    two = Config(starts=((0.0, 0.0), (1.0, 1.0)), rivals=("naive", "lola"))
    assert list(followed(two)) == ["naive 1", "naive 2", "naive 3", "lola"]
    assert list(followed(Config(starts=((0.0, 0.0),) * 17, rivals=("lola",)))) == ["naive", "lola"]


def test_what_play_comes_to_on_average_is_known_where_it_goes_round():
    assert analyse(Config()).means == analyse(Config())
    saddle = analyse(Config(**GAMES["stag hunt"]))
    assert saddle.kind == "saddle"
    assert all(math.isnan(x) for x in (saddle.means.p, saddle.means.value_1))
