"""What is computed beside a run."""

from types import SimpleNamespace
from typing import Any

import pytest

from ui import job


@pytest.mark.parametrize(
    ("each", "cores", "left"),
    [
        ((6.0,), 2, 6),
        ((6.0, 5.0), 2, 6),  # side by side
        ((6.0, 5.0), 1, 11),  # one after the other
        ((4.0, 4.0, 4.0), 2, 6),
        ((0.0, 0.0), 2, 0),
        ((float("nan"), 5.0), 2, float("nan")),
        ((5.0, float("nan")), 2, float("nan")),
    ],
)
def test_recordings_share_the_cores(
    monkeypatch: pytest.MonkeyPatch, each: tuple[float, ...], cores: int, left: float
) -> None:
    monkeypatch.setattr(job.os, "cpu_count", lambda: cores)
    recordings: list[Any] = [SimpleNamespace(seconds_left=one) for one in each]
    assert job.seconds_left(recordings) == pytest.approx(left, nan_ok=True)
