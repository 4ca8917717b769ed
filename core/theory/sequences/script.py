"""A run of `core.sequences` as a script that needs nothing but PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.randomness import mix

if TYPE_CHECKING:
    from core.sequences import Config


def plain_pytorch(config: Config) -> str:
    """The same run as a script that needs nothing but PyTorch, to paste anywhere.

    It prints epoch and loss, at most some fifty lines, then what the network makes of one zero.
    """
    every = max(1, -(-config.epochs // 50))
    some = f"if epoch % {every} == 0:\n        " if every > 1 else ""
    hidden, length = int(config.hidden), int(config.length)
    return f"""import math

import torch
from torch import nn

device = {config.device!r}
t = torch.linspace(0, 1, {length})
f = torch.linspace({float(config.low_hz)!r}, {float(config.high_hz)!r}, {int(config.sequences)})
x = torch.sin(2 * math.pi * f[:, None] * t)[..., None].to(device)


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.{config.cell}(1, {hidden}, {int(config.layers)}, batch_first=True)
        self.linear = nn.Linear({hidden}, 1)

    def forward(self, x, state=None):
        h, state = self.rnn(x, state)
        return self.linear(h), state


model = Forecaster()
numbers = torch.Generator().manual_seed({mix(config.seed)})
for parameter in model.parameters():
    nn.init.uniform_(parameter, -{hidden}**-0.5, {hidden}**-0.5, generator=numbers)
model.to(device)
optimizer = torch.optim.Adam(model.parameters(), lr={float(config.learning_rate)!r})
mse = nn.MSELoss()

for epoch in range({int(config.epochs)}):
    prediction, _ = model(x[:, :-1])
    loss = mse(prediction, x[:, 1:])
    {some}print(epoch, loss.item())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

with torch.no_grad():
    prediction, _ = model(x[:, :-1])
    print({int(config.epochs)}, mse(prediction, x[:, 1:]).item())
    value, state, rollout = torch.zeros(1, 1, 1, device=device), None, [0.0]
    for _ in range(401):
        value, state = model(value, state)
        rollout.append(value.item())
print("from one zero:", rollout[:10])
"""
