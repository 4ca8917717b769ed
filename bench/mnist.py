"""`run` of MNIST against the loop of its document, which fetches and collates single items."""

import gzip
import time
from collections import deque
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision.datasets import MNIST
from torchvision.transforms import ToTensor

from bench import versus
from core import datasets, mnist
from core.mnist import Config, Network, at_hand, frame, opinion, run

CONFIG = Config(epochs=1)
AT_LEAST = 1.5  # every state, with the pictures and numbers that it shows
AT_LEAST_ALONE = 2.0  # the updates without them
ROUNDS = 3
HERE = at_hand(CONFIG) == CONFIG  # whether the archives are


@cache
def _items() -> MNIST:
    """Torchvision's data set, of the archives unpacked for as long as this process lives."""
    root = mkdtemp()
    raw = Path(root, "MNIST", "raw")
    raw.mkdir(parents=True)
    for path in datasets.paths("mnist").values():
        (raw / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    return MNIST(root, train=True, transform=ToTensor())


def document_loop(batches: int | None = None) -> list[float]:
    """An epoch of the document: items one by one through a DataLoader, forward, loss, zero_grad,
    backward, step, and a loss read each 100th. Its tests are left out. Gives all losses of a loop
    of so many `batches`.
    """
    model = Network(CONFIG.hidden, CONFIG.softmax)
    first = next(run(CONFIG)).parameters
    assert first is not None
    model.load_state_dict(first)
    optimizer = torch.optim.SGD(model.parameters(), lr=CONFIG.learning_rate)
    loss_module = nn.CrossEntropyLoss()
    losses = []
    for k, (x, y) in enumerate(DataLoader(_items(), batch_size=CONFIG.batch_size)):
        if k == batches:
            break
        loss = loss_module(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if k % 100 == 0 or batches:
            losses.append(loss.item())
    return losses


def every_state() -> None:
    """Every state of an epoch but for the last: it comes with a test, which the loop leaves out."""
    deque(islice(run(CONFIG), CONFIG.batches), maxlen=0)


def updates_alone() -> None:
    """The updates of `run`, on batches cut from one tensor, without what its states show."""
    model = Network(CONFIG.hidden, CONFIG.softmax)
    optimizer = torch.optim.SGD(model.parameters(), lr=CONFIG.learning_rate)
    loss_module = nn.CrossEntropyLoss()
    data, size = datasets.images(CONFIG.dataset), CONFIG.batch_size
    for x, y in zip(data.train.split(size), data.train_labels.split(size), strict=True):
        loss = loss_module(model(datasets.pixels(x)), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def every_frame() -> None:
    """Every state, and what charts show of it."""
    for state in islice(run(CONFIG), CONFIG.batches):
        frame(CONFIG, state)


def ratios() -> dict[str, float]:
    """How many times faster than the document's loop an epoch is."""
    return {
        "updates alone": versus.ratio(document_loop, updates_alone, ROUNDS),
        "every state": versus.ratio(document_loop, every_state, ROUNDS),
        "every frame": versus.ratio(document_loop, every_frame, ROUNDS),
    }


def largest_difference() -> float:
    """Of the losses of the first 100 batches to those of the document's loop."""
    expected = document_loop(100)
    found = [state.loss.item() for state in islice(run(CONFIG), 100)]
    return float(np.abs(np.subtract(found, expected)).max())


def milliseconds_to_answer() -> float:
    """From a digit that is drawn to the network's opinion of it, the median of twenty."""
    config = replace(CONFIG, epochs=0)
    state, stroke = next(run(config)), [(0.5 + 0.003 * k, 0.2 + 0.006 * k) for k in range(100)]
    spent = []
    for _ in range(20):
        began = time.perf_counter()
        opinion(config, state, mnist.as_picture(mnist.ink([stroke])))
        spent.append(1_000 * (time.perf_counter() - began))
    return float(np.median(spent))
