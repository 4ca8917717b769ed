"""The real archives of MNIST, for tests: in the data folder, or beside the project; never in it."""

import os
from pathlib import Path

import pytest

from core import datasets

FOLDERS = (os.environ.get("EXPLORABLES_DATA"), Path(__file__).parents[3] / "shared" / "data")
FOUND = next(
    (
        Path(folder).resolve()
        for folder in FOLDERS
        if folder
        and all(
            Path(folder, "MNIST", "raw", archive.file).exists()
            for archive in datasets.ARCHIVES["mnist"]
        )
    ),
    None,
)
needs_mnist = pytest.mark.skipif(
    FOUND is None, reason="needs the archives of MNIST, in ../shared/data or $EXPLORABLES_DATA"
)


@pytest.fixture
def mnist(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which they are, made the one where data sets are looked for."""
    assert FOUND is not None
    monkeypatch.setenv("EXPLORABLES_DATA", str(FOUND))
    return FOUND
