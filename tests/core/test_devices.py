"""Names of devices, and what they mean on this machine and on others."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core import devices
from core import gradient_descent as lesson
from tests.core.gpu import needs_cuda


def machine(monkeypatch: pytest.MonkeyPatch, *, cuda: int, mps: bool) -> None:
    """Make this machine look as if it had these devices."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize("name", ["cpu", "cuda", "mps", "cpu:0", "cuda:0", "cuda:12", "mps:0"])
def test_names_with_and_without_an_index_are_allowed(name: str) -> None:
    devices.check("device", name)


@pytest.mark.parametrize(
    "name",
    ["", "tpu", "CPU", "cuda:", "cuda:-1", "cuda:01", "cuda:1.0", "cuda:0:0", "cpu\n", "meta"],
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match='must be "cpu", "cuda" or "mps"') as caught:
        devices.check("device", name)
    assert str(caught.value).startswith(f"device = {name!r}")


@pytest.mark.parametrize("value", [None, 0, True, ["cpu"], torch.device("cpu")])
def test_only_text_names_a_device(value: Any) -> None:
    with pytest.raises(ValueError, match=r"where = .* must be"):
        devices.check("where", value)


@pytest.mark.parametrize(
    ("cuda", "mps", "names"),
    [
        (0, False, ("cpu",)),
        (1, False, ("cpu", "cuda")),
        (2, False, ("cpu", "cuda:0", "cuda:1")),
        (0, True, ("cpu", "mps")),
    ],
)
def test_the_devices_of_a_machine(
    monkeypatch: pytest.MonkeyPatch, cuda: int, mps: bool, names: tuple[str, ...]
) -> None:
    machine(monkeypatch, cuda=cuda, mps=mps)
    assert devices.available() == names
    assert [devices.resolve(name) for name in names] == [torch.device(name) for name in names]


@pytest.mark.parametrize(
    "name",
    # PyTorch keeps an index in a byte: 256 would pass for 0, 999 for -25.
    ["cpu:1", "cpu:256", "cuda:2", "cuda:128", "cuda:256", "cuda:999", "mps", "mps:0"],
)
def test_a_device_that_is_not_there_is_an_error_that_names_those_that_are(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    machine(monkeypatch, cuda=2, mps=False)
    with pytest.raises(RuntimeError, match=f'"{name}".*has: cpu, cuda:0, cuda:1'):
        devices.resolve(name)


def test_what_is_no_name_does_not_resolve() -> None:
    with pytest.raises(ValueError, match="tpu"):
        devices.resolve("tpu")


def test_this_machine_offers_what_it_has() -> None:
    names = devices.available()
    assert names[0] == "cpu"
    assert len(names) == len(set(names))
    for name in names:
        assert torch.ones(2, device=devices.resolve(name)).sum().item() == 2
        assert len(devices.describe(name).splitlines()) == 1


def test_the_cpu_is_described_with_its_threads() -> None:
    assert devices.describe("cpu").startswith("CPU (")
    assert f"{torch.get_num_threads()} thread" in devices.describe("cpu")


def test_an_apple_gpu_computes_in_single_precision() -> None:
    assert devices.double(torch.device("mps")) == torch.float32
    assert devices.double(torch.device("cpu")) == torch.float64
    assert devices.double(torch.device("cuda:1")) == torch.float64


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="needs Linux's /proc")
def test_the_free_memory_of_the_cpu_is_what_linux_tells() -> None:
    told = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    total = 1024 * int(told["MemTotal"].split()[0])
    free = devices.free_bytes("cpu")
    assert free is not None
    assert 0 < free < total
    with pytest.raises(RuntimeError, match="does not exist"):
        devices.free_bytes("cuda:99")


def test_a_container_has_what_its_limit_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "/proc/meminfo": "MemTotal: 9000 kB\nMemAvailable:    5000 kB\n",
        "/sys/fs/cgroup/memory.max": "3000000\n",
        "/sys/fs/cgroup/memory.current": "1500000\n",
        "/sys/fs/cgroup/memory.stat": "anon 5\ninactive_file 200000\nactive_file 7\n",
    }

    def read(path: Path) -> str:
        if str(path) not in files:
            raise FileNotFoundError(path)
        return files[str(path)]

    monkeypatch.setattr(Path, "read_text", read)
    assert devices.free_bytes("cpu") == 3_000_000 - 1_500_000 + 200_000
    files["/sys/fs/cgroup/memory.max"] = "max\n"
    assert devices.free_bytes("cpu") == 5000 * 1024
    del files["/sys/fs/cgroup/memory.max"]
    assert devices.free_bytes("cpu") == 5000 * 1024
    del files["/proc/meminfo"]
    assert devices.free_bytes("cpu") is None


def test_warming_up_leaves_everything_as_it_was() -> None:
    before = torch.get_rng_state(), torch.is_grad_enabled(), torch.get_default_dtype()
    devices.warm_up()
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (torch.is_grad_enabled(), torch.get_default_dtype()) == before[1:]


# --- With a GPU.

SETTINGS = [
    {},
    {"learning_rate": 0.3, "momentum": 0.8},
    {"learning_rate": 0.1, "zero_grad": False},
    {"learning_rate": 1.05, "steps": 40},
]


@needs_cuda
@pytest.mark.parametrize("fields", SETTINGS)
def test_a_run_on_a_gpu_is_that_on_the_cpu(fields: dict[str, Any]) -> None:
    there, here = lesson.Config(**fields, device="cuda"), lesson.Config(**fields)
    on_gpu, on_cpu = list(lesson.run(there)), list(lesson.run(here))
    assert len(on_gpu) == len(on_cpu)
    for one, other in zip(on_gpu, on_cpu, strict=True):
        shown, expected = lesson.frame(there, one), lesson.frame(here, other)
        for name, values in expected.items():
            # Both in float64; a sum of five may be taken in another order, and a product and its
            # sum rounded once or twice: 1e-16 an update, a hundred updates, numbers below 1e4.
            assert np.abs(shown[name] - values).max() <= 1e-12 * max(1, np.abs(values).max())


@needs_cuda
def test_states_stay_on_the_gpu_and_frames_come_to_the_host() -> None:
    config = lesson.Config(device="cuda", steps=5)
    states = list(lesson.run(lesson.Config(device="cuda", steps=3)))
    for state in [*states, *lesson.run(config, states[-1])]:
        assert all(values.device.type == "cuda" for values in state[1:])
        assert all(
            isinstance(values, np.ndarray) for values in lesson.frame(config, state).values()
        )


@needs_cuda
def test_a_run_on_a_gpu_resumes_bit_for_bit() -> None:
    config = lesson.Config(device="cuda", momentum=0.7, steps=10)
    states = list(lesson.run(config))
    for one, other in zip(lesson.run(config, states[4]), states[4:], strict=True):
        assert one.step == other.step
        assert all(torch.equal(a, b) for a, b in zip(one[1:], other[1:], strict=True))


@needs_cuda
def test_a_run_on_a_gpu_leaves_its_generator_alone() -> None:
    before = torch.cuda.get_rng_state()
    list(lesson.run(lesson.Config(device="cuda", steps=3)))
    assert torch.equal(torch.cuda.get_rng_state(), before)


@needs_cuda
def test_a_gpu_is_described_with_its_memory() -> None:
    assert devices.describe("cuda").endswith(" GiB")
