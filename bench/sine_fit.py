"""`run`, every state with its curvature, against the loop of "Working Notes - Learning PyTorch"."""

import math

import torch

from core.sine_fit import Config

CONFIG = Config(steps=1_000)
AT_LEAST = 0.5  # in float64, with a Hessian more in each state


def document_loop() -> None:
    """What the notes do at each update, but print: loss, backward, unit gradient, update."""
    x = 2 * math.pi * torch.rand(1000, generator=torch.Generator().manual_seed(0))
    y = torch.sin(x)
    params = torch.tensor([1.3, 1.0], requires_grad=True)
    printed = []
    for _ in range(CONFIG.steps):
        model = params[0] * torch.sin(params[1] * x)
        loss = ((y - model) ** 2).sum()
        loss.backward()
        assert params.grad is not None
        printed.append((loss, params.grad / sum(params.grad**2) ** 0.5))
        with torch.no_grad():
            params -= 0.1 * params.grad / (1 + sum(params.grad**2) ** 0.5)
            params.grad = None
