"""What a network says when it goes on by itself: each prediction is its next input.

First it is fed the samples of a wave, the prompt. One sample, the zero with which every wave
begins, does not say how fast to go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from core.ranges import COUNT, FINITE, Range
from core.theory.sequences.cells import walk
from core.theory.sequences.waves import frequencies, rate, waves

if TYPE_CHECKING:
    from core.sequences import Config, State

PROMPTS = (1, 5, 10, 25, 50, 100)  # samples heard, of those that a page can show
WAVES = ("slowest", "slower", "middle", "faster", "fastest")  # of those that are learnt
OUTSIDE = 64  # frequencies in the picture of those that were not learnt too
HEARD = 50  # samples heard of each of these
SHORTEST = 64  # numbers that a curve has at least: the player paints no shorter ones


@torch.no_grad()
def rolled(config: Config, state: State, heard: Tensor, prompts: Tensor) -> tuple[Tensor, Tensor]:
    """Go on from waves `heard` (n, samples), of which `prompts` (n,) samples are fed.

    Gives (n, samples) what is there, the samples fed and then the predictions, and (n, samples) the
    prediction of each sample from those before, of which the first is nan: there is none.
    """
    heard = heard.to(state.loss.device)
    fed = torch.arange(heard.shape[1], device=heard.device) < prompts.to(heard.device)[:, None]
    columns, fed_columns = heard.unsqueeze(-1).unbind(dim=1), fed.unsqueeze(-1).unbind(dim=1)

    def feed(at: int, said: Tensor | None) -> Tensor:
        return columns[at] if said is None else torch.where(fed_columns[at], columns[at], said)

    first = heard.new_zeros(len(heard), config.hidden)
    steps = walk(config.cell, state.parameters, config.layers, feed, heard.shape[1] - 1, first)
    said = [said for _, said in steps]
    predicted = torch.cat([torch.full_like(heard[:, :1], torch.nan), *said], dim=1)
    return torch.where(fed, heard, predicted), predicted


def rollout(
    config: Config,
    state: State,
    steps: int = 401,
    first: float = 0.0,
    prompt: int = 0,
    sequence: int = 0,
) -> Tensor:
    """(steps + 1,) float32 on the state's device: the network goes on by itself.

    From the value `first`, as the notes do, who keep 402 values; or with `prompt` = n from the
    first n samples of the wave `sequence` of those that are learnt. Raises `ValueError` for numbers
    out of range.
    """
    COUNT.check("steps", steps)
    FINITE.check("first", first)
    Range(0, min(config.length, steps + 1), whole=True).check("prompt", prompt)
    Range(0, config.sequences - 1, whole=True).check("sequence", sequence)
    heard = torch.zeros(1, steps + 1)
    heard[0, 0] = first
    if prompt:
        heard[0, :prompt] = waves(config)[sequence, :prompt]
    values, _ = rolled(config, state, heard, torch.tensor([max(prompt, 1)]))
    return values[0]


# --- What a page shows in each frame: all prompts of some waves, in one go.


def span(config: Config) -> int:
    """Samples that are shown: twice as many as are learnt, so that the later half is new."""
    return max(2 * config.length, SHORTEST)


def times(config: Config) -> np.ndarray:
    """(span,) float64 when these are, in seconds."""
    return np.arange(span(config)) / rate(config)


def sequence_of(config: Config, wave: int) -> int:
    """Which of the waves learnt is the one so called in WAVES, counted from 0."""
    return round(wave * (config.sequences - 1) / (len(WAVES) - 1))


def hertz_window(config: Config) -> tuple[float, float]:
    """Ends of an axis for the frequency of what goes on."""
    low, high = sorted((config.low_hz, config.high_hz))
    return 0.5 * low, 1.5 * high or 1.0


def hertz(config: Config, wave: int) -> float:
    """The frequency of the wave so called in WAVES."""
    return float(frequencies(config)[sequence_of(config, wave)])


def prompt_of(config: Config, prompt: int) -> int:
    """As many samples of PROMPTS as a wave has."""
    return min(prompt, config.length)


def truth(config: Config) -> Tensor:
    """(WAVES, span) float32: the waves shown, and how they go on."""
    chosen = [sequence_of(config, wave) for wave in range(len(WAVES))]
    return waves(config, frequencies(config)[chosen], span(config))


def silence(config: Config) -> np.ndarray:
    """(span,) float32: how far off who always says 0 is, the root of the mean square over WAVES."""
    return truth(config).square().mean(dim=0).sqrt().numpy()


def name(prompt: int, wave: int) -> str:
    """Of a column: the rollout after so many samples of PROMPTS of that wave."""
    return f"rollout_{prompt}_{wave}" if prompt > 1 else "rollout_1_0"  # all begin with a zero


def swing(prompt: int, wave: int) -> str:
    """Of the column with its frequency."""
    return name(prompt, wave).replace("rollout", "hz")


def rollouts(config: Config, state: State) -> dict[str, np.ndarray]:
    """All that goes on in a frame; float32, of the waves learnt.

    `rollout_1_0`, `rollout_5_0`, ... (span,): the samples fed, then what the network makes of them,
    for each of PROMPTS and WAVES. `hz_1_0`, `hz_5_0`, ... (): the frequency of what it makes.
    `forced_0`, ... (span,): the prediction of each sample from all true ones before, as far as they
    are learnt. `off_5`, ... (span,): the error of the rollouts after so many samples, the root of
    the mean square over WAVES.
    """
    shown = truth(config)
    count, lengths = len(WAVES), [prompt_of(config, prompt) for prompt in PROMPTS[1:]]
    heard = torch.cat([shown[:1], shown.repeat(len(lengths), 1)])
    prompts = torch.tensor([1, *(length for length in lengths for _ in range(count))])
    values, predicted = (part.numpy(force=True) for part in rolled(config, state, heard, prompts))
    names = ["1_0", *(f"{prompt}_{wave}" for prompt in PROMPTS[1:] for wave in range(count))]
    hz = measured_hertz(config, values, prompts.numpy())
    columns = {f"rollout_{end}": row for end, row in zip(names, values, strict=True)}
    columns |= {f"hz_{end}": row for end, row in zip(names, hz, strict=True)}
    forced = predicted[-count:].copy()
    forced[:, config.length :] = np.nan
    columns |= {f"forced_{wave}": row for wave, row in enumerate(forced)}
    after = values[1:].reshape(len(lengths), count, -1) - shown.numpy()
    with np.errstate(over="ignore"):  # of a run that diverges
        off = np.sqrt(np.square(after).mean(axis=1))
    for k, prompt in enumerate(PROMPTS[1:]):
        off[k, : lengths[k]] = np.nan
        columns[f"off_{prompt}"] = off[k]
    return columns


def measured_hertz(config: Config, values: np.ndarray, prompts: np.ndarray) -> np.ndarray:
    """(n,) float32 the frequency of what follows the prompts of rollouts (n, samples), in Hz.

    From the first to the last crossing of zero, interpolated between samples, of which one comes
    each half period; nan where there are not two. A rollout that does not swing around zero has
    none.
    """
    before, after = values[:, :-1], values[:, 1:]
    own = np.arange(values.shape[1] - 1) >= prompts[:, None] - 1
    rows, places = np.nonzero(((before < 0) != (after < 0)) & own)
    found = np.full(len(values), np.nan, np.float32)
    if rows.size:
        begin, end = before[rows, places], after[rows, places]
        at = places + begin / (begin - end)
        which, first, count = np.unique(rows, return_index=True, return_counts=True)
        several = count > 1
        which, first, count = which[several], first[several], count[several]
        apart = at[first + count - 1] - at[first]
        found[which] = (count - 1) / (2 * apart) * rate(config)
    return found


# --- Frequencies that were not learnt.


def outside(config: Config) -> Tensor:
    """(OUTSIDE,) float32 Hz, from half the lowest that is learnt to one and a half times the
    highest.
    """
    low, high = sorted((config.low_hz, config.high_hz))
    return torch.linspace(low / 2, 1.5 * high, OUTSIDE)


def rolled_outside(config: Config, state: State) -> dict[str, np.ndarray]:
    """`heard` (OUTSIDE,) float32: the frequency of the rollout after HEARD samples of each."""
    hz = outside(config)
    prompts = torch.full((OUTSIDE,), prompt_of(config, HEARD))
    values, _ = rolled(config, state, waves(config, hz, span(config)), prompts)
    return {"heard": measured_hertz(config, values.numpy(force=True), prompts.numpy())}
