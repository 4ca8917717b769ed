"""`run` of XOR, every state with the loss of all points, against the document's DataLoader loop."""

import time
from collections import deque

import torch
from torch import nn
from torch.utils.data import DataLoader

from core.xor import Config, SimpleClassifier, XORDataset, run

EPOCHS = 10
CONFIG = Config(test_share=0.0, epochs=EPOCHS)
AT_LEAST = 1.5
WIDE = Config(test_share=0.0, epochs=EPOCHS, hidden=64)


def document_loop() -> None:
    """What the document does: single items, collated by a DataLoader; forward, loss, zero_grad,
    backward, step. Neither states nor the loss of all points.
    """
    dataset = XORDataset(CONFIG.samples, CONFIG.noise)
    loader = DataLoader(
        dataset, CONFIG.batch_size, shuffle=True, generator=torch.Generator().manual_seed(0)
    )
    model = SimpleClassifier(2, CONFIG.hidden, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=CONFIG.learning_rate)
    loss_module = nn.BCEWithLogitsLoss()
    for _ in range(EPOCHS):
        for places, labels in loader:
            loss = loss_module(model(places).squeeze(dim=1), labels.float())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def every_state(config: Config) -> None:
    """Drain the lesson's generator: a snapshot, loss and accuracy of all points at each update."""
    deque(run(config), maxlen=0)


def updates_alone(config: Config) -> None:
    """The same updates by PyTorch's module, on batches cut from one tensor, and no look."""
    dataset = XORDataset(config.samples, config.noise)
    labels = dataset.label.float()
    model = SimpleClassifier(2, config.hidden, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=config.learning_rate)
    loss_module = nn.BCEWithLogitsLoss()
    numbers = torch.Generator().manual_seed(0)
    for _ in range(EPOCHS):
        order = torch.randperm(config.samples, generator=numbers)
        for chosen in order.split(config.batch_size):
            loss = loss_module(model(dataset.data[chosen]).squeeze(dim=1), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def samples_a_second(config: Config, looks: bool) -> float:
    """Points trained in a second, the best of three, with or without every state's look at all."""
    work = every_state if looks else updates_alone
    work(config)
    spent = []
    for _ in range(3):
        began = time.perf_counter()
        work(config)
        spent.append(time.perf_counter() - began)
    return config.samples * EPOCHS / min(spent)
