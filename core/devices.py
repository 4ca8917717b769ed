"""Where tensors live: which devices exist, and what a choice of device means."""

import platform
import re
from pathlib import Path

import torch

KINDS = ("cpu", "cuda", "mps")
_NAME = re.compile(rf"({'|'.join(KINDS)})(:(0|[1-9]\d{{0,3}}))?")


def check(field: str, name: object) -> None:
    """Raise `ValueError` unless `name` is "cpu", "cuda", "mps" or one with an index ("cuda:1")."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f'{field} = {name!r} is not allowed: it must be "cpu", "cuda" or "mps", '
            'with an index if wanted ("cuda:1").'
        )


def available() -> tuple[str, ...]:
    """Names of the devices of this machine, the CPU first; several GPUs of one kind by index."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    gpus = ("cuda",) if count == 1 else tuple(f"cuda:{index}" for index in range(count))
    return ("cpu", *gpus, *(("mps",) if torch.backends.mps.is_available() else ()))


def resolve(name: str) -> torch.device:
    """The device called `name`. Raises `RuntimeError` naming those that exist where it does not."""
    check("device", name)
    kind, _, index = name.partition(":")
    counts = {
        "cpu": 1,
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
    }
    # By the number in the name: PyTorch keeps an index in a byte, and reads "cuda:256" as 0.
    if int(index or 0) >= counts[kind]:
        raise RuntimeError(
            f'device = "{name}" does not exist on this machine, '
            f"which has: {', '.join(available())}."
        )
    return torch.device(name)


def sent(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A tensor of the CPU on the device. A GPU is not waited for: it is copied when its turn comes,
    from memory that stays where it is until then.
    """
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def double(device: torch.device) -> torch.dtype:
    """float64 where the device has it; Apple's GPUs do not, there it is float32."""
    return torch.float32 if device.type == "mps" else torch.float64


def describe(name: str) -> str:
    """One line for a person: the device's own name, and how much of it there is."""
    device = resolve(name)
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        return f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
    if device.type == "mps":
        return f"Apple GPU ({platform.machine()})"
    threads = torch.get_num_threads()
    return f"CPU ({platform.machine()}), {threads} thread{'s' if threads > 1 else ''}"


def free_bytes(name: str) -> int | None:
    """Memory of a device that nobody uses, None where the machine does not tell.

    Of the CPU what Linux calls available, and what its container still allows (cgroup v2).
    """
    device = resolve(name)
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type != "cpu":
        return None
    try:
        told = Path("/proc/meminfo").read_text().split("MemAvailable:")[1]
    except (OSError, IndexError):
        return None
    free = 1024 * int(told.split()[0])
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = ((group / f"memory.{what}").read_text() for what in ("max", "current"))
        kept = (group / "memory.stat").read_text().split("inactive_file ")[1]  # given back at need
        return max(0, min(free, int(limit) - int(used) + int(kept.split()[0])))
    except (OSError, ValueError, IndexError):  # no container, or no limit: "max"
        return free


def warm_up() -> None:
    """Pay now for the first backward, which starts threads, and the first optimizer: seconds."""
    weight = torch.zeros(1, requires_grad=True)
    weight.sum().backward()
    torch.optim.SGD([weight], lr=1.0)
