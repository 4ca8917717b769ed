"""The system A x = b itself: how curved its loss is, in which directions, and where it is least.

The loss |A x - b|² is λ/2 e² more than the least one, summed over the eigenvectors of its Hessian
2 AᵀA: λ the curvature along one, e the error along it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from core.linear_regression import Config
    from core.recording import Frames

FLAT = 1e-12  # eigenvalues below this part of the largest are 0 but for rounding


def eigen(config: Config) -> tuple[np.ndarray, np.ndarray]:
    """Curvatures λ (n,), the eigenvalues of 2 AᵀA, growing, and directions (n, n), one a column.

    λ is 0 where A leaves x undetermined. By singular values of A rather than eigenvalues of AᵀA,
    whose small ones drown in rounding.
    """
    _, singular, directions = _singular(config)
    return 2 * singular[::-1] ** 2, directions[::-1].T


def _singular(config: Config) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A = U S Vᵀ, the singular values (n,) shrinking, 0 where they are but rounding, or too small
    for a float64 to hold their square.
    """
    U, singular, V = np.linalg.svd(np.asarray(config.A, dtype=np.float64))
    told = (singular > FLAT * singular[0]) & (singular**2 > np.finfo(np.float64).tiny)
    return U, np.where(told, singular, 0.0), V


def least_squares(config: Config) -> np.ndarray:
    """The least-squares solution nearest to the start: along flat directions nothing moves."""
    U, singular, V = _singular(config)
    start = np.asarray(config.start)
    away = U.T @ (np.asarray(config.b) - np.asarray(config.A) @ start)
    return start + V.T @ np.divide(away, singular, out=np.zeros_like(away), where=singular > 0)


def least_loss(config: Config) -> float:
    """The loss at the solution: 0 where A x = b has one, but for rounding."""
    residual = np.asarray(config.A) @ least_squares(config) - config.b
    loss = float(residual @ residual)
    return loss if loss > 1e4 * rounding_at_solution(config) else 0.0


def rounding_at_solution(config: Config, beside: np.ndarray | float = 0.0) -> float:
    """The loss of residuals at the solution that are one unit of the last digit away, of the digits
    of the solution, of b and of what is `beside` the solution (n,).
    """
    sizes = np.abs(config.A) @ (np.abs(least_squares(config)) + beside) + np.abs(config.b)
    return float(np.sum((np.finfo(np.float64).eps * sizes) ** 2))


def errors_along(config: Config, x: np.ndarray) -> np.ndarray:
    """(m, n) the errors of each x (m, n) along each of the eigenvectors."""
    _, directions = eigen(config)
    with np.errstate(over="ignore", invalid="ignore"):
        return (x - least_squares(config)) @ directions


def mode_errors(config: Config, x: np.ndarray) -> np.ndarray:
    """(m, n) the sizes of the errors of each x (m, n) along each of the eigenvectors."""
    return np.abs(errors_along(config, x))


def charted_modes(config: Config, frames: Frames) -> dict[str, np.ndarray]:
    """`mode` (m, n), which charts show and nobody records: the `mode_errors` of frames (m)."""
    return {"mode": mode_errors(config, frames.columns["x"])}


def undetermined(config: Config) -> tuple[tuple[np.ndarray, float], ...]:
    """The directions (n,) along which the loss is flat, each with the value that x keeps there."""
    curvatures, directions = eigen(config)
    found = []
    for direction in directions.T[curvatures == 0]:
        forward = direction * np.sign(direction[np.abs(direction) > 1e-9][0])
        found.append((forward, float(forward @ np.asarray(config.start))))
    return tuple(found)
