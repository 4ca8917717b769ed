"""Random numbers that depend on their indices alone: no lesson has to carry a generator.

Nothing here reads or writes PyTorch's global generator.
"""

import math
from collections.abc import Callable

import torch
from torch import nn

_WORD = 2**64 - 1


def _splitmix64(value: int) -> int:
    # Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators", figure 17.
    value = (value + 0x9E3779B97F4A7C15) & _WORD
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _WORD
    return value ^ (value >> 31)


def mix(seed: int, *indices: int) -> int:
    """A 63-bit number for (seed, *indices).

    Their sum would not do: seed 1 at step 2 would equal seed 2 at step 1.
    """
    mixed = _splitmix64(int(seed) & _WORD)
    for index in indices:
        mixed = _splitmix64(mixed ^ (int(index) & _WORD))
    return mixed >> 1


def generator(seed: int, *indices: int) -> torch.Generator:
    """A CPU generator for (seed, *indices), for instance (seed, epoch).

    Draw on the CPU and move the result: then every device sees the same numbers.
    """
    return torch.Generator().manual_seed(mix(seed, *indices))


# The same, as lines of a script that needs nothing but PyTorch.
GENERATOR = """def seed_of(*numbers):  # splitmix64: seed 1 in epoch 2 is not seed 2 in epoch 1
    word, mask = 0, 2**64 - 1
    for number in numbers:
        word = ((word ^ number) + 0x9E3779B97F4A7C15) & mask
        word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & mask
        word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & mask
        word ^= word >> 31
    return word >> 1


def generator(*numbers):
    return torch.Generator().manual_seed(seed_of(*numbers))


"""


def initialise(
    build: Callable[[], nn.Module], seed: int, device: torch.device | str = "cpu"
) -> nn.Module:
    """The module that `build()` makes, with PyTorch's default distributions drawn from `seed`.

    Weights and biases of `nn.Linear` are uniform in ±1/√fan_in, those of `nn.RNN`, `nn.LSTM` and
    `nn.GRU` in ±1/√hidden_size (what their `reset_parameters` does, which takes no generator).
    Raises `ValueError` for a module with parameters or buffers of another kind.
    """
    with torch.device("meta"):  # shapes only: the constructors would draw from the global generator
        module = build()
    module.to_empty(device="cpu")
    numbers = generator(seed)
    for name, part in module.named_modules():
        own = [*part.parameters(recurse=False), *part.buffers(recurse=False)]
        if isinstance(part, nn.Linear):
            bound = 1 / math.sqrt(part.in_features)
        elif isinstance(part, nn.RNNBase):
            bound = 1 / math.sqrt(part.hidden_size)
        elif not own:
            continue
        else:
            raise ValueError(
                f"module {name!r} is a {type(part).__name__}: "
                "it must be a Linear, RNN, LSTM or GRU."
            )
        for parameter in own:
            nn.init.uniform_(parameter, -bound, bound, generator=numbers)
    return module.to(device)
