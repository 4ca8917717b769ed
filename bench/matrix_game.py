"""`run` against the loop of "Notes on PyTorch": alone, recorded for a page, and 10,000 at once."""

from collections import deque

import torch

from bench import versus
from core.matrix_game import Config, frame, run
from core.recording import Recording

CONFIG = Config(steps=1_000)
AT_LEAST = 1.0
BATCH_STEPS, BATCH_ROUNDS = 200, 7


def document_loop() -> None:
    """What the notes do at each update: both rewards and backwards, update, four numbers kept."""
    r0 = torch.tensor([[3.0, 1.0], [2.0, 4.0]])
    r1 = torch.tensor([[1.0, 3.0], [5.0, 2.0]])
    a0 = torch.tensor(0.0, requires_grad=True)
    a1 = torch.tensor(0.0, requires_grad=True)
    a0.grad, a1.grad = torch.zeros_like(a0), torch.zeros_like(a1)
    table = []
    for _ in range(CONFIG.steps):
        assert a0.grad is not None
        assert a1.grad is not None
        p = torch.stack([torch.sigmoid(a0), 1 - torch.sigmoid(a0)]).reshape(2, 1)
        q = torch.stack([torch.sigmoid(a1), 1 - torch.sigmoid(a1)]).reshape(2, 1)
        reward_0 = p.T @ r0 @ q.detach()
        reward_1 = p.T.detach() @ r1 @ q
        a0.grad.zero_()
        a1.grad.zero_()
        reward_0.backward()
        reward_1.backward()
        with torch.no_grad():
            a0 += 1e-2 * a0.grad
            a1 += 1e-2 * a1.grad
        numbers = (torch.sigmoid(a0), torch.sigmoid(a1), reward_0, reward_1)
        table.append([number.item() for number in numbers])


def recorded() -> None:
    """The same, kept to be scrubbed."""
    Recording(run, ((0, CONFIG),), frame=frame, every=11).finish(seconds=600)


LOGITS = [-3 + 6 * k / 99 for k in range(100)]
BATCH = Config(starts=tuple((a0, a1) for a0 in LOGITS for a1 in LOGITS), steps=BATCH_STEPS)


def every_state_of_a_batch() -> None:
    """The same of 10,000 starts."""
    deque(run(BATCH), maxlen=0)


def recorded_ratio() -> float:
    """How many times sooner a run is ready to scrub than the notes' loop is done."""
    return versus.ratio(document_loop, recorded)


def batch_ratio() -> float:
    """How many times more updates of single runs a batch makes in a second."""
    more = len(BATCH.starts) * BATCH_STEPS / CONFIG.steps
    return more * versus.ratio(document_loop, every_state_of_a_batch, BATCH_ROUNDS)
