"""Random numbers by index: the published sequence, no collisions, nothing global."""

import math
from collections.abc import Callable
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.randomness import generator, initialise, mix
from tests.core.gpu import needs_cuda

few = settings(max_examples=50, deadline=None)
indices = st.integers(0, 2**40)

GOLDEN = 0x9E3779B97F4A7C15  # what splitmix64 adds to its state before each output
# The first outputs of splitmix64.c (S. Vigna, prng.di.unimi.it) from state 0 and from 1234567.
PUBLISHED = {
    0: (
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
        0xF88BB8A8724C81EC,
        0x1B39896A51A8749B,
    ),
    1234567: (
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ),
}


# --- Mixing.


@pytest.mark.parametrize("state", PUBLISHED)
def test_mixing_gives_the_published_sequence(state: int) -> None:
    """All but the lowest bit, which is dropped: PyTorch's seeds are signed."""
    for k, output in enumerate(PUBLISHED[state]):
        assert mix((state + k * GOLDEN) % 2**64) == output >> 1


def test_every_pair_of_indices_has_its_own_number() -> None:
    """Of 63 bits: 1,600 numbers collide by chance once in 10^13 tries."""
    mixed = {(seed, step): mix(seed, step) for seed, step in product(range(40), repeat=2)}
    assert len(set(mixed.values())) == 1_600


@few
@given(seed=indices, step=indices)
def test_seed_and_step_do_not_trade_places(seed: int, step: int) -> None:
    assert (mix(seed, step) == mix(step, seed)) == (seed == step)


@few
@given(one=indices, other=indices)
def test_a_step_equal_to_the_seed_is_nothing_special(one: int, other: int) -> None:
    assert (mix(one, one) == mix(other, other)) == (one == other)


def test_more_indices_are_other_numbers() -> None:
    numbers = [mix(*(0,) * n) for n in range(1, 6)] + [mix(1, 2, 3), mix(1, 3, 2), mix(3, 2, 1)]
    assert len(set(numbers)) == len(numbers)


@few
@given(seed=st.integers(-(2**70), 2**70), step=indices)
def test_a_number_fits_the_seed_of_a_generator(seed: int, step: int) -> None:
    assert 0 <= mix(seed, step) < 2**63


def test_neighbouring_seeds_differ_in_half_their_bits() -> None:
    differing = [(mix(seed) ^ mix(seed + 1)).bit_count() for seed in range(1_000)]
    # 1,000 times 63 fair bits: their mean has a standard deviation of 0.13, so 1 is eight of them.
    # Without mixing, neighbours differ in 2.
    assert np.mean(differing) == pytest.approx(31.5, abs=1)


@pytest.mark.parametrize("seed", [np.int64(3), np.int32(3), np.uint64(3)])
def test_whole_numbers_of_numpy_are_seeds(seed: int) -> None:
    assert mix(seed, seed) == mix(3, 3)


# --- Generators.


def test_a_generator_depends_on_its_indices_alone() -> None:
    one = torch.rand(100, generator=generator(1, 2))
    torch.rand(7, generator=generator(5))
    assert torch.equal(one, torch.rand(100, generator=generator(1, 2)))
    for others in [(2, 1), (1,), (1, 3), (1, 2, 0)]:
        assert not torch.equal(one, torch.rand(100, generator=generator(*others)))


def test_generators_of_neighbouring_steps_are_not_correlated() -> None:
    draws = [torch.rand(1_000, generator=generator(0, step)).numpy() for step in range(20)]
    found = [np.corrcoef(a, b)[0, 1] for a, b in pairwise(draws)]
    # Independent: standard deviation 1/√1000 = 0.03; five of them. The same numbers give 1.
    assert np.abs(found).max() < 0.16


def test_a_generator_is_on_the_cpu_wherever_tensors_go() -> None:
    with torch.device("meta"):
        numbers = generator(0)
    assert numbers.device.type == "cpu"


# --- Initialisation.


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 9), nn.Tanh(), nn.Linear(9, 2, bias=False))


MODULES: dict[str, Callable[[], nn.Module]] = {
    "linear": network,
    "rnn": lambda: nn.RNN(3, 5),
    "lstm": lambda: nn.LSTM(3, 5, num_layers=2, batch_first=True),
    "gru": lambda: nn.GRU(3, 5, bidirectional=True),
}
every_module = pytest.mark.parametrize("build", MODULES.values(), ids=MODULES)


def numbers_of(module: nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten().cpu() for parameter in module.parameters()])


@every_module
def test_a_seed_determines_every_parameter(build: Callable[[], nn.Module]) -> None:
    one, same, other = (numbers_of(initialise(build, seed)) for seed in (3, 3, 4))
    assert torch.equal(one, same)
    assert not (one == other).any()
    assert len(one.unique()) > 0.99 * len(one)  # drawn one by one, not layer after layer the same


@every_module
def test_initialising_leaves_the_global_generator_alone(build: Callable[[], nn.Module]) -> None:
    before = torch.get_rng_state()
    initialise(build, seed=0)
    assert torch.equal(torch.get_rng_state(), before)


@every_module
def test_the_global_seed_is_not_read(build: Callable[[], nn.Module]) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        one = numbers_of(initialise(build, seed=0))
        torch.manual_seed(2)
        assert torch.equal(one, numbers_of(initialise(build, seed=0)))


@every_module
def test_the_module_is_the_one_that_pytorch_builds(build: Callable[[], nn.Module]) -> None:
    ours, theirs = initialise(build, seed=0), _built(build)
    assert repr(ours) == repr(theirs)
    for (name, one), (other_name, other) in zip(
        ours.named_parameters(), theirs.named_parameters(), strict=True
    ):
        assert name == other_name
        assert (one.shape, one.dtype, one.requires_grad) == (other.shape, other.dtype, True)
        assert one.device.type == "cpu"


def _built(build: Callable[[], nn.Module]) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        return build()


BOUNDS: list[tuple[Callable[[], nn.Module], float]] = [
    (lambda: nn.Linear(100, 50), 1 / math.sqrt(100)),
    (lambda: nn.Linear(4, 500), 1 / 2),
    (lambda: nn.LSTM(3, 64), 1 / 8),
    (lambda: nn.GRU(100, 16), 1 / 4),
    (lambda: nn.RNN(1, 64, num_layers=2), 1 / 8),
]


@pytest.mark.parametrize(("build", "bound"), BOUNDS)
def test_parameters_are_uniform_up_to_the_bound_of_pytorch(
    build: Callable[[], nn.Module], bound: float
) -> None:
    found = numbers_of(initialise(build, seed=0)) / bound
    # n uniform numbers in ±1 have a mean of 0 ± 0.58/√n and a variance of 1/3 ± 0.30/√n. n is 500
    # or more, so five standard deviations are 0.13 and 0.07; a normal distribution, or one on half
    # the interval, misses both the bound and the variance.
    assert found.abs().max() <= 1
    assert found.abs().max() > 0.98
    assert found.mean().item() == pytest.approx(0, abs=0.13)
    assert found.var().item() == pytest.approx(1 / 3, abs=0.07)
    # PyTorch's own constructor draws from the same interval.
    assert (numbers_of(_built(build)) / bound).abs().max() == pytest.approx(1, abs=0.02)


def test_an_initialised_lstm_uses_the_parameters_it_shows() -> None:
    """Its kernels keep a list of weights of their own, which `to_empty` must not leave behind."""
    lstm = initialise(MODULES["lstm"], seed=1)
    x = torch.linspace(-1, 1, 12).reshape(1, 4, 3)
    twin = nn.LSTM(3, 5, num_layers=2, batch_first=True)
    twin.load_state_dict(lstm.state_dict())
    assert torch.equal(lstm(x)[0], twin(x)[0])
    lstm(x)[0].sum().backward()
    assert all(parameter.grad is not None for parameter in lstm.parameters())


def test_numbers_do_not_depend_on_where_tensors_go() -> None:
    on_cpu = numbers_of(initialise(network, seed=0))
    with torch.device("meta"):
        module = initialise(network, seed=0)
    assert torch.equal(numbers_of(module), on_cpu)


@needs_cuda
@every_module
def test_numbers_on_a_gpu_are_those_on_the_cpu(build: Callable[[], nn.Module]) -> None:
    before = torch.cuda.get_rng_state()
    on_gpu = initialise(build, seed=0, device="cuda")
    assert all(parameter.device.type == "cuda" for parameter in on_gpu.parameters())
    assert torch.equal(numbers_of(on_gpu), numbers_of(initialise(build, seed=0)))
    assert torch.equal(torch.cuda.get_rng_state(), before)


@pytest.mark.parametrize(
    ("build", "kind"),
    [
        (lambda: nn.Conv1d(1, 1, 3), "Conv1d"),
        (lambda: nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2)), "LayerNorm"),
        (lambda: nn.Sequential(nn.Linear(2, 2), nn.Embedding(3, 2)), "Embedding"),
        # No parameters, but running means that would be left as they lay in memory.
        (lambda: nn.Sequential(nn.BatchNorm1d(2, affine=False)), "BatchNorm1d"),
    ],
)
def test_a_module_of_another_kind_is_refused(build: Callable[[], nn.Module], kind: str) -> None:
    with pytest.raises(ValueError, match=rf"{kind}.*must be a Linear, RNN, LSTM or GRU"):
        initialise(build, seed=0)


def test_modules_without_parameters_are_no_hindrance() -> None:
    parts = nn.Linear(2, 2), nn.ReLU(), nn.Dropout(0.5), nn.Softmax(dim=1)
    assert len(list(initialise(lambda: nn.Sequential(*parts), seed=0).parameters())) == 2
