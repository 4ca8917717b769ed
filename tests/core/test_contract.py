"""The laws that every lesson of `core` obeys, whatever it teaches, and every race of one.

A lesson is a module of `core` with `Config`, `State` and `run`. A new one is found by itself, and
settings to try and to refuse are made of its RANGES. Where it has fields that are neither numbers
in RANGES nor flags, it needs a line in CONFIGS (small valid settings) and one in REFUSED (settings
of these fields that must be refused).
"""

import copy
import dataclasses
import importlib
import inspect
import math
import pickle
import pkgutil
import random
from collections.abc import Iterator
from contextlib import suppress
from types import ModuleType
from typing import Any, get_type_hints

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import core
from core import (
    course,
    gradient_descent,
    matrix_game,
    mnist,
    sequences,
    sine_fit,
    sweep,
    theory,
    xor,
)
from core import race as racing
from core.matrix_game import LEARNERS
from core.race import Race, race
from core.ranges import Range
from core.sine_fit import OPTIMISERS, REDUCTIONS
from core.xor import ACTIVATIONS, LOSSES
from tests.core.gpu import needs_cuda

THEORY = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(theory.__path__, "core.theory.")
]
MODULES = [
    importlib.import_module(f"core.{found.name}") for found in pkgutil.iter_modules(core.__path__)
]
LESSONS = [
    module
    for module in MODULES
    if all(hasattr(module, name) for name in ("Config", "State", "run"))
]


def name_of(lesson: ModuleType | Race) -> str:
    name = lesson.__name__.removeprefix("core.")
    return f"race of {name} over {lesson.field}" if isinstance(lesson, Race) else name


every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=name_of)
few = settings(
    max_examples=16, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


# --- What each lesson supplies.


@st.composite
def _gradient_descent(draw: st.DrawFn, least: int = 1, most: int = 4) -> dict[str, Any]:
    weight = st.floats(-10, 10)
    n = draw(st.integers(least, most))
    # A learning rate of 1e150 reaches inf and nan within a few updates.
    learning_rate = st.floats(1e-3, 2.5) | st.sampled_from([0.05, 0.5, 1.0, 1e150])
    return {
        "start": tuple(draw(st.lists(weight, min_size=n, max_size=n))),
        "target": tuple(draw(st.lists(weight, min_size=n, max_size=n))),
        "learning_rate": draw(learning_rate),
        "momentum": draw(st.floats(0, 1) | st.sampled_from([0.0, 1.0])),
        "zero_grad": draw(st.booleans()),
        "steps": draw(st.integers(0, 12)),
    }


@st.composite
def _linear_regression(draw: st.DrawFn) -> dict[str, Any]:
    entry = st.floats(-10, 10)
    n = draw(st.integers(1, 4))
    row = st.lists(entry, min_size=n, max_size=n).map(tuple)
    return {
        "A": tuple(draw(st.lists(row, min_size=n, max_size=n))),
        "b": draw(row),
        "start": draw(row),
        "damping_factor": draw(st.floats(1e-3, 1) | st.sampled_from([0.5, 1e150])),
        "momentum": draw(st.floats(0, 1) | st.sampled_from([0.0, 1.0])),
        "steps": draw(st.integers(0, 12)),
    }


@st.composite
def _matrix_game(draw: st.DrawFn) -> dict[str, Any]:
    row = st.tuples(st.floats(-10, 10), st.floats(-10, 10))
    start = st.tuples(st.floats(-5, 5) | st.just(800.0), st.floats(-5, 5))
    return {
        "payoff_0": draw(st.tuples(row, row)),
        "payoff_1": draw(st.tuples(row, row)),
        "starts": tuple(draw(st.lists(start, min_size=1, max_size=20))),
        # A learning rate of 1e308 reaches inf and nan within a few updates.
        "learning_rate": draw(st.floats(1e-3, 10) | st.just(1e308)),
        "learner": draw(st.sampled_from(list(LEARNERS))),
        "learner_step": draw(st.floats(1e-3, 10)),
        "rivals": tuple(draw(st.lists(st.sampled_from(list(LEARNERS)), max_size=2))),
        "steps": draw(st.integers(0, 8)),
    }


@st.composite
def _sine_fit(draw: st.DrawFn) -> dict[str, Any]:
    amplitude, frequency = st.floats(-3, 3), st.floats(-4, 4)
    return {
        "points": draw(st.integers(1, 60)),
        "width": draw(st.floats(0.1, 30)),
        "noise": draw(st.just(0.0) | st.floats(0, 1)),
        "true_amplitude": draw(amplitude),
        "true_frequency": draw(frequency),
        "second_amplitude": draw(st.just(0.0) | amplitude),
        "second_frequency": draw(frequency),
        "amplitude": draw(amplitude),
        "frequency": draw(frequency),
        "optimiser": draw(st.sampled_from(list(OPTIMISERS))),
        # A step size of 1e150 reaches inf and nan within a few updates of some optimisers.
        "step_size": draw(st.floats(1e-5, 1) | st.just(1e150)),
        "momentum": draw(st.just(0.0) | st.floats(0, 1)),
        "decay": draw(st.just(0.0) | st.floats(0, 2)),
        "reduction": draw(st.sampled_from(REDUCTIONS)),
        "steps": draw(st.integers(0, 12)),
        "seed": draw(st.integers(0, 2**40)),
    }


@st.composite
def _xor(draw: st.DrawFn) -> dict[str, Any]:
    place = st.floats(-3, 3)
    point = st.tuples(place, place, st.integers(0, 1))
    held = st.tuples(st.sampled_from(["linear1.bias", "linear2.bias"]), st.just(0), place)
    return {
        "data": draw(st.sampled_from(["xor", "circle", "moons", "spiral", "blobs", "own"])),
        "samples": draw(st.integers(1, 30)),
        "noise": draw(st.floats(0, 1)),
        "extra_points": tuple(draw(st.lists(point, min_size=1, max_size=9))),
        "features": draw(st.sampled_from([("x", "y"), ("xy",), ("sin y", "x^2", "x")])),
        "hidden": draw(st.integers(1, 4)),
        "layers": draw(st.integers(1, 3)),
        "activation": draw(st.sampled_from(list(ACTIVATIONS))),
        "optimiser": draw(st.sampled_from(["sgd", "adam"])),
        # A learning rate of 1e30 reaches inf and nan within a few updates.
        "learning_rate": draw(st.floats(1e-3, 2) | st.just(1e30)),
        "momentum": draw(st.just(0.0) | st.floats(0, 1)),
        "weight_decay": draw(st.just(0.0) | st.floats(0, 1)),
        "held": tuple(draw(st.lists(held, max_size=2, unique_by=lambda one: one[0]))),
        "batch_size": draw(st.integers(4, 40)),
        "epochs": draw(st.integers(0, 2)),
        "test_share": draw(st.sampled_from([0.0, 0.2, 0.7])),
        "loss": draw(st.sampled_from(list(LOSSES))),
        "seed": draw(st.integers(0, 2**40)),
    }


@st.composite
def _sequences(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "cell": draw(st.sampled_from(["LSTM", "GRU"])),
        "hidden": draw(st.integers(1, 6)),
        "layers": draw(st.integers(1, 3)),
        "sequences": draw(st.integers(1, 4)),
        "length": draw(st.integers(3, 12)),
        "low_hz": draw(st.floats(0, 3)),
        "high_hz": draw(st.floats(0, 3)),
        # A learning rate of 1e30 reaches inf and nan within a few updates.
        "learning_rate": draw(st.floats(1e-3, 1) | st.just(1e30)),
        "epochs": draw(st.integers(0, 6)),
        "seed": draw(st.integers(0, 2**40)),
    }


@st.composite
def _mnist(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "dataset": "digits",  # which are on every machine
        "hidden": tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))),
        "softmax": draw(st.booleans()),
        # A learning rate of 1e30 reaches inf and nan within a few updates.
        "learning_rate": draw(st.floats(1e-3, 2) | st.just(1e30)),
        "batch_size": draw(st.integers(300, 2_000)),
        "epochs": draw(st.integers(0, 2)),
        "initial": draw(st.sampled_from(["default", "uniform"])),
        "shuffle": draw(st.booleans()),
        "seed": draw(st.integers(0, 2**40)),
    }


CONFIGS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "gradient_descent": _gradient_descent(),
    "linear_regression": _linear_regression(),
    "matrix_game": _matrix_game(),
    "mnist": _mnist(),
    "sine_fit": _sine_fit(),
    "sequences": _sequences(),
    "xor": _xor(),
}

# Lanes of other values, of other shapes, and of other lengths than the config's.
RACES: dict[Race, st.SearchStrategy[dict[str, Any]]] = {
    race(gradient_descent, "target", ((0.0,) * 5, (1.0, -2.0, 3.0, -4.0, 5.0))): (
        _gradient_descent(least=5, most=5)
    ),
    race(gradient_descent, "steps", (0, 3, 20)): _gradient_descent(),
    race(sine_fit, "optimiser", ("adam", "normalised")): _sine_fit(),
    race(matrix_game, "starts", (((0.0, 0.0),), ((1.0, 2.0), (800.0, 4.0)))): _matrix_game(),
    race(xor, "batch_size", (3, 7, 40)): _xor(),
    race(sequences, "cell", ("LSTM", "GRU")): _sequences(),
    race(mnist, "hidden", ((3,), (4, 2))): _mnist(),
}

every_run = pytest.mark.parametrize("lesson", [*LESSONS, *RACES], ids=name_of)

# (field, value, what the message says is allowed), of fields that RANGES does not name
REFUSED: dict[str, list[tuple[str, Any, str]]] = {
    "gradient_descent": [
        ("start", (), "at least 1"),
        ("start", (1.0, math.nan, 1.0, 1.0, 1.0), "finite number"),
        ("target", (0.0, 1.0), "5 numbers"),
        ("target", (0.0, 1.0, 2.0, 3.0, "4"), "finite number"),
    ],
    "linear_regression": [
        ("A", (), "1 to 6 rows"),
        ("A", ((1.0,),) * 7, "1 to 6 rows"),
        ("A", 3.0, "1 to 6 rows"),
        ("A", ((1.0, 2.0), (3.0,)), "2 numbers"),
        ("A", ((1.0, math.inf), (3.0, 1.0)), "from -1000000 to 1000000"),
        ("b", (1.0, 2e6), "from -1000000 to 1000000"),
        ("start", (1.0, 2.0, 3.0), "2 numbers"),
    ],
    "matrix_game": [
        ("rivals", ("naive", "sgd"), "one of naive"),
        ("rivals", ["naive"], "at most 7"),
        ("rivals", ("naive",) * 8, "at most 7"),
        ("payoff_0", ((1.0, 2.0),), "2 rows"),
        ("payoff_0", ((1.0, 2.0), (3.0, 4.0), (5.0, 6.0)), "2 rows"),
        ("payoff_0", ((1.0, 2.0), (3.0,)), "2 numbers"),
        ("payoff_0", ((1.0, 2.0), 3.0), "at least 1 number"),
        ("payoff_1", ((1.0, 2e6), (3.0, 4.0)), "from -1000000 to 1000000"),
        ("payoff_1", ((1.0, 2.0), (math.nan, 4.0)), "from -1000000 to 1000000"),
        ("starts", (), "1 to 100000 pairs"),
        ("starts", ((0.0, 0.0), (1.0,)), "2 numbers"),
        ("starts", ((0.0, math.inf),), "finite number"),
        ("starts", (0.0, 0.0), "at least 1 number"),
        ("learner", "momentum", "naive, alternating, extragradient, optimistic, lookahead"),
    ],
    "sequences": [("cell", "RNN", "one of LSTM, GRU")],
    "mnist": [
        ("dataset", "letters", "one of mnist, fashion, digits"),
        ("hidden", (), "at least 1 number"),
        ("hidden", (512, 0), "a whole number from 1 to 100000"),
        ("hidden", (512.0,), "a whole number from 1 to 100000"),
        ("hidden", (100_001,), "a whole number from 1 to 100000"),
        ("hidden", (2,) * 9, "at most 8"),
        ("initial", "zero", "one of default, uniform"),
    ],
    "sine_fit": [
        ("optimiser", "sgd", "one of normalised, gradient_descent, momentum, adam, newton"),
        ("reduction", "median", "one of sum, mean"),
    ],
    "xor": [
        ("data", "and", "one of xor, circle, moons, spiral, blobs, own"),
        ("extra_points", ((0.0, 1.0),), "(x, y, label)"),
        ("extra_points", ((0.0, 1.0, 2),), "from 0 to 1"),
        ("extra_points", ((0.0, 1.0, 1), (0.0, 1.0, 0.5)), "a whole number from 0 to 1"),
        ("extra_points", ((0.0, math.nan, 1),), "from -1000000 to 1000000"),
        ("extra_points", ((2e6, 0.0, 1),), "from -1000000 to 1000000"),
        ("extra_points", ((True, 0.0, 1),), "from -1000000 to 1000000"),
        ("features", (), "at least 1 of x, y, x^2, y^2, xy, sin x, sin y"),
        ("features", ("x", "z"), "one of x, y"),
        ("features", ("x", "x"), "only once"),
        ("activation", "gelu", "one of tanh, relu, sigmoid, linear"),
        ("optimiser", "lbfgs", "one of sgd, adam"),
        ("held", (("linear9.weight", 0, 1.0),), "one of linear1.weight"),
        ("held", (("linear1.weight", 8, 1.0),), "from 0 to 7"),
        ("held", (("linear1.bias", 0, math.inf),), "a finite number"),
        ("held", (("linear1.bias", 0),), "(name, index, value)"),
        ("held", (("linear1.bias", 0, 1.0), ("linear1.bias", 0, 2.0)), "only once"),
        ("loss", "mse", "one of bce_with_logits, bce"),
    ],
}


def within(allowed: Range) -> st.SearchStrategy[float]:
    """Small numbers of a range; where it has no end, one with which a run reaches inf and nan."""
    low = max(allowed.low, -10)
    high = min(allowed.high, low + 12)
    if allowed.whole:
        return st.integers(int(low), int(high))
    numbers = st.floats(low, high, exclude_min=allowed.above_low, exclude_max=allowed.below_high)
    return numbers if math.isfinite(allowed.high) else numbers | st.just(1e150)


def plain_fields(lesson: ModuleType) -> dict[str, st.SearchStrategy[Any]]:
    """Settings to try of the fields that are numbers in RANGES or flags."""
    flags = {name: st.booleans() for name, value in defaults(lesson) if isinstance(value, bool)}
    return flags | {field: within(allowed) for field, allowed in lesson.RANGES.items()}


def outside(allowed: Range) -> list[float]:
    """The nearest numbers below and above that a range does not have."""
    low, high = allowed.low - 1, allowed.high + 1
    if not allowed.whole:
        low, high = math.nextafter(allowed.low, -math.inf), math.nextafter(allowed.high, math.inf)
    low = allowed.low if allowed.above_low else low
    high = allowed.high if allowed.below_high else high
    return [value for value in (low, high) if math.isfinite(value)]


# What a field refuses because of its type alone, by the type of its default.
WRONG_TYPE: dict[type, list[Any]] = {
    bool: [None, 1, 0.0, "yes"],
    int: [None, 0.5, 3.0, True, -1, math.nan, math.inf, "3"],
    float: [None, True, math.nan, math.inf, -math.inf, "fast", [0.1], 1j],
    str: [None, 3, "", "no such thing"],
    tuple: [None, [1.0, 2.0], "abc", 3],
}


# --- Helpers.


def defaults(lesson: ModuleType) -> list[tuple[str, Any]]:
    return list(fields_of(lesson.Config()).items())


def configs(lesson: ModuleType | Race) -> st.SearchStrategy[Any]:
    if isinstance(lesson, Race):
        known = RACES[lesson]
    elif name_of(lesson) in CONFIGS:
        known = CONFIGS[name_of(lesson)]
    else:
        known = st.fixed_dictionaries(plain_fields(lesson))
    return known.map(lambda fields: lesson.Config(**fields))


def fields_of(config: Any) -> dict[str, Any]:
    return {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}


def changed_live(lesson: ModuleType | Race, old: Any, new: Any) -> Any:
    """`old` with what may change during a run taken from `new`."""
    return dataclasses.replace(old, **{field: getattr(new, field) for field in lesson.LIVE})


def assert_same(actual: Any, expected: Any) -> None:
    """Bit for bit equal; nan equals nan."""
    assert type(actual) is type(expected)
    if isinstance(expected, torch.Tensor):
        torch.testing.assert_close(actual, expected, rtol=0, atol=0, equal_nan=True)
    elif isinstance(expected, dict):
        assert actual.keys() == expected.keys()
        for key in expected:
            assert_same(actual[key], expected[key])
    elif isinstance(expected, tuple | list):
        assert len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            assert_same(one, other)
    else:
        assert actual == expected or (actual != actual and expected != expected)


def tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        yield from tensors(tuple(value.values()))
    elif isinstance(value, tuple | list):
        for part in value:
            yield from tensors(part)


def resumable(lesson: ModuleType | Race, states: list[Any]) -> list[int]:
    """Where a run can go on from: some lessons carry their parameters only now and then."""
    asked = getattr(lesson, "resumable", lambda state: True)
    return [k for k, state in enumerate(states) if asked(state)]


def global_settings() -> tuple[Any, ...]:
    return (
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
    )


SETTINGS_AT_FIRST = global_settings()  # before any run: one that changes them does so for good


def global_generators() -> tuple[Any, ...]:
    numpy_state = np.random.get_state(legacy=False)  # noqa: NPY002 (the very state to watch)
    return (
        torch.get_rng_state().numpy().tobytes(),
        repr(numpy_state),
        numpy_state["state"]["key"].tobytes(),
        random.getstate(),
    )


def message_of(lesson: ModuleType, field: str, value: Any) -> str:
    with pytest.raises(ValueError, match=field) as caught:
        dataclasses.replace(lesson.Config(), **{field: value})
    return str(caught.value)


# --- Every lesson is here.


def test_there_is_a_lesson() -> None:
    assert "gradient_descent" in map(name_of, LESSONS)


@every_lesson
def test_a_lesson_supplies_settings_to_try_and_to_refuse(lesson: ModuleType) -> None:
    others = {name for name, _ in defaults(lesson)} - plain_fields(lesson).keys() - {"device"}
    if others:
        assert name_of(lesson) in CONFIGS, f"add small valid settings to CONFIGS, of {others}"
        refused = {field for field, *_ in REFUSED.get(name_of(lesson), ())}
        assert others <= refused, f"add settings that must be refused to REFUSED, of {others}"


def test_nothing_is_supplied_for_a_lesson_that_is_gone() -> None:
    assert CONFIGS.keys() | REFUSED.keys() <= set(map(name_of, LESSONS))


# --- Config, State and run.


@every_run
def test_run_takes_a_config_and_perhaps_a_state(lesson: ModuleType | Race) -> None:
    parameters = inspect.signature(lesson.run).parameters
    assert list(parameters) == ["config", "state"]
    assert parameters["config"].default is inspect.Parameter.empty
    assert parameters["state"].default is None
    assert get_type_hints(lesson.run) == {
        "config": Any if isinstance(lesson, Race) else lesson.Config,
        "state": lesson.State | None,
        "return": Iterator[lesson.State],
    }


@every_run
def test_run_is_a_generator_function(lesson: ModuleType | Race) -> None:
    assert inspect.isgeneratorfunction(lesson.run)


@every_lesson
def test_every_setting_has_a_default(lesson: ModuleType) -> None:
    assert lesson.Config() == lesson.Config(**fields_of(lesson.Config()))


@every_lesson
def test_a_config_cannot_be_changed(lesson: ModuleType) -> None:
    config = lesson.Config()
    for field, value in fields_of(config).items():
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(config, field, value)
    assert not hasattr(config, "__dict__")  # slots: a misspelt setting has nowhere to go


@every_lesson
@few
@given(data=st.data())
def test_a_config_holds_no_number_of_numpys(lesson: ModuleType, data: st.DataObject) -> None:
    """PyTorch refuses some of them, and 200 + 200 of eight bits is 144."""

    def numpys(value: object) -> object:
        if isinstance(value, tuple):
            return tuple(map(numpys, value))
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        return (
            np.float64(value) if isinstance(value, float) else np.min_scalar_type(value).type(value)
        )

    config = data.draw(configs(lesson))
    given = lesson.Config(**{name: numpys(value) for name, value in fields_of(config).items()})
    assert repr(given) == repr(config)


@every_lesson
@few
@given(data=st.data())
def test_the_largest_numbers_that_may_change_on_the_way_make_a_run(
    lesson: ModuleType, data: st.DataObject
) -> None:
    """It may come to inf and nan, but to its end."""
    config = data.draw(configs(lesson))
    for field in sorted(lesson.LIVE & lesson.RANGES.keys()):
        high = lesson.RANGES[field].high
        wild = dataclasses.replace(config, **{field: high if math.isfinite(high) else 1e300})
        assert [state.step for state in lesson.run(wild)] == list(range(wild.steps + 1))


@every_run
@few
@given(data=st.data())
def test_a_state_after_the_end_of_a_shorter_run_is_its_last(
    lesson: ModuleType | Race, data: st.DataObject
) -> None:
    config = data.draw(configs(lesson))
    states = list(lesson.run(config))
    length = next((name for name in ("epochs", "steps") if name in fields_of(config)), None)
    if length is None or not getattr(config, length):
        return
    shorter = dataclasses.replace(config, **{length: getattr(config, length) - 1})
    k = resumable(lesson, states)[-1]
    rest = list(lesson.run(shorter, states[k]))
    assert_same(rest[0], states[k])
    assert len(rest) == max(shorter.steps - k, 0) + 1


@every_lesson
@few
@given(data=st.data())
def test_a_config_is_replaced_hashed_and_pickled_by_value(
    lesson: ModuleType, data: st.DataObject
) -> None:
    one, other = data.draw(configs(lesson)), data.draw(configs(lesson))
    for twin in (
        dataclasses.replace(one),
        dataclasses.replace(other, **fields_of(one)),
        pickle.loads(pickle.dumps(one)),
        copy.deepcopy(one),
    ):
        assert twin == one
        assert hash(twin) == hash(one)


@every_run
def test_a_state_is_a_named_tuple_that_begins_with_its_step(lesson: ModuleType | Race) -> None:
    assert issubclass(lesson.State, tuple)
    assert next(iter(get_type_hints(lesson.State).items())) == ("step", int)


@every_run
def test_live_names_settings(lesson: ModuleType | Race) -> None:
    assert isinstance(lesson.LIVE, frozenset)
    assert lesson.LIVE.issubset(fields_of(lesson.Config()))


@pytest.mark.parametrize("lesson", [*LESSONS, course, racing, sweep, *THEORY], ids=name_of)
def test_everything_public_is_explained(lesson: ModuleType) -> None:
    public = {
        name: member
        for name, member in vars(lesson).items()
        if not name.startswith("_")
        and (inspect.isfunction(member) or inspect.isclass(member))
        and member.__module__ == lesson.__name__
    }
    # A dataclass or NamedTuple without a docstring gets "Name(field, ...)" for one.
    unexplained = [
        name
        for name, member in public.items()
        if not member.__doc__ or member.__doc__.startswith(f"{name}(")
    ]
    assert lesson.__doc__
    assert not unexplained


# --- The states.


@every_run
@few
@given(data=st.data())
def test_a_run_yields_the_state_before_any_update_and_one_after_each(
    lesson: ModuleType | Race, data: st.DataObject
) -> None:
    config = data.draw(configs(lesson))
    states = list(lesson.run(config))
    assert all(type(state) is lesson.State for state in states)
    assert [state.step for state in states] == list(range(len(states)))
    if config.steps is not None:  # None: known only by running
        assert len(states) == config.steps + 1


@every_run
@few
@given(data=st.data())
def test_a_run_twice_is_the_same_run_whatever_the_global_seed(
    lesson: ModuleType | Race, data: st.DataObject
) -> None:
    config = data.draw(configs(lesson))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        once = list(lesson.run(config))
        torch.manual_seed(2)
        again = list(lesson.run(config))
    assert_same(again, once)


@every_run
@few
@given(data=st.data())
def test_a_run_resumed_anywhere_goes_on_bit_for_bit(
    lesson: ModuleType | Race, data: st.DataObject
) -> None:
    config = data.draw(configs(lesson))
    states = list(lesson.run(config))
    k = data.draw(st.sampled_from(resumable(lesson, states)))
    assert_same(list(lesson.run(config, states[k])), states[k:])


@every_run
@few
@given(data=st.data())
def test_a_run_steered_anywhere_is_a_run_that_resumes(
    lesson: ModuleType | Race, data: st.DataObject
) -> None:
    """With LIVE settings changed, the state on screen is first, and the rest obeys the same law."""
    config, other = data.draw(configs(lesson)), data.draw(configs(lesson))
    states = list(lesson.run(config))
    k = data.draw(st.sampled_from(resumable(lesson, states)))
    steered = changed_live(lesson, config, other)

    rest = list(lesson.run(steered, states[k]))
    assert_same(rest[0], states[k])
    assert [state.step for state in rest] == list(range(k, len(states)))
    j = data.draw(st.sampled_from(resumable(lesson, rest)))
    assert_same(list(lesson.run(steered, rest[j])), rest[j:])


@every_run
@few
@given(data=st.data())
def test_a_run_leaves_everything_global_as_it_was(
    lesson: ModuleType | Race, data: st.DataObject, capsys: pytest.CaptureFixture[str]
) -> None:
    """Between two states too: a `no_grad` that spans a `yield` would reach the caller."""
    config = data.draw(configs(lesson))
    before = global_generators()
    for _ in lesson.run(config):
        assert global_generators() == before
        assert global_settings() == SETTINGS_AT_FIRST
    assert global_generators() == before
    assert global_settings() == SETTINGS_AT_FIRST
    assert capsys.readouterr() == ("", "")


@every_run
@few
@given(data=st.data())
def test_a_state_once_yielded_is_never_written_to(
    lesson: ModuleType | Race, data: st.DataObject
) -> None:
    config, other = data.draw(configs(lesson)), data.draw(configs(lesson))
    states, copies = [], []
    for state in lesson.run(config):
        states.append(state)
        copies.append(copy.deepcopy(state))
    assert_same(states, copies)
    k = data.draw(st.sampled_from(resumable(lesson, states)))
    list(lesson.run(changed_live(lesson, config, other), states[k]))
    assert_same(states, copies)


@every_run
@few
@given(data=st.data())
def test_two_runs_at_once_do_not_disturb_each_other(
    lesson: ModuleType | Race, data: st.DataObject
) -> None:
    config = data.draw(configs(lesson))
    other = data.draw(configs(lesson))
    alone, other_alone = list(lesson.run(config)), list(lesson.run(other))
    run, other_run = lesson.run(config), lesson.run(other)
    states, other_states = [], []
    for _ in range(max(len(alone), len(other_alone))):
        with suppress(StopIteration):
            states.append(next(run))
        with suppress(StopIteration):
            other_states.append(next(other_run))
    assert_same(states, alone)
    assert_same(other_states, other_alone)


@every_run
@few
@given(data=st.data())
def test_a_run_and_its_states_are_pickled_by_value(
    lesson: ModuleType | Race, data: st.DataObject
) -> None:
    """So that other processes compute them; core/sweep.py sends a run by plain pickle."""
    config = data.draw(configs(lesson))
    states = list(lesson.run(config))
    run, again, sent = pickle.loads(pickle.dumps((lesson.run, config, states)))
    assert run == lesson.run
    assert_same(sent, states)
    k = data.draw(st.sampled_from(resumable(lesson, sent)))
    assert_same(list(run(again, sent[k])), states[k:])


@every_run
@few
@given(data=st.data())
def test_a_state_is_a_snapshot_outside_of_autograd(
    lesson: ModuleType | Race, data: st.DataObject
) -> None:
    for state in lesson.run(data.draw(configs(lesson))):
        assert not any(tensor.requires_grad for tensor in tensors(state))


@every_run
@few
@given(data=st.data())
def test_a_frame_holds_arrays_of_constant_shape_and_type(
    lesson: ModuleType | Race, data: st.DataObject
) -> None:
    """The type too: the recording's columns take it from the first frame."""
    forms = []
    config = data.draw(configs(lesson))
    for state in lesson.run(config):
        frame = lesson.frame(config, state)
        assert all(isinstance(values, np.ndarray | np.generic) for values in frame.values())
        forms.append({name: (values.shape, values.dtype) for name, values in frame.items()})
    assert all(form == forms[0] for form in forms)
    assert not any(dtype.hasobject for _, dtype in forms[0].values())


# --- What is refused.

TYPED = [
    (lesson, field, value)
    for lesson in LESSONS
    for field, default in fields_of(lesson.Config()).items()
    for value in WRONG_TYPE[type(default)]
]
LISTED = [(lesson, *refused) for lesson in LESSONS for refused in REFUSED.get(name_of(lesson), [])]
LISTED += [
    (lesson, field, value, str(allowed))
    for lesson in LESSONS
    for field, allowed in lesson.RANGES.items()
    for value in outside(allowed)
]


@pytest.mark.parametrize(("lesson", "field", "value"), TYPED)
def test_a_value_of_a_wrong_type_is_refused_by_name(
    lesson: ModuleType, field: str, value: Any
) -> None:
    message = message_of(lesson, field, value)
    assert message.startswith(f"{field} = {value!r}")
    assert "it must be " in message


def parts(value: Any) -> list[Any]:
    """The value, and if it is a tuple all that it holds: any of them may be named."""
    inner = [part for item in value for part in parts(item)] if isinstance(value, tuple) else []
    return [value, *inner]


@pytest.mark.parametrize(("lesson", "field", "value", "allowed"), LISTED)
def test_a_value_out_of_range_is_refused_with_the_range(
    lesson: ModuleType, field: str, value: Any, allowed: str
) -> None:
    message = message_of(lesson, field, value)
    assert any(f"= {culprit!r} " in message for culprit in parts(value))
    assert allowed in message


@every_lesson
@pytest.mark.parametrize("name", ["tpu", "CPU", "gpu", "cuda:", "cuda:-1", "cpu\n", " cpu"])
def test_a_name_that_is_no_device_is_refused(lesson: ModuleType, name: str) -> None:
    message = message_of(lesson, "device", name)
    assert message.startswith(f"device = {name!r}")
    assert all(f'"{kind}"' in message for kind in ("cpu", "cuda", "mps"))


ABSENT = [
    "cuda:999",
    *([] if torch.cuda.is_available() else ["cuda"]),
    *([] if torch.backends.mps.is_available() else ["mps"]),
]


@every_run
@pytest.mark.parametrize("name", ABSENT)
def test_a_device_that_this_machine_lacks_stops_the_run_at_its_start(
    lesson: ModuleType | Race, name: str
) -> None:
    config = dataclasses.replace(lesson.Config(), device=name)  # a link may name it: no error yet
    with pytest.raises(RuntimeError, match=f'"{name}".*has: cpu'):
        next(lesson.run(config))


# --- On a GPU.


@needs_cuda
@every_run
@few
@given(data=st.data())
def test_a_run_on_a_gpu_stays_there_resumes_bit_for_bit_and_shows_itself_on_the_host(
    lesson: ModuleType | Race, data: st.DataObject
) -> None:
    config = dataclasses.replace(data.draw(configs(lesson)), device="cuda")
    next(lesson.run(config))  # loads what is loaded late: scikit-learn's import may draw numbers
    before = global_generators(), torch.cuda.get_rng_state().tolist()
    states = list(lesson.run(config))
    # Adam counts its updates on the CPU.
    assert all(one.is_cuda or not one.dim() for state in states for one in tensors(state))
    assert all(one.is_cuda for state in states for one in tensors(getattr(state, "loss", ())))
    k = data.draw(st.sampled_from(resumable(lesson, states)))
    assert_same(list(lesson.run(config, states[k])), states[k:])
    for value in lesson.frame(config, states[k]).values():
        assert isinstance(value, np.ndarray | np.generic)
    assert before == (global_generators(), torch.cuda.get_rng_state().tolist())
