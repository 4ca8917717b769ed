"""Pictures of 28 x 28 pixels in ten classes: fetched once, checked, read, and kept on the device.

"mnist" (handwritten digits; LeCun, Cortes & Burges 1998) and "fashion" (clothes; Xiao, Rasul &
Vollgraf 2017) are four archives each, which torchvision's data sets read. "digits" needs no
network: scikit-learn carries 1,797 digits of 8 x 8 (Alpaydin & Kaynak 1998).

What a name stands for is always the same pictures: each archive, and scikit-learn's digits, are
checked against a known digest whenever they are read.
"""

import errno
import gzip
import hashlib
import http.client
import os
import threading
from collections.abc import Generator
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import numpy as np
import torch
from torch import Tensor

from core import devices
from core.ranges import Range, check_choice

# scikit-learn, torchvision and platformdirs take seconds to import or are not everywhere: they are
# imported by the one function that needs them, one thread after the other: of two that import the
# same package at once, one can meet it half made.
IMPORTING = threading.RLock()

SIDE, CLASSES = 28, 10
PIXELS = SIDE * SIDE
SIZES = {"mnist": (60_000, 10_000), "fashion": (60_000, 10_000), "digits": (1_438, 359)}
NAMES = tuple(SIZES)  # each has so many pictures that train, and that test
TITLES = {"mnist": "MNIST", "fashion": "Fashion-MNIST", "digits": "scikit-learn's digits"}
LABELS = {
    "mnist": tuple("0123456789"),
    "digits": tuple("0123456789"),
    "fashion": (
        *("T-shirt", "trousers", "pullover", "dress", "coat"),
        *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
    ),
}


class Archive(NamedTuple):
    """A file that is fetched."""

    file: str
    md5: str
    size: int  # bytes


# Names and digests are those of `torchvision.datasets.MNIST.resources` and its FashionMNIST.
ARCHIVES = {
    "mnist": (
        Archive("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873", 9_912_422),
        Archive("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432", 28_881),
        Archive("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3", 1_648_877),
        Archive("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c", 4_542),
    ),
    "fashion": (
        Archive("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880),
        Archive("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe", 29_515),
        Archive("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79", 4_422_102),
        Archive("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310", 5_148),
    ),
    "digits": (),
}
MIRRORS = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    ),
    "fashion": ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
    "digits": (),
}
FOLDERS = {"mnist": "MNIST", "fashion": "FashionMNIST", "digits": ""}  # torchvision's
# Of its 64 pixels as bytes, picture after picture, and then of its labels.
DIGITS_SHA256 = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
EVERY = 5  # of scikit-learn's digits one in so many tests

TIMEOUT = 15.0  # seconds that a host may be silent
ATTEMPTS = 5  # at one mirror, each of which goes on where the last one was cut
BLOCK = 2**17  # bytes from one word of progress to the next


class Images(NamedTuple):
    """A data set on a device, shared by all who ask for it: not to be written to."""

    train: Tensor  # (n, 784) uint8, row by row of a picture
    train_labels: Tensor  # (n,) int64
    test: Tensor  # (m, 784)
    test_labels: Tensor  # (m,)


class Progress(NamedTuple):
    """How far a download is."""

    file: str  # the archive that comes now
    done: int  # bytes of all archives that are here
    total: int  # bytes of all archives


def folder() -> Path:
    """Where archives are kept: `$EXPLORABLES_DATA`, or else a folder of the user's cache.

    Raises `RuntimeError` where neither can be told.
    """
    chosen = os.environ.get("EXPLORABLES_DATA")
    if chosen:
        return Path(chosen).expanduser()
    try:
        with IMPORTING:
            import platformdirs
    except ImportError as error:
        raise RuntimeError(
            "EXPLORABLES_DATA names no folder for data sets, and platformdirs, which knows the "
            "usual one, is not installed."
        ) from error
    return Path(platformdirs.user_cache_dir("torch-explorables"))


def paths(name: str) -> dict[Archive, Path]:
    """Where each archive of a data set belongs."""
    check_choice("dataset", name, NAMES)
    return {archive: _raw(name) / archive.file for archive in ARCHIVES[name]}


def _raw(name: str) -> Path:
    return folder() / FOLDERS[name] / "raw"  # where torchvision would have them


def problem(name: str) -> str | None:
    """Why a data set cannot be read here, in a sentence; None where it can.

    An archive's digest is reckoned once for as long as the file stays as it is.
    """
    check_choice("dataset", name, NAMES)
    try:
        if name == "digits":
            _digits()
        found = {archive: _fault(archive, path) for archive, path in paths(name).items()}
    except RuntimeError as error:
        return str(error)
    faults = {archive.file: fault for archive, fault in found.items() if fault}
    if not faults:
        return None
    size = sum(archive.size for archive in found if archive.file in faults) / 1e6
    told = [f"{file} {fault}" for file, fault in faults.items() if fault != MISSING]
    missing = len(faults) - len(told)
    if missing:
        told.append(f"{missing} of its {len(found)} archives {MISSING} {_raw(name)}")
    return f"{TITLES[name]} has to be fetched ({size:.1f} MB): {'; '.join(told)}."


MISSING = "are not in"


def _fault(archive: Archive, path: Path) -> str | None:
    try:
        about = path.stat()
        if _md5(path, about.st_size, about.st_mtime_ns) == archive.md5:
            return None
    except FileNotFoundError:
        return MISSING
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return f"in {path.parent} is damaged ({_against(archive, about.st_size)})"


def _against(archive: Archive, size: int) -> str:
    if size != archive.size:
        return f"it has {size} bytes of {archive.size}"
    return f"its MD5 is not {archive.md5}"


@lru_cache(maxsize=64)
def _md5(path: Path, size: int, changed: int) -> str:
    """The digest of a file that has not changed since: `size` and `changed` are its name too."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


# --- Fetching.

_fetching = {name: threading.Lock() for name in NAMES}


def fetch(name: str) -> Generator[Progress, None, None]:
    """Fetch the archives that are missing or damaged, and yield how far that is, now and then.

    A download that was cut goes on where it stopped, by HTTP's Range. It has a name of its own
    until its digest is right. Closing the generator stops it. One that is already fetched by
    another thread is waited for. Raises `RuntimeError`, which says what is wrong (no network, cut,
    altered, a full disk): what is there stays usable, and asking again tries again.
    """
    check_choice("dataset", name, NAMES)
    while not _fetching[name].acquire(timeout=0.3):
        yield _progress(name, "")
    try:
        for archive, path in paths(name).items():
            if _fault(archive, path):
                yield _progress(name, archive.file)
                yield from _fetch(name, archive, path)
        yield _progress(name, "")
    finally:
        _fetching[name].release()


def _progress(name: str, file: str) -> Progress:
    found = paths(name)
    done = 0
    for archive, path in found.items():
        here = path if path.exists() else _part(path)
        done += min(here.stat().st_size, archive.size) if here.exists() else 0
    return Progress(file, done, sum(archive.size for archive in found))


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _fetch(name: str, archive: Archive, path: Path) -> Generator[Progress, None, None]:
    """One archive, from the first mirror that has it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # it is damaged
    except OSError as error:
        raise RuntimeError(_disk(path, error)) from error
    faults = []
    for mirror in MIRRORS[name]:
        for _ in range(ATTEMPTS):
            fault = yield from _attempt(name, mirror, archive, path)
            if fault is None:
                return
            faults.append(fault.sentence)
            if not fault.goes_on:
                break
    told = "; ".join(dict.fromkeys(faults))
    raise RuntimeError(f"{archive.file} of {TITLES[name]} could not be fetched: {told}.")


class _Fault(NamedTuple):
    sentence: str
    goes_on: bool  # whether asking the same host again may help


def _attempt(
    name: str, mirror: str, archive: Archive, path: Path
) -> Generator[Progress, None, _Fault | None]:
    """As much of an archive as a mirror gives, after what is already here. Returns what is wrong
    with it, None where the archive is complete and in its place.
    """
    part, host = _part(path), urlsplit(mirror).netloc
    have = older = part.stat().st_size if part.exists() else 0
    if have < archive.size:
        headers = {"Range": f"bytes={have}-"} if have else {}
        try:
            with urlopen(
                Request(mirror + archive.file, headers=headers), timeout=TIMEOUT
            ) as answer:
                resumed = answer.status == 206
                have = have if resumed else 0  # another answer is the whole file
                place = answer.headers.get("Content-Range", "")
                if resumed and not place.startswith(f"bytes {have}-"):
                    return _dropped(part, f"{host} goes on at another place than asked", True)
                # One byte more than there should be is enough to know that it is another file.
                while have <= archive.size and (block := answer.read(BLOCK)):
                    _append(part, block, anew=have == 0)
                    have += len(block)
                    yield _progress(name, archive.file)
        except HTTPError as error:
            if error.code == 416:
                return _dropped(part, f"{host} has only {have} of {archive.size} bytes", False)
            return _Fault(f"{host} answers {error.code} {error.reason}", False)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or str(error) or type(error).__name__
            cut = f" after {have} of {archive.size} bytes" if have else ""
            return _Fault(f"the connection to {host} failed{cut} ({reason})", have > 0)
        if have < archive.size:
            return _Fault(f"{host} stopped after {have} of {archive.size} bytes", have > 0)
    try:
        about = part.stat()
        if _md5(part, about.st_size, about.st_mtime_ns) == archive.md5:
            part.replace(path)
            return None
    except OSError as error:
        raise RuntimeError(_disk(part, error)) from error
    fault = _against(archive, about.st_size)
    # Where a part of it is older that may be at fault, and not the host: once more, from the start.
    return _dropped(part, f"what came from {host} is damaged: {fault}", older > 0)


def _append(part: Path, block: bytes, anew: bool) -> None:
    try:
        with part.open("wb" if anew else "ab") as file:
            file.write(block)
    except OSError as error:
        part.unlink(missing_ok=True)  # a full disk is everybody's trouble
        raise RuntimeError(_disk(part, error)) from error


def _dropped(part: Path, sentence: str, goes_on: bool) -> _Fault:
    part.unlink(missing_ok=True)
    return _Fault(sentence, goes_on)


def _disk(path: Path, error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return f"The disk of {path.parent} is full: what was fetched has no room there."
    return f"{path.parent} cannot be written to ({error.strerror})."


# --- Reading.

_reading = threading.Lock()


def images(name: str, device: torch.device | str = "cpu") -> Images:
    """A data set on a device, the same tensors for all who ask: they are not to be written to.

    Raises `RuntimeError` where it is not here or damaged, and says how to get it.
    """
    check_choice("dataset", name, NAMES)
    with _reading:  # two runs that begin at once read it once
        return _images(name, folder() if ARCHIVES[name] else Path(), devices.resolve(str(device)))


@lru_cache(maxsize=8)
def _images(name: str, root: Path, device: torch.device) -> Images:
    if device.type != "cpu":
        return Images(*(part.to(device) for part in _images(name, root, torch.device("cpu"))))
    return _digits() if name == "digits" else _unpacked(name)


def _unpacked(name: str) -> Images:
    """What torchvision reads of the archives, unpacked into a folder that is then removed.

    The digest is that of the very bytes which are unpacked: nothing that lies around is trusted.
    """
    try:
        with IMPORTING:
            from torchvision import datasets
    except ImportError as error:
        raise RuntimeError(f"torchvision, which reads {TITLES[name]}, is not installed.") from error
    made = {"mnist": datasets.MNIST, "fashion": datasets.FashionMNIST}[name]
    try:
        with TemporaryDirectory(ignore_cleanup_errors=True) as root:
            raw = Path(root, FOLDERS[name], "raw")
            raw.mkdir(parents=True)
            for archive, path in paths(name).items():
                packed = path.read_bytes()
                if hashlib.md5(packed, usedforsecurity=False).hexdigest() != archive.md5:
                    raise RuntimeError(f"{archive.file} is damaged. {_how(name)}")
                (raw / path.stem).write_bytes(gzip.decompress(packed))
            parts = [made(root, train=train) for train in (True, False)]
    except OSError as error:
        told = problem(name) or f"{TITLES[name]} cannot be unpacked ({error})."
        raise RuntimeError(f"{told} {_how(name)}") from error
    train, test = parts
    return Images(
        train.data.reshape(-1, PIXELS), train.targets, test.data.reshape(-1, PIXELS), test.targets
    )


def _how(name: str) -> str:
    return f'To fetch it: list(core.datasets.fetch("{name}")). Without a network: "digits".'


@cache
def _digits() -> Images:
    """Scikit-learn's digits; each fifth one tests."""
    try:
        with IMPORTING:
            from sklearn.datasets import load_digits
    except ImportError as error:
        raise RuntimeError(
            "scikit-learn, which carries these digits, is not installed: pip install scikit-learn."
        ) from error
    small, labels = (np.asarray(part).astype(np.uint8) for part in load_digits(return_X_y=True))
    digest = hashlib.sha256(small.tobytes() + labels.tobytes()).hexdigest()
    if digest != DIGITS_SHA256:
        raise RuntimeError("scikit-learn carries other digits than these: their SHA-256 differs.")
    large = torch.from_numpy(enlarged(small.reshape(-1, 8, 8))).view(-1, PIXELS)
    target = torch.from_numpy(labels.astype(np.int64))
    tests = torch.arange(len(large)) % EVERY == EVERY - 1
    return Images(large[~tests], target[~tests], large[tests], target[tests])


def enlarged(small: np.ndarray) -> np.ndarray:
    """(n, 8, 8) of 0 to 16 as (n, 28, 28) uint8 of 0 to 255, by straight lines between middles.

    In whole numbers, so that it is the same everywhere: pixel i of 28 lies (4 i - 5) / 14 small
    pixels from the first middle, and 14 · 14 · 16 parts are white.
    """
    place = np.clip(4 * np.arange(SIDE) - 5, 0, 14 * 7)
    along = np.clip(14 - abs(place[:, None] - 14 * np.arange(8)), 0, None)  # (28, 8) shares
    white = 14 * 14 * 16
    return ((along @ small.astype(np.int64) @ along.T * 255 + white // 2) // white).astype(np.uint8)


def pixels(values: Tensor) -> Tensor:
    """Pictures of bytes as float32 from 0 to 1: what torchvision's `ToTensor` makes of them."""
    return values.to(torch.float32).div(255)


def item(name: str, index: int, train: bool = True) -> tuple[Tensor, int]:
    """One picture (1, 28, 28) from 0 to 1 and its label, as torchvision's data set gives it.

    Raises `ValueError` where there is none of that index, and what `images` raises.
    """
    data = images(name)
    pictures = data.train if train else data.test
    Range(0, len(pictures) - 1, whole=True).check("index", index)
    labels = data.train_labels if train else data.test_labels
    return pixels(pictures[index]).view(1, SIDE, SIDE), int(labels[index])
