"""What a run shows: rates and periods read from its numbers alone, without asking any theory."""

import math

import numpy as np


def measured_rate(error: np.ndarray) -> float:
    """The factor an update by which the errors (n,) of a run shrink or grow, nan if unknown.

    The mean over their later half. Where the error swings, and has been seen to, by what errors in
    a row span, e² - e_before e_after, which shrinks by the square of the rate at any phase: of two
    modes that is exact. Where more modes are mixed, from the first peak to the last.
    """
    if len(error) < 2 or error[0] == 0:
        return math.nan
    if error[-1] == 0:
        return 0.0
    late = error[(len(error) - 1) // 2 :]  # with momentum the first updates hold a faster mode too
    size, sign = np.abs(late), np.sign(late)
    keeps, flips = (sign == sign[0]).all(), (sign[1:] == -sign[:-1]).all()
    if sign[0] != 0 and (keeps or flips):
        return math.exp((math.log(size[-1]) - math.log(size[0])) / (len(late) - 1))
    size = np.abs(error)
    peaks = np.flatnonzero((size[1:-1] > size[:-2]) & (size[1:-1] >= size[2:])) + 1
    if len(peaks) < 2:
        return math.nan
    scaled = late / np.abs(late).max()
    span = scaled[1:-1] ** 2 - scaled[:-2] * scaled[2:]
    if len(span) > 1 and (span > 1e-300).all():
        return math.exp(math.log(span[-1] / span[0]) / (2 * (len(span) - 1)))
    before, top, after = size[peaks - 1], size[peaks], size[peaks + 1]
    # A parabola through three neighbours finds the peak between the updates.
    shift = (before - after) / (2 * (before - 2 * top + after))
    height = top - (before - after) * shift / 4
    return float(np.exp(np.polyfit(peaks + shift, np.log(height), 1)[0]))


def measured_period(error: np.ndarray) -> float:
    """Updates from one swing of the errors (n,) to the next, nan where there are not two.

    The mean distance of crossings of zero in one direction, interpolated between updates.
    """
    upward = np.flatnonzero((error[:-1] < 0) & (error[1:] >= 0))
    if len(upward) < 2:
        return math.nan
    at = upward + error[upward] / (error[upward] - error[upward + 1])
    return float((at[-1] - at[0]) / (len(at) - 1))


def half_life(distance: np.ndarray, every: int = 1, lap: int = 1) -> float:
    """Updates that halve a distance (m,) `every` so many updates apart; negative: that double it.

    By the straight line that fits its logarithm best over the second half, as far as it is
    positive and finite; averaged over the rows of a lap first, during which it goes up and down.
    inf where it does not change, nan where there is nothing to fit.
    """
    sound = np.isfinite(distance) & (distance > 0)
    end = len(distance) if sound.all() else int(np.argmin(sound))
    height = np.log(distance[end // 2 : end])
    if 1 < lap <= len(height) // 2:
        height = np.convolve(height, np.full(lap, 1 / lap), mode="valid")
    if len(height) < 2:
        return math.nan
    slope = float(np.polyfit(every * np.arange(len(height)), height, 1)[0])
    return -math.log(2) / slope if slope else math.inf


def departure(loss: np.ndarray) -> int | None:
    """The update from which on the loss (steps + 1,) stays above its start, None if none does."""
    back = np.flatnonzero(loss <= loss[0])
    gone = int(back[-1]) + 1 if back.size else 0
    return gone if gone < len(loss) else None


def first_not_finite(loss: np.ndarray) -> int | None:
    """The update at which the loss (steps + 1,) becomes inf or nan, None where it never does."""
    lost = np.flatnonzero(~np.isfinite(loss))
    return int(lost[0]) if lost.size else None
