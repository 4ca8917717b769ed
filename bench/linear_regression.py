"""`run`, every state yielded, against the loop of "Working Notes - Learning PyTorch - Day 1"."""

import torch

from core.linear_regression import Config

CONFIG = Config(damping_factor=0.1, steps=1_000)
AT_LEAST = 1.0


def document_loop() -> None:
    """What the notes do at each update: loss by einsum, backward, update, .grad to None."""
    b = torch.tensor([1.0, 1.0])
    A = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    x = torch.tensor([0.0, 0.0], requires_grad=True)
    for _ in range(CONFIG.steps):
        loss = ((torch.einsum("ij,j->i", A, x) - b) ** 2).sum()
        loss.backward()
        assert x.grad is not None
        with torch.no_grad():
            x -= 0.1 * x.grad
            x.grad = None
