"""Data sets: digests, a download that is cut, truncated, altered or has no room, what is read."""

import gzip
import hashlib
import http.server
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from core import datasets
from core.datasets import Archive, Progress, enlarged, fetch, images, item, problem
from tests.core.archives import mnist, needs_mnist  # noqa: F401 (a fixture)

ROOT = Path(__file__).parents[2]
TRAIN, TEST = 70, 30  # pictures of the archives that the server here has


# --- A server, and small archives.


def idx(values: np.ndarray) -> bytes:
    """An array of bytes as a file of LeCun's format: 0, 0, 8 for bytes, dimensions, sizes, data."""
    head = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, dtype=">i4").tobytes()
    return head + values.astype(np.uint8).tobytes()


NUMBERS = np.random.default_rng(0)
PARTS = {
    "train-images-idx3-ubyte.gz": NUMBERS.integers(0, 256, (TRAIN, 28, 28)),
    "train-labels-idx1-ubyte.gz": np.arange(TRAIN) % 10,
    "t10k-images-idx3-ubyte.gz": NUMBERS.integers(0, 256, (TEST, 28, 28)),
    "t10k-labels-idx1-ubyte.gz": np.arange(TEST) % 10,
}
FILES = {name: gzip.compress(idx(values), mtime=0) for name, values in PARTS.items()}
LARGE, SMALL = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
ARCHIVES = tuple(
    Archive(name, hashlib.md5(content, usedforsecurity=False).hexdigest(), len(content))
    for name, content in FILES.items()
)
TOTAL = sum(map(len, FILES.values()))


class Server:
    """One that gives FILES, or what a test has put there; `asked` is what it was asked for."""

    def __init__(self) -> None:
        self.files = dict(FILES)
        self.ranges = True  # whether it knows Range
        self.cuts: list[int] = []  # after so many bytes the next answers break off
        self.asked: list[tuple[str, str | None]] = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Nothing."""

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    @property
    def mirror(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}/here/"

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        name, wanted = Path(request.path).name, request.headers.get("Range")
        self.asked.append((name, wanted))
        content = self.files.get(name)
        if content is None:
            request.send_error(404)
            return
        begin = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if not self.ranges:
            begin = 0
        if begin >= len(content) > 0:
            request.send_error(416)
            return
        request.send_response(206 if begin else 200)
        if begin:
            request.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        request.send_header("Content-Length", str(len(content) - begin))
        request.end_headers()
        end = begin + self.cuts.pop(0) if self.cuts else len(content)
        request.wfile.write(content[begin:end])

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    made = Server()
    monkeypatch.setenv("EXPLORABLES_DATA", str(tmp_path / "data"))
    monkeypatch.setitem(datasets.ARCHIVES, "mnist", ARCHIVES)
    monkeypatch.setitem(datasets.MIRRORS, "mnist", (made.mirror,))
    monkeypatch.setattr(datasets, "BLOCK", 4096)  # so that even these come in parts
    yield made
    made.close()


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return tmp_path / "data" / "MNIST" / "raw"


def assert_complete(raw: Path) -> None:
    assert {path.name: path.read_bytes() for path in raw.iterdir()} == FILES
    assert problem("mnist") is None


# --- Fetching.


def test_what_is_fetched_is_what_torchvision_then_reads(server: Server, raw: Path):
    told = problem("mnist")
    assert told is not None
    assert told.startswith("MNIST has to be fetched")
    assert str(raw) in told
    with pytest.raises(RuntimeError, match=r'4 of its 4 archives.*fetch\("mnist"\).*"digits"'):
        images("mnist")

    seen = list(fetch("mnist"))
    assert all(isinstance(progress, Progress) for progress in seen)
    done = [progress.done for progress in seen]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, TOTAL)
    assert len(done) > TOTAL / 4096
    assert {progress.total for progress in seen} == {TOTAL}
    assert [name for name, _ in server.asked] == list(FILES)
    assert_complete(raw)

    data = images("mnist")
    for found, expected in zip(data, PARTS.values(), strict=True):
        assert np.array_equal(found.numpy().reshape(expected.shape), expected)
    assert [part.dtype for part in data] == [torch.uint8, torch.int64] * 2
    assert list(fetch("mnist")) == [Progress("", TOTAL, TOTAL)]  # nothing is asked for again
    assert len(server.asked) == 4


def test_a_download_that_is_cut_goes_on_where_it_stopped(server: Server, raw: Path):
    server.cuts = [9_000, 5_000]
    list(fetch("mnist"))
    assert server.asked[:3] == [(LARGE, None), (LARGE, "bytes=9000-"), (LARGE, "bytes=14000-")]
    assert_complete(raw)


def test_a_download_that_is_cut_again_and_again_says_so_and_goes_on_when_asked(
    server: Server, raw: Path
):
    server.cuts = [100] * 7
    size = len(FILES[LARGE])
    with pytest.raises(RuntimeError, match=f"{LARGE} of MNIST could not be fetched: .*") as caught:
        list(fetch("mnist"))
    assert f"after 500 of {size} bytes" in str(caught.value)
    assert not (raw / LARGE).exists()
    list(fetch("mnist"))
    assert (LARGE, "bytes=500-") in server.asked
    assert_complete(raw)


def test_a_host_that_knows_no_range_begins_anew(server: Server, raw: Path):
    server.ranges, server.cuts = False, [9_000]
    list(fetch("mnist"))
    assert [wanted for name, wanted in server.asked if name == LARGE] == [None, "bytes=9000-"]
    assert_complete(raw)


def test_a_download_that_is_stopped_goes_on_later(server: Server, raw: Path):
    download = fetch("mnist")
    while next(download).done < 10_000:
        pass
    download.close()
    assert not (raw / LARGE).exists()
    here = (raw / f"{LARGE}.part").stat().st_size
    assert here >= 10_000
    list(fetch("mnist"))
    assert server.asked[1] == (LARGE, f"bytes={here}-")
    assert_complete(raw)


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def altered(content: bytes) -> bytes:
    return content[:20] + bytes([content[20] ^ 1]) + content[21:]


def longer(content: bytes) -> bytes:
    return content + content


@pytest.mark.parametrize(
    ("change", "told"),
    [(truncated, "of {size} bytes"), (altered, "its MD5 is not"), (longer, "of {size}")],
)
def test_a_host_that_has_another_file_is_not_trusted(
    server: Server, raw: Path, change: Callable[[bytes], bytes], told: str
):
    server.files[LARGE] = change(FILES[LARGE])
    with pytest.raises(RuntimeError, match="could not be fetched") as caught:
        list(fetch("mnist"))
    assert told.format(size=len(FILES[LARGE])) in str(caught.value)
    assert list(raw.iterdir()) == []  # nothing of it stays
    assert problem("mnist") is not None
    server.files = dict(FILES)
    list(fetch("mnist"))
    assert_complete(raw)


@pytest.mark.parametrize("change", [truncated, altered, longer, lambda content: b""])
def test_an_archive_that_is_damaged_here_is_found_and_fetched_again(
    server: Server, raw: Path, change: Callable[[bytes], bytes]
):
    list(fetch("mnist"))
    (raw / SMALL).write_bytes(change(FILES[SMALL]))
    told = problem("mnist")
    assert told is not None
    assert f"{SMALL} in {raw} is damaged" in told
    with pytest.raises(RuntimeError, match=f'{SMALL} is damaged.*fetch."mnist"'):
        images("mnist")
    server.asked.clear()
    list(fetch("mnist"))
    assert server.asked == [(SMALL, None)]  # the others are whole
    assert_complete(raw)


def test_what_was_fetched_but_not_finished_is_checked_before_it_counts(server: Server, raw: Path):
    """A process may end between the last byte and the digest."""
    raw.mkdir(parents=True)
    (raw / f"{LARGE}.part").write_bytes(FILES[LARGE])
    (raw / f"{SMALL}.part").write_bytes(altered(FILES[SMALL]))
    list(fetch("mnist"))
    assert LARGE not in [name for name, _ in server.asked]
    assert (SMALL, None) in server.asked
    assert_complete(raw)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk without room")
def test_a_full_disk_is_named(server: Server, raw: Path):
    raw.mkdir(parents=True)
    (raw / f"{LARGE}.part").symlink_to("/dev/full")
    with pytest.raises(RuntimeError, match=f"disk of {raw} is full"):
        list(fetch("mnist"))
    assert list(raw.iterdir()) == []
    list(fetch("mnist"))
    assert_complete(raw)


def test_a_folder_that_cannot_be_written_to_is_named(server: Server, raw: Path):
    raw.parent.parent.mkdir(parents=True)
    raw.parent.write_text("a file where a folder should be")
    with pytest.raises(RuntimeError, match="cannot be written to"):
        list(fetch("mnist"))


def test_without_a_network_the_message_names_the_host(
    server: Server, monkeypatch: pytest.MonkeyPatch
):
    address = server.mirror
    server.close()
    host = address.split("/")[2]
    with pytest.raises(RuntimeError, match=f"connection to {host} failed"):
        list(fetch("mnist"))
    monkeypatch.setattr(server, "close", lambda: None)


def test_a_second_mirror_is_asked(server: Server, raw: Path, monkeypatch: pytest.MonkeyPatch):
    empty = Server()
    empty.files.clear()
    monkeypatch.setitem(datasets.MIRRORS, "mnist", (empty.mirror, server.mirror))
    list(fetch("mnist"))
    assert_complete(raw)
    server.files.clear()
    (raw / SMALL).unlink()
    with pytest.raises(RuntimeError, match="answers 404 Not Found"):
        list(fetch("mnist"))
    empty.close()


def test_two_who_ask_at_once_fetch_once(server: Server, raw: Path):
    first = fetch("mnist")
    next(first)
    seen: list[Progress] = []
    other = threading.Thread(target=lambda: seen.extend(fetch("mnist")))
    other.start()
    list(first)
    other.join(timeout=60)
    assert not other.is_alive()
    assert seen[-1].done == TOTAL
    assert len(server.asked) == 4
    assert_complete(raw)


# --- What a name stands for.


def test_digests_are_those_that_torchvision_lists():
    from torchvision.datasets import MNIST, FashionMNIST

    for name, known in (("mnist", MNIST), ("fashion", FashionMNIST)):
        listed = [(archive.file, archive.md5) for archive in datasets.ARCHIVES[name]]
        assert listed == known.resources
        assert list(datasets.MIRRORS[name]) == known.mirrors
        assert datasets.FOLDERS[name] == known.__name__
        assert len(datasets.LABELS[name]) == len(known.classes) == 10


def test_the_folder_is_the_one_that_is_chosen_or_the_users_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("EXPLORABLES_DATA", str(tmp_path))
    assert datasets.folder() == tmp_path
    assert datasets.paths("fashion")[datasets.ARCHIVES["fashion"][0]] == (
        tmp_path / "FashionMNIST" / "raw" / LARGE
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv("EXPLORABLES_DATA")
        else:
            monkeypatch.setenv("EXPLORABLES_DATA", unset)
        assert datasets.folder().name == "torch-explorables"
        if sys.platform == "linux":
            assert datasets.folder().parent == tmp_path / "cache"


@pytest.mark.parametrize("asked", [images, problem, lambda name: list(fetch(name))])
def test_a_data_set_of_another_name_is_refused(asked: Callable[[str], object]):
    with pytest.raises(ValueError, match="one of mnist, fashion, digits"):
        asked("letters")


def test_digits_need_no_network():
    data = images("digits")
    assert problem("digits") is None
    assert list(fetch("digits")) == [Progress("", 0, 0)]
    assert (len(data.train), len(data.test)) == datasets.SIZES["digits"]
    assert len(data.train) + len(data.test) == 1797
    assert len(data.test) / 1797 == pytest.approx(0.2, abs=0.001)
    for pictures, labels in (data[:2], data[2:]):
        assert (pictures.shape[1:], pictures.dtype, labels.dtype) == (
            (784,),
            torch.uint8,
            torch.int64,
        )
        assert sorted(set(labels.tolist())) == list(range(10))
    both = torch.cat([data.train, data.test])
    assert both.max() == 255
    assert both.min() == 0
    # No picture both trains and tests.
    assert not {row.tobytes() for row in data.train.numpy()} & {
        row.tobytes() for row in data.test.numpy()
    }


def test_digits_are_enlarged_by_straight_lines():
    small = np.random.default_rng(1).integers(0, 17, (50, 8, 8))
    expected = interpolate(
        torch.from_numpy(small)[:, None].double(), size=(28, 28), mode="bilinear"
    )[:, 0]
    # To the nearest whole number, wherever PyTorch's rounding puts a half.
    away = np.abs(enlarged(small) - 255 / 16 * expected.numpy())
    assert away.max() < 0.5 + 1e-6
    assert (enlarged(np.full((1, 8, 8), 16)) == 255).all()


def test_digits_of_another_version_are_not_trusted(monkeypatch: pytest.MonkeyPatch):
    datasets._digits.cache_clear()
    monkeypatch.setattr(datasets, "DIGITS_SHA256", "0" * 64)
    told = problem("digits")
    datasets._digits.cache_clear()
    assert told is not None
    assert "SHA-256" in told


def test_pictures_are_one_tensor_for_all_who_ask():
    assert images("digits") is images("digits", "cpu") is images("digits", torch.device("cpu"))
    with pytest.raises(RuntimeError, match="does not exist"):
        images("digits", "cuda:99")


def test_an_item_is_a_picture_of_one_channel_and_its_label():
    picture, label = item("digits", 3, train=False)
    data = images("digits")
    assert (picture.shape, picture.dtype, label) == (
        (1, 28, 28),
        torch.float32,
        int(data.test_labels[3]),
    )
    assert torch.equal((255 * picture).round().to(torch.uint8).view(-1), data.test[3])
    for index in (-1, 359, 1.0):
        with pytest.raises(ValueError, match="from 0 to 358"):
            item("digits", index, train=False)  # type: ignore[arg-type]


@needs_mnist
@pytest.mark.usefixtures("mnist")
def test_mnist_is_mnist():
    data = images("mnist")
    assert (len(data.train), len(data.test)) == datasets.SIZES["mnist"]
    # The first labels, as LeCun's page shows them, and how many of each class there are.
    assert data.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert data.test_labels[:4].tolist() == [7, 2, 1, 0]
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert data.train_labels.bincount().tolist() == counts
    # Mean and standard deviation that everybody normalises with.
    numbers = datasets.pixels(data.train)
    assert numbers.mean().item() == pytest.approx(0.1307, abs=5e-5)
    assert numbers.std().item() == pytest.approx(0.3081, abs=5e-5)


@needs_mnist
def test_an_item_is_that_of_torchvision(mnist: Path, tmp_path: Path):  # noqa: F811
    from torchvision.datasets import MNIST
    from torchvision.transforms import ToTensor

    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    for archive in datasets.ARCHIVES["mnist"]:
        content = gzip.decompress((mnist / "MNIST" / "raw" / archive.file).read_bytes())
        (tmp_path / "MNIST" / "raw" / archive.file.removesuffix(".gz")).write_bytes(content)
    known = MNIST(str(tmp_path), train=False, transform=ToTensor())
    for index in (0, 17, 9_999):
        picture, label = item("mnist", index, train=False)
        assert torch.equal(picture, known[index][0])
        assert label == known[index][1]


def test_core_works_where_neither_scikit_learn_nor_platformdirs_nor_torchvision_is_installed():
    script = """
import os, sys
sys.modules.update(dict.fromkeys(["sklearn", "platformdirs", "torchvision"]))
from core import datasets
assert "scikit-learn" in datasets.problem("digits")
os.environ.pop("EXPLORABLES_DATA", None)
assert "platformdirs" in datasets.problem("mnist")
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=120)
