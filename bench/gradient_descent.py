"""`run`, every state yielded, against the loop of "Notes on PyTorch", Simple gradient descent."""

import numpy as np
import torch

from core.gradient_descent import Config

CONFIG = Config(steps=1_000)
AT_LEAST = 1.0


def document_loop() -> None:
    """What the notes do at each update, but print: clear, loss, backward, update, keep."""
    w = torch.tensor(np.ones(5), requires_grad=True)
    t = torch.tensor(np.arange(5))
    w.sum().backward()
    losses, weights = [], [w.detach().clone().numpy()]
    for _ in range(CONFIG.steps):
        assert w.grad is not None
        w.grad.zero_()
        loss = torch.sum(torch.square(w - t))
        loss.backward()
        with torch.no_grad():
            w -= 5e-2 * w.grad
        losses.append(loss.item())
        weights.append(w.detach().clone().numpy())
