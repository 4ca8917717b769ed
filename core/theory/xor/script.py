"""A run of `core.xor` as a script that needs nothing but PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.randomness import GENERATOR
from core.theory.xor.network import ACTIVATIONS
from core.theory.xor.points import DRAW, ORDER, OWN, SPLIT, TURNS, WEIGHTS

if TYPE_CHECKING:
    from core.xor import Config

_CLASS = "label = torch.randint(0, 2, ({size},), generator=draw)\n"
_POLAR = """places = radius[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)
"""
_SHAPES = {
    "xor": """places = torch.randint(0, 2, ({size}, 2), generator=draw)
label = (places.sum(dim=1) == 1).float()  # exactly one of the two is 1
""",
    "circle": _CLASS
    + """turn, part = torch.rand(2, {size}, generator=draw)
radius = torch.where(label == 1, part.sqrt(), 1.5 + 0.5 * part)
angle = 2 * math.pi * turn
"""
    + _POLAR,
    "moons": _CLASS
    + """angle = math.pi * torch.rand({size}, generator=draw)
upper = torch.stack([angle.cos(), angle.sin()], dim=1)
places = torch.where(label[:, None] == 1, torch.tensor([1.0, 0.5]) - upper, upper)
""",
    "spiral": _CLASS
    + f"""part = torch.rand({{size}}, generator=draw)
radius, angle = 0.2 + 1.8 * part, 2 * math.pi * {TURNS} * part + math.pi * label
"""
    + _POLAR,
    "blobs": _CLASS + "places = label[:, None].repeat(1, 2)\n",
}
_FEATURES = {"x^2": "x * x", "y^2": "y * y", "xy": "x * y"}
_FEATURES |= {"sin x": "torch.sin(x)", "sin y": "torch.sin(y)"}


def plain_pytorch(config: Config) -> str:
    """The same run as a script that needs nothing but PyTorch, to paste anywhere.

    It prints epoch, loss and accuracy of the points that train, and where there are any of those
    that test: at most some fifty lines.
    """
    seed, tests = int(config.seed), config.sizes[1]
    return "".join(
        [
            "import math\n\n" if config.data in ("circle", "moons", "spiral") else "",
            "import torch\nfrom torch import nn\n\n\n",
            GENERATOR,
            _data(config),
            _network(config),
            _training(config, seed, tests),
        ]
    )


def _data(config: Config) -> str:
    seed, size, tests = int(config.seed), int(config.samples), config.sizes[1]
    own = [[float(x), float(y), float(label)] for x, y, label in config.extra_points]
    lines = ""
    if config.data == OWN:
        lines += f"own = torch.tensor({own!r})\nplaces, label = own[:, :2], own[:, 2]\n"
    else:
        lines += f"draw = generator({seed}, {DRAW})\n" + _SHAPES[config.data].format(size=size)
        lines += f"places = places + {float(config.noise)!r} * "
        lines += f"torch.randn({size}, 2, generator=draw)\nlabel = label.float()\n"
    if tests:
        lines += f"""order = torch.randperm(len(places), generator=generator({seed}, {SPLIT}))
trains = torch.ones(len(places), dtype=torch.bool)
trains[order[:{tests}]] = False
test_places, test_label = places[~trains], label[~trains]
places, label = places[trains], label[trains]
"""
    if own and config.data != OWN:
        lines += f"own = torch.tensor({own!r})\n"
        lines += "places, label = torch.cat([places, own[:, :2]]), torch.cat([label, own[:, 2]])\n"
    columns = ", ".join(_FEATURES.get(name, name) for name in config.features)
    return f"""{lines}

def features(places):
    x, y = places.T
    return torch.stack([{columns}], dim=1).to({config.device!r})


inputs, label = features(places), label.to({config.device!r})
""" + (
        f"test_inputs, test_label = features(test_places), test_label.to({config.device!r})\n"
        if tests
        else ""
    )


def _network(config: Config) -> str:
    hidden, layers = int(config.hidden), int(config.layers)
    bend = ACTIVATIONS[config.activation].__name__
    made = [f"        self.linear1 = nn.Linear({len(config.features)}, {hidden})"]
    made += [f"        self.act_fn = nn.{bend}()"]
    made += [
        f"        self.linear{k} = nn.Linear({hidden}, {hidden})" for k in range(2, layers + 1)
    ]
    made += [f"        self.linear{layers + 1} = nn.Linear({hidden}, 1)"]
    went = [f"        x = self.act_fn(self.linear{k}(x))" for k in range(1, layers + 1)]
    return "\n\n" + "\n".join(
        [
            "class SimpleClassifier(nn.Module):",
            "    def __init__(self):",
            "        super().__init__()",
            *made,
            "",
            "    def forward(self, x):",
            *went,
            f"        return self.linear{layers + 1}(x)",
            "\n\n",
        ]
    )


def _training(config: Config, seed: int, tests: int) -> str:
    rate, decay = float(config.learning_rate), float(config.weight_decay)
    more = f", weight_decay={decay!r}" if decay else ""
    if config.optimiser == "adam":
        made = f"Adam(model.parameters(), lr={rate!r}{more})"
    else:
        momentum = f", momentum={float(config.momentum)!r}" if config.momentum else ""
        made = f"SGD(model.parameters(), lr={rate!r}{momentum}{more})"
    if config.loss == "bce":
        loss = "lambda logits, label: nn.BCELoss()(torch.sigmoid(logits), label)"
    else:
        loss = "nn.BCEWithLogitsLoss()"
    held = "".join(
        f"            model.{name}.view(-1)[{int(index)}] = {float(value)!r}\n"
        for name, index, value in config.held
    )
    every = max(1, -(-config.epochs // 50))
    some = (
        f"    if epoch % {every} == 0:\n        report(epoch)\n"
        if every > 1
        else ("    report(epoch)\n")
    )
    return f"""model = SimpleClassifier()
numbers = generator(seed_of({seed}, {WEIGHTS}))
for layer in model.children():
    if isinstance(layer, nn.Linear):
        bound = layer.in_features**-0.5
        nn.init.uniform_(layer.weight, -bound, bound, generator=numbers)
        nn.init.uniform_(layer.bias, -bound, bound, generator=numbers)
model.to({config.device!r})
optimizer = torch.optim.{made}
loss_module = {loss}


@torch.no_grad()
def report(epoch):
    shown = [epoch]
    for x, y in [(inputs, label){", (test_inputs, test_label)" if tests else ""}]:
        logits = model(x).squeeze(dim=1)
        right = (logits > 0) == (y == 1)
        shown += [loss_module(logits, y).item(), right.float().mean().item()]
    print(*shown)


for epoch in range({int(config.epochs)}):
{some}    order = torch.randperm(len(inputs), generator=generator({seed}, {ORDER}, epoch))
    for batch in order.split({int(config.batch_size)}):
        logits = model(inputs[batch]).squeeze(dim=1)
        loss = loss_module(logits, label[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
{"        with torch.no_grad():" + chr(10) + held if held else ""}
report({int(config.epochs)})
"""
