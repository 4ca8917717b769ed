"""What PyTorch's optimizers keep of each parameter: copied into a state, and given back.

Adam keeps averages of gradients, SGD with momentum its last move. A run that went on without them
would go another way.
"""

from collections.abc import Mapping

from torch import Tensor
from torch.optim import Optimizer

Kept = dict[str, dict[str, Tensor]]  # parameter -> by the optimizer's own names, as exp_avg


def kept(optimizer: Optimizer, parameters: Mapping[str, Tensor]) -> Kept:
    """Copies of what it keeps of these parameters by their names, nothing of one never moved."""
    return {
        name: {key: values.clone() for key, values in optimizer.state[parameter].items()}
        for name, parameter in parameters.items()
        if parameter in optimizer.state
    }


def restore(optimizer: Optimizer, parameters: Mapping[str, Tensor], before: Kept) -> None:
    """Have it keep copies of what `kept` gave, where its parameters are now."""
    fused = optimizer.defaults.get("fused")
    for name, values in before.items():
        for key, value in values.items():
            # Adam counts its updates on the CPU, except where one kernel does all of it.
            place = "cpu" if value.dim() == 0 and not fused else parameters[name].device
            optimizer.state[parameters[name]][key] = value.to(place, copy=True)
