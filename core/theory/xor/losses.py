"""Binary cross entropy of logits, and the same by way of probabilities, which loses digits.

Of a logit z and a label y the loss is l = log(1 + eᶻ) - y z, its derivative σ(z) - y. By way of
p = σ(z) it is -y log p - (1 - y) log(1 - p): in float32 p is 1 from z of about 17 on, and nothing
of z is left for a point of class 0.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy, softplus


class LogitsLoss(nn.Module):
    """The number of `nn.BCEWithLogitsLoss` for labels 0 and 1, by a function of one thread.

    PyTorch's log-sigmoid wakes its pool of threads for a hundred numbers: an update of a fifth of
    a millisecond then takes milliseconds where the cores are busy.
    """

    def __init__(self, reduction: str = "mean"):
        super().__init__()
        self.reduction = reduction

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """() or, of reduction "none", the shape of the logits."""
        losses = softplus(torch.addcmul(logits, labels, logits, value=-2))  # of z or -z
        return losses if self.reduction == "none" else losses.mean()


class SigmoidThenBCELoss(nn.Module):
    """`nn.Sigmoid`, then `nn.BCELoss`; nan where there is no probability, of which that raises."""

    def __init__(self, reduction: str = "mean"):
        super().__init__()
        self.reduction = reduction

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """() or, of reduction "none", the shape of the logits."""
        probability = torch.sigmoid(logits)
        known = binary_cross_entropy(probability.nan_to_num(0.5), labels, reduction="none")
        losses = torch.where(probability.isnan(), torch.nan, known)
        return losses if self.reduction == "none" else losses.mean()


LOSSES: dict[str, type[nn.Module]] = {
    "bce_with_logits": LogitsLoss,
    "bce": SigmoidThenBCELoss,
}


class Precision(NamedTuple):
    """Loss and derivative at each of n logits, of one label, in three ways; all (n,) float64."""

    logit: np.ndarray
    loss: dict[str, np.ndarray]  # of "bce_with_logits" and "bce" in float32, and "exact"
    gradient: dict[str, np.ndarray]  # ∂ loss / ∂ logit


def precision(logits: ArrayLike, label: int = 0) -> Precision:
    """What float32 keeps of the loss of a point at logits (n,), beside float64 and closed forms.

    PyTorch cuts the logarithm at -100, so that BCE of a wrong and sure network is 100, and its
    derivative 0: nothing is learnt of the worst mistakes.
    """
    z = np.asarray(logits, dtype=np.float32).astype(np.float64)
    sign = -1.0 if label else 1.0  # the loss is softplus(sign z)
    losses = {"exact": np.logaddexp(0.0, sign * z)}
    gradients = {"exact": sign * np.exp(-np.logaddexp(0.0, -sign * z))}
    for name, loss_module in (
        ("bce_with_logits", nn.BCEWithLogitsLoss(reduction="none")),
        ("bce", SigmoidThenBCELoss(reduction="none")),
    ):
        at = torch.tensor(z, dtype=torch.float32, requires_grad=True)
        each = loss_module(at, torch.full_like(at, label))
        (slope,) = torch.autograd.grad(each.sum(), at)
        losses[name] = each.detach().numpy().astype(np.float64)
        gradients[name] = slope.numpy().astype(np.float64)
    return Precision(z, losses, gradients)
