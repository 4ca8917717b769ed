"""A run of `core.mnist` as a script to paste anywhere: PyTorch, and what carries the pictures."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from core.datasets import CLASSES, EVERY, PIXELS
from core.randomness import GENERATOR
from core.theory.mnist.network import ORDER, SNAPSHOT, WEIGHTS

if TYPE_CHECKING:
    from core.mnist import Config

_FETCHED = """training_data = datasets.{name}(root="data", train=True, download=True)
test_data = datasets.{name}(root="data", train=False, download=True)
# All pictures as one tensor: a data set asked for one by one takes longer than the training.
images, labels = training_data.data.flatten(1), training_data.targets
test_images, test_labels = test_data.data.flatten(1), test_data.targets
"""
_CARRIED = """digits = load_digits()
place = (4 * torch.arange(28) - 5).clamp(0, 98)  # of 28 pixels in 14ths of 8
along = (14 - (place[:, None] - 14 * torch.arange(8)).abs()).clamp(min=0)
small = torch.tensor(digits.images).long()
large = ((along @ small @ along.T * 255 + 1568) // 3136).byte().flatten(1)
target = torch.tensor(digits.target)
tests = torch.arange(len(large)) % {every} == {every} - 1
images, labels = large[~tests], target[~tests]
test_images, test_labels = large[tests], target[tests]
"""


def plain_pytorch(config: Config) -> str:
    """The same run as a script. It prints the loss of each 100th batch, and after each epoch its
    number, the average test loss and the accuracy.
    """
    digits = "from sklearn.datasets import load_digits\n" if config.dataset == "digits" else ""
    vision = "" if digits else "from torchvision import datasets\n"
    return "".join(
        [
            f"import torch\n{digits}from torch import nn\n{vision}\n\n",
            GENERATOR,
            _data(config),
            _network(config),
            _training(config),
        ]
    )


def _data(config: Config) -> str:
    name = "MNIST" if config.dataset == "mnist" else "FashionMNIST"
    found = (
        _CARRIED.format(every=EVERY) if config.dataset == "digits" else _FETCHED.format(name=name)
    )
    if config.device != "cpu":
        for part in ("images", "labels", "test_images", "test_labels"):
            found += f"{part} = {part}.to({config.device!r})\n"
    return found


def _network(config: Config) -> str:
    widths = (PIXELS, *(int(width) for width in config.hidden))
    made = "".join(
        f"    nn.Linear({one}, {other}),\n    nn.ReLU(),\n" for one, other in pairwise(widths)
    )
    made += f"    nn.Linear({widths[-1]}, {CLASSES}),\n"
    made += "    nn.Softmax(dim=1),  # and the loss takes another one\n" if config.softmax else ""
    if config.initial == "default":
        low, high, bound = "-bound", "bound", "        bound = layer.in_features**-0.5\n"
    else:
        low, high, bound = "0", "1", ""
    return f"""
model = nn.Sequential(
{made})
numbers = generator(seed_of({int(config.seed)}, {WEIGHTS}))
for layer in model:
    if isinstance(layer, nn.Linear):
{bound}        nn.init.uniform_(layer.weight, {low}, {high}, generator=numbers)
        nn.init.uniform_(layer.bias, {low}, {high}, generator=numbers)
model.to({config.device!r})
optimizer = torch.optim.SGD(model.parameters(), lr={float(config.learning_rate)!r})
loss_module = nn.CrossEntropyLoss()

"""


def _training(config: Config) -> str:
    size = int(config.batch_size)
    if config.shuffle:
        drawn = f"generator=generator({int(config.seed)}, {ORDER}, epoch)"
        order = f"    order = torch.randperm(len(images), {drawn})\n"
        order += f"    batches = order.to(images.device).split({size})\n"
    else:
        order = f"    batches = torch.arange(len(images), device=images.device).split({size})\n"
    return f"""
def pixels(values):
    return values.float() / 255


for epoch in range({int(config.epochs)}):
{order}    for k, batch in enumerate(batches):
        loss = loss_module(model(pixels(images[batch])), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if k % {SNAPSHOT} == 0:
            print(f"batch {{k}}: loss {{loss.item():.6f}}")
    losses, right = [], 0
    with torch.no_grad():
        for x, y in zip(test_images.split({size}), test_labels.split({size})):
            output = model(pixels(x))
            losses.append(loss_module(output, y).item())
            right += (output.argmax(dim=1) == y).sum().item()
    average = sum(losses) / len(losses)
    print(f"epoch {{epoch + 1}}: test loss {{average:.6f}}, accuracy {{right / len(test_labels)}}")
"""
