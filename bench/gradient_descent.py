"""`run`, every state yielded, against the loop of "Notes on PyTorch", Simple gradient descent."""

import statistics
import time
from collections import deque
from collections.abc import Callable

import numpy as np
import torch

from core.gradient_descent import Config, run

STEPS, ROUNDS = 1_000, 15


def document_loop() -> None:
    """What the notes do at each update, but print: clear, loss, backward, update, keep."""
    w = torch.tensor(np.ones(5), requires_grad=True)
    t = torch.tensor(np.arange(5))
    w.sum().backward()
    losses, weights = [], [w.detach().clone().numpy()]
    for _ in range(STEPS):
        assert w.grad is not None
        w.grad.zero_()
        loss = torch.sum(torch.square(w - t))
        loss.backward()
        with torch.no_grad():
            w -= 5e-2 * w.grad
        losses.append(loss.item())
        weights.append(w.detach().clone().numpy())


def every_state() -> None:
    """Drain the lesson's generator."""
    deque(run(Config(steps=STEPS)), maxlen=0)


def seconds(work: Callable[[], None]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def ratio() -> float:
    """How many times faster `run` is, the median of rounds in which both take turns."""
    every_state()
    document_loop()
    return statistics.median(seconds(document_loop) / seconds(every_state) for _ in range(ROUNDS))
