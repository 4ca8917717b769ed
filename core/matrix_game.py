"""Two players of a 2 x 2 matrix game learn at once, and chase each other around the equilibrium.

Player 0 plays row 0 with probability p = σ(a₀), player 1 column 0 with q = σ(a₁). Player i earns
V_i = [p, 1-p] R_i [q, 1-q]ᵀ and ascends it by its own logit, as if the other stood still. With the
field v = (∂V₀/∂a₀, ∂V₁/∂a₁), its Jacobian J, learning rate η and learner_step γ, one update is

    a <- a + η d,   d = v                          naive
                        v, player 1 seeing new a₀  alternating
                        v(a + η v)                 extragradient
                        2 v - v before             optimistic (Daskalakis et al. 2018)
                        v + γ J_o v                lookahead, J_o being J without its diagonal
                        v - γ Jᵀ v                 consensus (Mescheder et al. 2017)
                        v - γ Aᵀ v                 symplectic, A = (J - Jᵀ)/2 (Balduzzi et al. 2018)
                        v_i + γ ∂V_i/∂a_j ∂v_j/∂a_i  lola (Foerster et al. 2017)

The flow da/dt = v conserves `energy`: around an equilibrium its orbits close. The updates follow it
only as η goes to 0, and naive ones drift outward. Chasing needs no conflict in the payoffs: adding
to a column of R₀ or a row of R₁ changes no play, and the notes' game is a zero-sum one but for such
additions and the scale of the payoffs.
Source: "Notes on PyTorch", periodic naive learning in a 2-player general sum matrix game. Theory:
Singh, Kearns & Mansour 2000; the learners compared by Letcher et al. 2019.
"""

import cmath
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from core import devices
from core.heavy_ball import TRUST, fewest
from core.ranges import COUNT, POSITIVE, Range, check_vector
from core.recording import frame_interval

PAYOFFS = Range(-1e6, 1e6)
STARTS = Range(1, 100_000, whole=True)
RANGES: dict[str, Range] = {"learning_rate": POSITIVE, "learner_step": POSITIVE, "steps": COUNT}
LIVE = frozenset({"learning_rate", "learner", "learner_step"})
RIVALS = Range(0, 7, whole=True)
FEW, SHOWN = 16, 2_000  # runs of a batch that a frame has with all their numbers, and as points

Matrix = tuple[tuple[float, float], tuple[float, float]]
Payoffs = tuple[Tensor, Tensor, Tensor, Tensor]  # (2, 1) each: base, d, b, c of `_rewards`
Values = float | np.ndarray | Tensor


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a run. Raises `ValueError` naming the field, the value and the range."""

    payoff_0: Matrix = ((3.0, 1.0), (2.0, 4.0))  # R₀: row of player 0, column of player 1
    payoff_1: Matrix = ((1.0, 3.0), (5.0, 2.0))  # R₁
    starts: tuple[tuple[float, float], ...] = ((0.0, 0.0),)  # (n, 2) logits a₀, a₁ of n runs
    learning_rate: float = 0.01  # η > 0
    learner: str = "naive"  # one of LEARNERS
    learner_step: float = 1.0  # γ > 0, for lookahead, consensus, symplectic and lola only
    steps: int = 25_000  # updates
    device: str = "cpu"
    rivals: tuple[str, ...] = ()  # learners beside: further runs, each from the first start

    def __post_init__(self) -> None:
        for field in ("payoff_0", "payoff_1"):
            rows = getattr(self, field)
            if not isinstance(rows, tuple) or len(rows) != 2:
                raise ValueError(
                    f"{field} = {rows!r} is not allowed: it must be a tuple of 2 rows of 2 numbers."
                )
            for index, row in enumerate(rows):
                check_vector(f"{field}[{index}]", row, length=2, allowed=PAYOFFS)
        if not isinstance(self.starts, tuple) or len(self.starts) not in STARTS:
            many = isinstance(self.starts, tuple) and len(self.starts) > STARTS.high
            raise ValueError(
                f"starts = {f'{len(self.starts)} pairs' if many else repr(self.starts)} is not "
                f"allowed: it must be a tuple of {STARTS.low} to {STARTS.high} pairs of logits."
            )
        for index, start in enumerate(self.starts):
            check_vector(f"starts[{index}]", start, length=2)
        _check_learner("learner", self.learner)
        if not isinstance(self.rivals, tuple) or len(self.rivals) not in RIVALS:
            raise ValueError(
                f"rivals = {self.rivals!r} is not allowed: "
                f"it must be a tuple of at most {RIVALS.high} learners."
            )
        for index, rival in enumerate(self.rivals):
            _check_learner(f"rivals[{index}]", rival)
        for field, allowed in RANGES.items():
            allowed.check(field, getattr(self, field))
        devices.check("device", self.device)


def _check_learner(field: str, value: object) -> None:
    if not isinstance(value, str) or value not in LEARNERS:
        names = ", ".join(LEARNERS)
        raise ValueError(f"{field} = {value!r} is not allowed: it must be one of {names}.")


class State(NamedTuple):
    """n runs after `step` updates; all but `field_before` is taken at these logits."""

    step: int
    logits: Tensor  # (2, n) float64 a₀ and a₁
    p: Tensor  # (n,) how likely player 0 plays row 0
    q: Tensor  # (n,) how likely player 1 plays column 0
    reward_0: Tensor  # (n,) V₀, what player 0 earns on average
    reward_1: Tensor  # (n,) V₁
    field: Tensor  # (2, n) v, what each reward gains by the player's own logit
    field_before: Tensor  # (2, n) v at the logits before, at step 0 v itself


def run(config: Config, state: State | None = None) -> Iterator[State]:
    """Yield the state before any update, then one after each: `steps + 1`. Or go on from `state`.

    n = len(starts) + len(rivals). All run side by side, each as it would alone, to the last bit,
    run len(starts) + i with rivals[i] as its learner from the first start. Raises `RuntimeError`
    where the device does not exist. A run that diverges yields inf and nan.
    """
    device = devices.resolve(config.device)
    kind = {"dtype": devices.double(device), "device": device}
    R0, R1 = torch.tensor(config.payoff_0, **kind), torch.tensor(config.payoff_1, **kind)
    # Each player sees the game from its own side: [my action, the other's action, me, run].
    (r00, r01), (r10, r11) = torch.stack([R0, R1.T], dim=-1)[..., None]
    payoffs = (r11, r10 - r11, r01 - r11, r00 - r01 - r10 + r11)

    if state is None:
        starts = config.starts + config.starts[:1] * len(config.rivals)
        logits = torch.tensor(starts, **kind).T.contiguous()
        state = _look(0, logits, payoffs)
    yield state

    state = State(state.step, *(values.to(device) for values in state[1:]))
    for step in range(state.step + 1, config.steps + 1):
        logits = state.logits + config.learning_rate * _direction(state, config, payoffs)
        state = _look(step, logits, payoffs, state.field)
        yield state


def _look(step: int, logits: Tensor, payoffs: Payoffs, before: Tensor | None = None) -> State:
    n = logits.shape[1]
    own = _whole_vectors(logits).requires_grad_()
    mine = torch.sigmoid(own)  # p and q
    theirs = mine.detach().flip(0)  # q and p: to each player the other is a constant
    rewards = _rewards(mine, theirs, payoffs)
    (field,) = torch.autograd.grad(rewards, own, torch.ones_like(rewards))
    p, q = mine.detach()[:, :n].unbind()
    reward_0, reward_1 = rewards.detach()[:, :n].unbind()
    field = field[:, :n]
    return State(step, logits, p, q, reward_0, reward_1, field, field if before is None else before)


def _whole_vectors(logits: Tensor) -> Tensor:
    """A copy (2, m) of logits (2, n), filled up with zeros.

    A CPU takes a batch in vectors, and the odd few at the end of a thread's share one by one, which
    torch.sigmoid rounds otherwise: a run would depend on how many are beside it. m leaves none, for
    one thread (up to 2¹⁵ numbers) and for as many as 100,000 starts are shared out to, seven.
    """
    n = logits.shape[1]
    return torch.nn.functional.pad(logits.detach(), (0, -n % (8 if n <= 2**14 else 8 * 420)))


def _rewards(mine: Tensor, theirs: Tensor, payoffs: Payoffs) -> Tensor:
    """What each player earns, playing its action 0 with probability `mine`, the other `theirs`."""
    base, d, b, c = payoffs
    gain = b + c * theirs  # what my action 0 earns me more than my action 1
    return base + d * theirs + mine * gain


# --- The learners: each gives the direction (2, n) in which the logits go.


def _naive(state: State, config: Config, payoffs: Payoffs) -> Tensor:
    return state.field


def _alternating(state: State, config: Config, payoffs: Payoffs) -> Tensor:
    a0, a1 = state.logits
    moved = torch.stack([a0 + config.learning_rate * state.field[0], a1])
    return torch.stack([state.field[0], _look(0, moved, payoffs).field[1]])


def _extragradient(state: State, config: Config, payoffs: Payoffs) -> Tensor:
    return _look(0, state.logits + config.learning_rate * state.field, payoffs).field


def _optimistic(state: State, config: Config, payoffs: Payoffs) -> Tensor:
    return 2 * state.field - state.field_before


def _lookahead(state: State, config: Config, payoffs: Payoffs) -> Tensor:
    v, (_, _, off) = state.field, _derivatives(state.logits, payoffs)
    return v + config.learner_step * off * v.flip(0)


def _consensus(state: State, config: Config, payoffs: Payoffs) -> Tensor:
    v, (_, diagonal, off) = state.field, _derivatives(state.logits, payoffs)
    return v - config.learner_step * (diagonal * v + (off * v).flip(0))


def _symplectic(state: State, config: Config, payoffs: Payoffs) -> Tensor:
    v, (_, _, off) = state.field, _derivatives(state.logits, payoffs)
    return v + config.learner_step * (off - off.flip(0)) / 2 * v.flip(0)  # -Aᵀ = A


def _lola(state: State, config: Config, payoffs: Payoffs) -> Tensor:
    cross, _, off = _derivatives(state.logits, payoffs)
    return state.field + config.learner_step * cross * off.flip(0)


def _derivatives(logits: Tensor, payoffs: Payoffs) -> tuple[Tensor, Tensor, Tensor]:
    """∂V_i/∂a_j, ∂v_i/∂a_i and ∂v_i/∂a_j, each (2, n): row i for player i, j being the other."""
    n = logits.shape[1]
    own = _whole_vectors(logits)
    other = own.flip(0).requires_grad_()
    own.requires_grad_()
    rewards, ones = _rewards(own.sigmoid(), other.sigmoid(), payoffs), torch.ones_like(own)
    v, cross = torch.autograd.grad(rewards, (own, other), ones, create_graph=True)
    diagonal, off = torch.autograd.grad(v, (own, other), ones)
    return cross.detach()[:, :n], diagonal[:, :n], off[:, :n]


def _direction(state: State, config: Config, payoffs: Payoffs) -> Tensor:
    """(2, n) of each run by its own learner."""
    d = LEARNERS[config.learner](state, config, payoffs)
    if not config.rivals:
        return d
    first = len(config.starts)
    others = [
        LEARNERS[rival](state, config, payoffs)[:, k : k + 1]
        for k, rival in enumerate(config.rivals, first)
    ]
    return torch.cat([d[:, :first], *others], dim=1)


LEARNERS: dict[str, Callable[[State, Config, Payoffs], Tensor]] = {
    "naive": _naive,
    "alternating": _alternating,
    "extragradient": _extragradient,
    "optimistic": _optimistic,
    "lookahead": _lookahead,
    "consensus": _consensus,
    "symplectic": _symplectic,
    "lola": _lola,
}


def diverged(state: State) -> bool:
    """Whether some logit is no longer a finite number."""
    return not bool(state.logits.isfinite().all())


def frame(state: State) -> dict[str, np.ndarray]:
    """What charts show of a state, on the host: p, q and rewards (n,), logits and field (2, n).

    Of the first FEW runs only; of a larger batch also `cloud` (2, n) float32, p and q of the first
    SHOWN: a frame of 100,000 would fill the memory of a recording.
    """
    names = ("p", "q", "reward_0", "reward_1", "logits", "field")
    shown = {name: getattr(state, name)[..., :FEW].numpy(force=True) for name in names}
    if len(state.p) > FEW:
        cloud = torch.stack([state.p[:SHOWN], state.q[:SHOWN]])
        shown["cloud"] = cloud.float().numpy(force=True)
    return shown


def cloud(n: int, center: tuple[float, float], radius: float) -> tuple[tuple[float, float], ...]:
    """(n, 2) starts that fill a disk in the plane of logits, and so do the first of them.

    In six sectors in turn: start k lies in sector k % 6. Radius and angle take the steps of
    Roberts' R2 sequence (2018), which leaves no gaps.
    """
    k = np.arange(n)
    plastic = 1.324717957244746  # the real root of x³ = x + 1
    angle = 2 * math.pi / 6 * (k % 6 + k / plastic % 1)
    away = radius * np.sqrt(k / plastic**2 % 1)
    a0, a1 = center[0] + away * np.cos(angle), center[1] + away * np.sin(angle)
    return tuple(zip(a0.tolist(), a1.tolist(), strict=True))


# --- What theory says. ∂V₀/∂p = c₀ q + b₀ and ∂V₁/∂q = c₁ p + b₁.


class Analysis(NamedTuple):
    """What theory says of a game and of its learner; what does not exist is nan."""

    kind: (
        str  # of the interior equilibrium: "cycle" around it, "saddle"; "dominance": there is none
    )
    p: float  # the equilibrium: the interior one, or the corner that dominance leads to
    q: float
    value_0: float  # what the players earn at it
    value_1: float
    omega: float  # radians that small orbits turn in a unit of time of the flow, η of an update
    period: float  # updates of one turn of a small orbit
    growth: float  # factor an update of the distance from where the learner rests: see `rest`

    @property
    def half_life(self) -> float:
        """Updates that halve that distance or, where it grows, double it."""
        rate = abs(math.log(self.growth)) if self.growth else math.inf
        return math.log(2) / rate if rate else math.inf


def analyse(config: Config) -> Analysis:
    """Kind of the game, equilibrium, payoffs there, and the learner's turning and growth near it.

    Growth and period are modulus and angle of the largest eigenvalue of the update, linearised. At
    an interior equilibrium J = [[0, c₀ s], [c₁ s, 0]], s = p(1-p) q(1-q), and naive learning grows
    by √(1 + η²ω²), ω = s √(-c₀c₁), and turns in 2π / atan(ηω) updates.
    """
    c0, b0, c1, b1 = _slopes(config)
    p, q = _equilibrium(config)
    omega = period = growth = math.nan
    if math.isnan(p):
        kind = "dominance"  # who has a best action plays it, the other answers
        p = _answer(c0, b0, 0.5) if _outside(c0, b0) else math.nan
        q = _answer(c1, b1, 0.5 if _outside(c1, b1) else p)
        p = _answer(c0, b0, q) if math.isnan(p) else p
    else:
        kind = "saddle" if (c0 > 0) == (c1 > 0) else "cycle"
        if kind == "cycle":
            omega = p * (1 - p) * q * (1 - q) * math.sqrt(abs(c0)) * math.sqrt(abs(c1))
        moduli = {math.hypot(mu.real, mu.imag): mu for mu in _eigenvalues(config)}
        if moduli:
            growth = max(moduli)
            angle = abs(cmath.phase(moduli[growth]))
            period = 2 * math.pi / angle if angle else math.nan
            if math.isclose(growth, 1, rel_tol=1e-15):
                growth = 1.0  # but for rounding
    play = np.outer([p, 1 - p], [q, 1 - q])
    value_0, value_1 = (float(np.sum(play * R)) for R in (config.payoff_0, config.payoff_1))
    return Analysis(kind, p, q, value_0, value_1, omega, period, growth)


def rest(config: Config) -> tuple[float, float]:
    """(p, q) where the learner rests inside: the equilibrium, but for lola; nan where nowhere.

    Lola rests where c₀q + b₀ + γ c₁ (q(1-q))² (c₀p + d₀) = 0 and, players swapped, for player 1;
    d₀ = R₀[10] - R₀[11], d₁ = R₁[01] - R₁[11]. Newton's method follows that point from the
    equilibrium as γ grows from 0; where it is lost on the way, or leaves the square, it is nan.
    """
    p, q = _equilibrium(config)
    if config.learner != "lola" or math.isnan(p):
        return p, q
    step_p = step_q = math.inf
    for part in range(1, 65):
        for _ in range(6):
            f, g, f_p, f_q, g_p, g_q = _lola_pull(config, part / 64, p, q)
            determinant = f_p * g_q - f_q * g_p
            if not determinant:
                return math.nan, math.nan
            step_p, step_q = (g_q * f - f_q * g) / determinant, (f_p * g - g_p * f) / determinant
            p, q = p - step_p, q - step_q
            if not (0 < p < 1 and 0 < q < 1):
                return math.nan, math.nan
    return (p, q) if abs(step_p) + abs(step_q) < 1e-9 else (math.nan, math.nan)


def _lola_pull(config: Config, part: float, p: float, q: float) -> tuple[float, ...]:
    """Lola's direction without its factors p(1-p) and q(1-q), and its slopes: f, g, f_p ... g_q.

    For `part` of the learner's own γ.
    """
    c0, b0, c1, b1 = _slopes(config)
    (_, _), (r10, r11) = config.payoff_0
    (_, s01), (_, s11) = config.payoff_1
    earn_0, earn_1 = c0 * p + r10 - r11, c1 * q + s01 - s11  # ∂V₀/∂q and ∂V₁/∂p
    u, w, gamma = p * (1 - p), q * (1 - q), part * config.learner_step
    return (
        c0 * q + b0 + gamma * c1 * w * w * earn_0,
        c1 * p + b1 + gamma * c0 * u * u * earn_1,
        gamma * c0 * c1 * w * w,
        c0 + 2 * gamma * c1 * w * (1 - 2 * q) * earn_0,
        c1 + 2 * gamma * c0 * u * (1 - 2 * p) * earn_1,
        gamma * c0 * c1 * u * u,
    )


def _eigenvalues(config: Config) -> list[complex]:
    """Of one update, linearised where the learner rests; none where it rests nowhere inside.

    With ηJ = [[0, x], [y, 0]], one update multiplies the logits' distance from there by I + N.
    """
    p, q = rest(config)
    if math.isnan(p):
        return []
    c0, _, c1, _ = _slopes(config)
    u, w, eta = p * (1 - p), q * (1 - q), config.learning_rate
    x, y, ratio = eta * c0 * u * w, eta * c1 * u * w, config.learner_step / eta
    match config.learner:
        case "naive":
            N = [[0, x], [y, 0]]
        case "alternating":
            N = [[0, x], [y, x * y]]
        case "extragradient":  # ηJ + (ηJ)²
            N = [[x * y, x], [y, x * y]]
        case "optimistic":  # μ² - (1 + 2z) μ + z = 0 for each eigenvalue z of ηJ
            z, root = cmath.sqrt(x * y), cmath.sqrt(1 + 4 * x * y)
            return [(1 + 2 * way * z + sign * root) / 2 for way in (-1, 1) for sign in (-1, 1)]
        case "lookahead":  # η (J + γ J²)
            N = [[ratio * x * y, x], [y, ratio * x * y]]
        case "consensus":  # η (J - γ JᵀJ)
            N = [[-ratio * y * y, x], [y, -ratio * x * x]]
        case "symplectic":  # η (J + γ A J)
            half = ratio * (x - y) / 2
            N = [[half * y, x], [y, -half * x]]
        case _:  # lola
            _, _, f_p, f_q, g_p, g_q = _lola_pull(config, 1.0, p, q)
            N = [[eta * u * f_p * u, eta * u * f_q * w], [eta * w * g_p * u, eta * w * g_q * w]]
    (n00, n01), (n10, n11) = N
    mean, split = (n00 + n11) / 2, (n00 - n11) / 2
    root = cmath.sqrt(split * split + n01 * n10)
    return [1 + mean - root, 1 + mean + root]


def _slopes(config: Config) -> tuple[float, float, float, float]:
    """c₀, b₀, c₁, b₁, each rounded once."""
    (r00, r01), (r10, r11) = config.payoff_0
    (s00, s01), (s10, s11) = config.payoff_1
    c0, c1 = math.fsum((r00, -r01, -r10, r11)), math.fsum((s00, -s01, -s10, s11))
    return c0, float(r01 - r11), c1, float(s10 - s11)


def _outside(c: float, b: float) -> bool:
    """Whether c x + b has no zero, or every one, between 0 and 1."""
    return not (c and 0 < -b / c < 1)


def _equilibrium(config: Config) -> tuple[float, float]:
    c0, b0, c1, b1 = _slopes(config)
    if _outside(c0, b0) or _outside(c1, b1):
        return math.nan, math.nan
    return -b1 / c1, -b0 / c0


def _answer(c: float, b: float, other: float) -> float:
    """The best probability where its slope is c · other + b; nan where there is none."""
    slope = c * other + b
    return float(slope > 0) if slope and not math.isnan(slope) else math.nan


def flow(config: Config, p: Values, q: Values) -> tuple[Any, Any]:
    """(dp/dt, dq/dt) of the flow da/dt = v, of numbers, arrays or tensors; dp/dt = p(1-p) v₀.

    An update is η of time.
    """
    c0, b0, c1, b1 = _slopes(config)
    return (p * (1 - p)) ** 2 * (c0 * q + b0), (q * (1 - q)) ** 2 * (c1 * p + b1)


def energy(config: Config, p: Values, q: Values) -> Any:
    """H of numbers, arrays or tensors, which the flow conserves: its level sets are the orbits.

    H = |c₁| G(p; p*) ± |c₀| G(q; q*), + around a cycle, - at a saddle, nan without an equilibrium.
    G(x; x*) = (1-2x*) logit(x) + x*/x + (1-x*)/(1-x), which is inf at 0 and 1.
    """
    c0, _, c1, _ = _slopes(config)
    sign = -1 if (c0 > 0) == (c1 > 0) else 1
    x, y = (v if isinstance(v, Tensor) else torch.tensor(v, dtype=torch.float64) for v in (p, q))
    rest_p, rest_q = _equilibrium(config)
    total = abs(c1) * _barrier(x, rest_p) + sign * abs(c0) * _barrier(y, rest_q)
    if isinstance(p, Tensor) or isinstance(q, Tensor):
        return total
    return total.numpy() if total.ndim else total.item()


def _barrier(x: Tensor, center: float) -> Tensor:
    """G(x; x*)."""
    if math.isnan(center):
        return torch.full_like(x, math.nan)
    value = (1 - 2 * center) * torch.logit(x) + center / x + (1 - center) / (1 - x)
    return torch.where((x <= 0) | (x >= 1), math.inf, value)


class Orbit(NamedTuple):
    """One closed orbit of the flow."""

    p: np.ndarray  # (points + 1,), the last being the first
    q: np.ndarray  # (points + 1,)
    time: (
        np.ndarray
    )  # (points + 1,) of the flow, from the start; an update is a learning rate of it
    period: float  # updates of a lap: its time divided by the learning rate


def orbit(config: Config, start: tuple[float, float], points: int = 4096) -> Orbit:
    """The orbit of the flow through the logits `start`, in its direction; nan if no cycle.

    H - H* = X² + Y², X² = |c₁| (G(p) - G(p*)) and Y² likewise: a circle, on which the flow turns by
    |dφ/dt| = |c₀c₁ (p-p*) (q-q*) / 2XY|. A lap is the integral of dt/dφ over the turn, smooth all
    around: equal steps give it to rounding, at logits of 10 to 1e-8, at 30 to 1e-4.
    """
    c0, _, c1, _ = _slopes(config)
    center, weight = np.array(_equilibrium(config)), np.abs([c1, c0])
    if math.isnan(center[0]) or (c0 > 0) == (c1 > 0):
        nowhere = np.full(points + 1, math.nan)
        return Orbit(nowhere, nowhere, nowhere, math.nan)
    logits = np.log(center) - np.log1p(-center)
    away = np.subtract(start, logits)
    # Half a step off the axes, where both sides of the quotients below are 0.
    turn = (np.arange(points) + 0.5) * math.copysign(2 * math.pi / points, c1)
    with np.errstate(all="ignore"):  # beyond logits of 700 all is inf
        first = np.copysign(np.sqrt(weight * _excess(away, center)), away)  # X and Y of the start
        radius = np.hypot(*first)
        circle = radius * np.stack([np.cos(turn), np.sin(turn)], axis=-1)  # (points, 2) X and Y
        offset = _offset(circle / np.sqrt(weight), center)
        around = np.exp(-np.logaddexp(0, -logits - offset))  # (points, 2) p and q
        # p - p*, without the rounding of p: e - 1 of the offset is exact however near an edge.
        side, left = np.where(offset > 0, center, 1 - center), np.exp(-np.abs(offset))
        gap = center * (1 - center) * -np.expm1(-np.abs(offset)) / (side + (1 - side) * left)
        slowness = 2 * np.prod(np.abs(circle) / gap, axis=1) / abs(c0 * c1)  # (points,) dt/dφ
    if np.abs(away).max() < 1e-4:  # the quotients drown in rounding: a small orbit's, known
        known = float(np.prod(center * (1 - center))) * math.sqrt(abs(c0 * c1))
        slowness = np.full(points, 1 / known)
    lap = 2 * math.pi * float(np.mean(slowness))
    # When the points are passed, counted from the start, which lies between two of them.
    with np.errstate(invalid="ignore"):  # where the lap is inf
        passed = (np.cumsum(slowness) - slowness / 2) * 2 * math.pi / points
        begun = math.copysign(1, c1) * math.atan2(first[1], first[0]) % (2 * math.pi)
        time = (passed - np.interp(begun, np.abs(turn), passed, period=2 * math.pi)) % lap
    order = np.argsort(time)
    closed = np.append(order, order[:1])
    p, q = around[closed].T
    return Orbit(p, q, np.append(time[order], time[order[0]] + lap), lap / config.learning_rate)


def orbit_period(config: Config, start: tuple[float, float]) -> float:
    """Updates of one lap of the flow from the logits `start`; nan if the game is no cycle."""
    return orbit(config, start).period


def corner(config: Config, start: tuple[float, float]) -> tuple[float, float]:
    """(p, q) where the flow ends from the logits `start`; nan if it goes round, or nobody knows.

    By dominance, or at a saddle on the side of the line X = ∓Y, a level set of H, that it is on.
    """
    analysis = analyse(config)
    if analysis.kind == "dominance":
        return analysis.p, analysis.q
    c0, _, c1, _ = _slopes(config)
    center, weight = np.array(_equilibrium(config)), np.abs([c1, c0])
    away = np.subtract(start, np.log(center) - np.log1p(-center))
    with np.errstate(over="ignore"):  # beyond logits of 700 all is inf
        x, y = np.copysign(np.sqrt(weight * _excess(away, center)), away)
    side = x + math.copysign(1, c0) * y
    if analysis.kind == "cycle" or not side:
        return math.nan, math.nan
    return float(side > 0), float((side > 0) == (c0 > 0))


def predicted_play(config: Config, *later: tuple[int, Config]) -> np.ndarray:
    """(steps + 1, 2) p and q of the flow from the first start; settings of `later` from its steps.

    nan where no orbit tells it: in a game that is no cycle, and from the first learner on that does
    not follow the flow.
    """
    legs = ((0, config), *later)
    steps = legs[-1][1].steps
    play = np.full((steps + 1, 2), math.nan)
    lap = orbit(config, config.starts[0])
    time = 0.0
    for (begin, leg), end in zip(legs, (*(step for step, _ in later), steps), strict=True):
        if math.isnan(lap.period) or leg.learner not in FLOWING:
            break
        times = time + leg.learning_rate * np.arange(end - begin + 1)
        for column, values in enumerate((lap.p, lap.q)):
            around = np.interp(times, lap.time, values, period=lap.time[-1] - lap.time[0])
            play[begin : end + 1, column] = around
        time = times[-1]
    return play


Leg = tuple[int, float, str, float]  # from this update on η, learner and γ


def predicted_course(k: int, config: Config, *later: tuple[int, Config]) -> np.ndarray:
    """(steps + 1, 2) logits of run k, by the updates written out for two numbers, without torch.

    `later` are changes of settings on the way. Not to write to.
    """
    legs = ((0, config), *later)
    first = len(config.starts)
    start = config.starts[k] if k < first else config.starts[0]
    rules = tuple(
        (
            begin,
            leg.learning_rate,
            leg.learner if k < first else leg.rivals[k - first],
            leg.learner_step,
        )
        for begin, leg in legs
    )
    return _course(config.payoff_0, config.payoff_1, start, rules, legs[-1][1].steps)


@lru_cache(maxsize=16)  # a page asks again at every run of it
def _course(
    payoff_0: Matrix,
    payoff_1: Matrix,
    start: tuple[float, float],
    legs: tuple[Leg, ...],
    steps: int,
) -> np.ndarray:
    c0, b0, c1, b1 = _slopes(Config(payoff_0, payoff_1))
    d0, d1 = payoff_0[1][0] - payoff_0[1][1], payoff_1[0][1] - payoff_1[1][1]

    def slopes(a0: float, a1: float) -> tuple[float, ...]:
        p, q = _sigmoid(a0), _sigmoid(a1)
        u, w = p * (1 - p), q * (1 - q)
        return u * (c0 * q + b0), w * (c1 * p + b1), p, q, u, w

    course = np.empty((steps + 1, 2))
    a0, a1 = map(float, start)
    before_0, before_1, *_ = slopes(a0, a1)
    ends = (*(begin for begin, *_ in legs[1:]), steps + 1)
    for (begin, eta, learner, gamma), end in zip(legs, ends, strict=True):
        for k in range(begin, end):
            course[k] = a0, a1
            v0, v1, p, q, u, w = slopes(a0, a1)
            x, y = v0, v1
            if learner == "alternating":
                y = slopes(a0 + eta * v0, a1)[1]
            elif learner == "extragradient":
                x, y, *_ = slopes(a0 + eta * v0, a1 + eta * v1)
            elif learner == "optimistic":
                x, y = 2 * v0 - before_0, 2 * v1 - before_1
            elif learner == "lookahead":
                x, y = v0 + gamma * c0 * u * w * v1, v1 + gamma * c1 * u * w * v0
            elif learner == "consensus":
                x = v0 - gamma * ((1 - 2 * p) * v0 * v0 + c1 * u * w * v1)
                y = v1 - gamma * ((1 - 2 * q) * v1 * v1 + c0 * u * w * v0)
            elif learner == "symplectic":
                twist = gamma * (c0 - c1) / 2 * u * w
                x, y = v0 + twist * v1, v1 - twist * v0
            elif learner == "lola":
                x = v0 + gamma * w * (c0 * p + d0) * c1 * u * w
                y = v1 + gamma * u * (c1 * q + d1) * c0 * u * w
            a0, a1, before_0, before_1 = a0 + eta * x, a1 + eta * y, v0, v1
    course.setflags(write=False)
    return course


def _sigmoid(a: float) -> float:
    if a >= 0:
        return 1 / (1 + math.exp(-a))
    grown = math.exp(a)
    return grown / (1 + grown)


def level_sets(
    config: Config, sizes: tuple[float, ...] = (0.0, 0.6, 1.2, 1.8, 2.4, 3.2), points: int = 200
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Lines (m,) p and q of equal energy, as far from the equilibrium as logits of `sizes` are.

    Closed orbits around a cycle. At a saddle hyperbolas, X² - Y² being what is constant, and at
    size 0 the two lines that part them. None where there is no equilibrium.
    """
    c0, _, c1, _ = _slopes(config)
    center, weight = np.array(_equilibrium(config)), np.abs([c1, c0])
    if math.isnan(center[0]):
        return []
    logits = np.log(center) - np.log1p(-center)
    if (c0 > 0) != (c1 > 0):
        starts = [(logits[0] + size, logits[1]) for size in sizes if size]
        return [orbit(config, start, points)[:2] for start in starts]
    lines = []
    along = np.sinh(np.linspace(-8, 8, points))
    for size in sizes:
        vertex = math.sqrt(weight[0] * _excess(np.array(size), center[0]))
        bend = np.hypot(vertex, along)
        # Both branches to the sides, then above and below.
        for root in ((bend, along), (-bend, along), (along, bend), (along, -bend)):
            around = logits + _offset(np.stack(root, axis=-1) / np.sqrt(weight), center)
            lines.append(tuple(np.exp(-np.logaddexp(0, -around)).T))
    return lines


def level_lines(config: Config) -> dict[str, np.ndarray]:
    """`level_sets` as rows x, y, line (which one) and turn (which point of it)."""
    lines = level_sets(config)
    which = [np.full(len(p), float(k)) for k, (p, _) in enumerate(lines)]
    columns = (
        [p for p, _ in lines],
        [q for _, q in lines],
        which,
        [np.arange(len(w)) for w in which],
    )
    none = np.empty(0)
    joined = (np.concatenate([none, *parts]) for parts in columns)
    return dict(zip(("x", "y", "line", "turn"), joined, strict=True))


def orbit_line(config: Config) -> dict[str, np.ndarray]:
    """The orbit of the flow through the first start as rows x, y and step, the update at which the
    flow is there in its first lap; none but around a cycle.
    """
    lap = orbit(config, config.starts[0], 720)
    known = slice(None) if math.isfinite(lap.period) else slice(0)
    return {"x": lap.p[known], "y": lap.q[known], "step": lap.time[known] / config.learning_rate}


def arrows(config: Config, columns: int = 15, rows: int = 12) -> dict[str, np.ndarray]:
    """The flow on a grid as rows x, y, dx, dy, and size in square pixels, larger where swifter."""
    x, y = np.meshgrid(np.linspace(0.04, 0.96, columns), np.linspace(0.04, 0.96, rows))
    dx, dy = flow(config, x.ravel(), y.ravel())
    speed = np.hypot(dx, dy)
    size = 30 + 170 * np.sqrt(speed / (speed.max() or 1.0))
    return {"x": x.ravel(), "y": y.ravel(), "dx": dx, "dy": dy, "size": size}


def alone(config: Config) -> list[tuple[slice, Config]]:
    """Which runs have which learner: for each learner the config that has it for all."""
    first = len(config.starts)
    bare = replace(config, rivals=())
    return [(slice(0, first), bare)] + [
        (slice(k, k + 1), replace(bare, learner=rival))
        for k, rival in enumerate(config.rivals, first)
    ]


def distances(config: Config, logits: np.ndarray) -> np.ndarray:
    """(m, n) how far each run is from where its own learner rests; of the runs in logits (m, 2, n).

    n may be less than the config's runs: those that a frame has.
    """
    parts = [distance(one, logits[:, :, runs]) for runs, one in alone(config)]
    return np.concatenate(parts, axis=1)


def predicted_distances(config: Config, *later: tuple[int, Config]) -> np.ndarray:
    """(steps + 1, n) the same by theory, which is that of tiny distances; `later` from its steps.

    From where the last settings rest; nan while a learner rests elsewhere.
    """
    legs = ((0, config), *later)
    last = legs[-1][1]
    starts = np.array(config.starts + config.starts[:1] * len(config.rivals)).T
    course = np.empty((last.steps + 1, starts.shape[1]))
    course[0] = distances(last, starts[None])
    ends = (*(step for step, _ in later), last.steps)
    for (begin, leg), end in zip(legs, ends, strict=True):
        growth = np.empty(starts.shape[1])
        for (runs, one), (_, final) in zip(alone(leg), alone(last), strict=True):
            growth[runs] = analyse(one).growth if rest(one) == rest(final) else math.nan
        with np.errstate(under="ignore", over="ignore"):
            powers = growth ** np.arange(end - begin + 1.0)[:, None]
            course[begin : end + 1] = course[begin] * powers
    return course


def distance(config: Config, logits: np.ndarray) -> np.ndarray:
    """(..., n) how far logits (..., 2, n) are from where the learner rests, nan where nowhere.

    √(X² + Y²) of `orbit` around that place: on the flow's orbits it does not change.
    """
    c0, _, c1, _ = _slopes(config)
    center = np.array(rest(config)).reshape(2, 1)
    if np.isnan(center).any():
        return np.full((*logits.shape[:-2], logits.shape[-1]), math.nan)
    offset = logits - (np.log(center) - np.log1p(-center))
    with np.errstate(over="ignore", invalid="ignore"):
        return np.sqrt((np.abs([[c1], [c0]]) * _excess(offset, center)).sum(axis=-2))


FLOWING = frozenset({"naive", "alternating", "extragradient", "optimistic"})  # follow the flow


def drift(config: Config, start: tuple[float, float]) -> float:
    """What a lap from the logits `start` adds to H - H*, as a part of it; to the first order in η.

    nan if the game is no cycle, at rest, or if the learner does not follow the flow as η goes to 0.
    A naive update adds ½ η² vᵀ ∇²H v, and extragradient and optimistic ones take as much away.
    Alternating ones add less, by what η² ∂H/∂a₁ ∂v₁/∂a₀ v₀ takes away: nothing is left of it where
    orbits are small. ∇²H in logits is diagonal, |c₁| (p* (1-p)/p + (1-p*) p/(1-p)) and likewise
    for q.
    """
    c0, _, c1, _ = _slopes(config)
    lap, center = orbit(config, start), _equilibrium(config)
    if config.learner not in FLOWING or math.isnan(lap.period):
        return math.nan
    play = np.stack([lap.p, lap.q])
    x = np.reshape(center, (2, 1))
    curvature = np.abs([[c1], [c0]]) * (x * (1 - play) / play + (1 - x) * play / (1 - play))
    field = np.stack(flow(config, lap.p, lap.q)) / (play * (1 - play))
    added = (curvature * field**2).sum(axis=0) / 2
    if config.learner == "alternating":
        added -= c0 * c0 * abs(c1) * ((lap.q - center[1]) * lap.p * (1 - lap.p)) ** 2
    elif config.learner != "naive":
        added = -added
    gained = config.learning_rate * float(np.trapezoid(added, lap.time))
    height = float(distance(config, np.reshape(start, (2, 1)))[0]) ** 2
    return gained / height if height else math.nan


def _excess(offset: np.ndarray, center: np.ndarray) -> np.ndarray:
    """G(x; x*) - G(x*; x*), `offset` being logit(x) - logit(x*): of two terms, none below 0."""
    return center * (np.expm1(offset) - offset) + (1 - center) * (np.expm1(-offset) + offset)


def _offset(root: np.ndarray, center: np.ndarray) -> np.ndarray:
    """The offset, with the sign of `root`, whose excess is root², by halving."""
    low, high = np.zeros_like(root), np.full_like(root, 1500.0)
    with np.errstate(over="ignore"):  # beyond offsets of 700 all is inf
        for _ in range(80):
            middle = (low + high) / 2
            below = _excess(np.copysign(middle, root), center) < root * root
            low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.copysign(low, root)


# --- What a run shows, measured without the theory of the learner.


def laps(config: Config, p: np.ndarray) -> np.ndarray:
    """(m,) when laps begin, in updates: p (steps + 1,) rises through the p where the learner rests.

    Between two updates p is taken as a straight line. `np.diff` of it is how long each lap takes.
    """
    center, _ = rest(config)
    k = np.flatnonzero((p[:-1] < center) & (p[1:] >= center))
    return k + (center - p[k]) / (p[k + 1] - p[k])


def average(values: np.ndarray, laps: np.ndarray) -> np.ndarray:
    """(m - 1,) the means of values (steps + 1,) from the first of the m laps' begins to each later.

    Over whole laps of the flow p, q and both rewards average to those of the equilibrium; over
    parts of one they do not. Between two updates values are taken as straight lines.
    """
    if not laps.size:
        return np.empty(0)
    k = np.minimum(laps.astype(int), len(values) - 2)
    part = laps - k
    area = np.concatenate([[0.0], np.cumsum((values[1:] + values[:-1]) / 2)])[k]
    area = area + part * (values[k] + part / 2 * (values[k + 1] - values[k]))
    return (area[1:] - area[0]) / (laps[1:] - laps[0])


def running_averages(
    values: np.ndarray, begin: float, laps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(m, k) means of values (m, k) from `begin` to each row, and to the last lap's begin before.

    All times are counted in rows; nan before there is something to average.
    """
    m = len(values)
    at = np.arange(m)
    area = np.cumsum((values[1:] + values[:-1]) / 2, axis=0)
    area = np.vstack([np.zeros((1, values.shape[1])), area])
    first = min(int(begin), max(m - 2, 0))
    part = begin - first
    ahead = values[min(first + 1, m - 1)] - values[first]
    before = area[first] + part * (values[first] + part / 2 * ahead)
    late = at[:, None] > begin
    so_far = np.where(late, (area - before) / np.where(late, at[:, None] - begin, 1), math.nan)
    done = np.searchsorted(laps, at, side="right") - 1  # whole laps until each row
    whole = np.full(values.shape, math.nan)
    for column in range(values.shape[1] if len(laps) > 1 else 0):
        means = np.append(math.nan, average(values[:, column], laps))
        whole[:, column] = means[np.clip(done, 0, None)]
    return so_far, whole


def averages(config: Config, p: np.ndarray, q: np.ndarray) -> dict[str, np.ndarray]:
    """`so_far` and `whole` (m, 2): the averages of p and q (m,) since the first lap began.

    To each row, and to the end of the last whole lap before; without laps since the start.
    """
    if analyse(config).kind == "cycle":
        begins = laps(config, p)
        first = float(begins[0]) if begins.size else float(len(p))
    else:
        begins, first = np.empty(0), 0.0
    so_far, whole = running_averages(np.stack([p, q], axis=1), first, begins)
    return {"so_far": so_far, "whole": whole}


# How near to where a learner rests its play is still told from it: of p - p* a float64 then has
# six digits.
FLOOR = 1e-10
SMOOTH = 6  # frames of a lap: fewer do not show it
SMALL = 0.1  # how far from theory of the first order in η a run may be and still obey it


class Measured(NamedTuple):
    """What the first run shows; nan where it shows nothing."""

    laps: int  # whole ones
    first_lap: float  # updates
    last_lap: float  # updates
    gained: float  # energy above the equilibrium's in the first lap, as a part of what it was
    averages: tuple[float, float, float, float]  # over whole laps: p, q and both rewards
    half_lives: tuple[float, ...]  # (n,) updates that halve each run's distance


def measure(config: Config, columns: dict[str, np.ndarray], every: int) -> Measured:
    """The same quantities as theory's, of frames `every` so many updates apart; there may be none.

    Laps and distances as long as they are above FLOOR, laps of SMOOTH frames or more. The distance
    of a learner that goes round and round is averaged over laps, two of them at least.
    """
    names = ("p", "q", "reward_0", "reward_1")
    p, logits = columns["p"], columns["logits"]
    round_, begins, lives = analyse(config).kind == "cycle", np.empty(0), []
    for runs, one in alone(config):
        for k, away in enumerate(distance(one, logits[:, :, runs]).T, runs.start):
            sound = slice(_told(one, logits[:, :, k]))
            rising = laps(one, p[sound, k])
            if rising.size > 1 and np.diff(rising).min() < SMOOTH:
                rising = np.empty(0)
            begins = begins if k else rising
            late = rising[rising >= len(p[sound]) // 2]
            lap = round(float(np.mean(np.diff(late)))) if len(late) > 1 else 1
            orbits = round_ and one.learner in FLOWING
            seen = not orbits or 1 < lap <= (len(p[sound]) - len(p[sound]) // 2) // 2
            lives.append(half_life(away[sound], every, lap) if seen else math.nan)
    took = np.append(np.diff(begins) * every, math.nan)
    means = [average(columns[name][:, 0], begins) for name in names]
    height = distance(replace(config, learner="naive"), logits[..., :1])[:, 0] ** 2
    ends = np.interp(begins[:2], np.arange(len(height)), height) if begins.size > 1 else (0, 0)
    return Measured(
        len(took) - 1,
        float(took[0]),
        float(took[max(len(took) - 2, 0)]),
        float(ends[1] / ends[0] - 1) if ends[0] else math.nan,
        tuple(float(mean[-1]) if mean.size else math.nan for mean in means),  # type: ignore[arg-type]
        tuple(lives),
    )


def _told(config: Config, logits: np.ndarray) -> int:
    """How many of the first logits (m, 2) are told from those of its rest: see FLOOR."""
    center = np.array(rest(config))
    if np.isnan(center).any():
        return len(logits)
    away = np.abs(logits - (np.log(center) - np.log1p(-center))) * center * (1 - center)
    near = away.max(axis=1) <= FLOOR
    return int(np.argmax(near)) if near.any() else len(logits)


class Foreseen(NamedTuple):
    """What a run would show, were it as its updates are written."""

    measured: Measured  # since the last change, of this run alone
    end: tuple[float, float]  # p and q after the last update


def foreseen(k: int, every: int, config: Config, *later: tuple[int, Config]) -> Foreseen:
    """What `measure` finds in the predicted course of run k, in frames `every` updates apart."""
    return _foreseen(k, every, ((0, config), *later), later[-1][1].steps if later else config.steps)


def obeys(value: float, expected: float, scale: float | None = None) -> bool:
    """Whether what the updates make of a quantity is near the `value` of theory for small steps or
    orbits: within SMALL of `scale`, that value itself if not given. No run shows that it is inf.
    """
    return math.isfinite(value) and abs(expected - value) <= SMALL * abs(
        value if scale is None else scale
    )


def settles(value: float, found: float) -> bool:
    """Whether a run shows the `value` of the long run: within TRUST of it, of 1 if it is 0."""
    return found == value or abs(found - value) <= TRUST * abs(value or 1)


MOST_NEEDED = 100_000  # updates


def needed(
    tells: Callable[[Foreseen], bool],
    k: int,
    every: int,
    config: Config,
    *later: tuple[int, Config],
) -> int | None:
    """The updates that a run needs until what is foreseen of run k `tells` something.

    `config.steps` where these are enough, None where MOST_NEEDED are not.
    """
    legs = ((0, config), *later)
    steps = legs[-1][1].steps

    def enough(steps: int) -> bool:
        return tells(_foreseen(k, max(every, frame_interval(steps)), legs, steps))

    if tells(foreseen(k, every, config, *later)):
        return steps
    return fewest(enough, steps, MOST_NEEDED)


def _foreseen(k: int, every: int, legs: tuple[tuple[int, Config], ...], steps: int) -> Foreseen:
    since, now = legs[-1]
    first = len(now.starts)
    one = replace(
        now,
        learner=now.learner if k < first else now.rivals[k - first],
        starts=now.starts[k : k + 1] if k < first else now.starts[:1],
        rivals=(),
    )
    far = steps if steps == now.steps else MOST_NEEDED  # computed once for all lengths
    longer = [(begin, replace(leg, steps=far)) for begin, leg in legs]
    logits = predicted_course(k, longer[0][1], *longer[1:])[: steps + 1]
    last = _columns(one, logits[-1:])
    with np.errstate(over="ignore", invalid="ignore"):
        found = measure(one, _columns(one, logits[-(-since // every) * every :: every]), every)
    return Foreseen(found, (float(last["p"][0, 0]), float(last["q"][0, 0])))


def _columns(config: Config, logits: np.ndarray) -> dict[str, np.ndarray]:
    """Logits (m, 2) of one run as the columns (m, 1) that its recording would have."""
    (p, q) = play = np.exp(-np.logaddexp(0, -logits)).T
    mixed = np.stack([p * q, p * (1 - q), (1 - p) * q, (1 - p) * (1 - q)], axis=1)
    rewards = [mixed @ np.ravel(R) for R in (config.payoff_0, config.payoff_1)]
    names = ("p", "q", "reward_0", "reward_1")
    columns = {name: values[:, None] for name, values in zip(names, (*play, *rewards), strict=True)}
    return columns | {"logits": logits[:, :, None]}


def half_life(distance: np.ndarray, every: int = 1, lap: int = 1) -> float:
    """Updates that halve a distance (m,) `every` so many updates apart; negative: that double it.

    By the straight line that fits its logarithm best over the second half, as far as it is
    positive and finite; averaged over the rows of a lap first, during which it goes up and down.
    inf where it does not change, nan where there is nothing to fit.
    """
    sound = np.isfinite(distance) & (distance > 0)
    end = len(distance) if sound.all() else int(np.argmin(sound))
    height = np.log(distance[end // 2 : end])
    if 1 < lap <= len(height) // 2:
        height = np.convolve(height, np.full(lap, 1 / lap), mode="valid")
    if len(height) < 2:
        return math.nan
    slope = float(np.polyfit(every * np.arange(len(height)), height, 1)[0])
    return -math.log(2) / slope if slope else math.inf


_DIRECTIONS = {
    "naive": "d0, d1 = v0, v1",
    "alternating": """moved = (a0 + learning_rate * v0).detach()
    d0, d1 = v0, gradient(rewards(moved, a1)[1], a1)""",
    "extragradient": """b0 = (a0 + learning_rate * v0).detach().requires_grad_()
    b1 = (a1 + learning_rate * v1).detach().requires_grad_()
    W0, W1 = rewards(b0, b1)
    d0, d1 = gradient(W0, b0), gradient(W1, b1)""",
    "optimistic": """before0, before1 = (v0, v1) if step == 0 else (before0, before1)
    d0, d1 = 2 * v0 - before0, 2 * v1 - before1
    before0, before1 = v0, v1""",
    "lookahead": """d0 = v0 + learner_step * gradient(v0, a1) * v1
    d1 = v1 + learner_step * gradient(v1, a0) * v0""",
    "consensus": """fuss = (v0**2 + v1**2) / 2
    d0 = v0 - learner_step * gradient(fuss, a0)
    d1 = v1 - learner_step * gradient(fuss, a1)""",
    "symplectic": """twist = (gradient(v0, a1) - gradient(v1, a0)) / 2
    d0, d1 = v0 + learner_step * twist * v1, v1 - learner_step * twist * v0""",
    "lola": """d0 = v0 + learner_step * gradient(V0, a1) * gradient(v1, a0)
    d1 = v1 + learner_step * gradient(V1, a0) * gradient(v0, a1)""",
}


def plain_pytorch(config: Config) -> str:
    """The run of the first start as a script that needs nothing but PyTorch, to paste anywhere.

    It prints step, p, q and the rewards, at most a screenful of them: of the run of the notes every
    1000 updates, as they do.
    """
    every = max(1, -(-config.steps // 25))
    dtype = devices.double(torch.device(config.device))
    R0, R1 = ([[float(v) for v in row] for row in R] for R in (config.payoff_0, config.payoff_1))
    starts = [[float(v) for v in start] for start in config.starts[:1]]
    gamma = f"learner_step = {float(config.learner_step)!r}\n"
    lines = _DIRECTIONS[config.learner]
    return f"""import torch

kind = {{"dtype": {dtype}, "device": {config.device!r}}}
R0 = torch.tensor({R0!r}, **kind)
R1 = torch.tensor({R1!r}, **kind)
a0, a1 = torch.tensor({starts!r}, **kind).T
learning_rate = {float(config.learning_rate)!r}
{gamma if "learner_step" in lines else ""}

def rewards(a0, a1):
    p, q = torch.sigmoid(a0), torch.sigmoid(a1)
    p, q = torch.stack([p, 1 - p]), torch.stack([q, 1 - q])
    return ((R0 @ q) * p).sum(0), ((R1 @ q) * p).sum(0)


def gradient(of, by):
    return torch.autograd.grad(of.sum(), by, create_graph=True)[0]


for step in range({int(config.steps)} + 1):
    a0, a1 = a0.detach().requires_grad_(), a1.detach().requires_grad_()
    V0, V1 = rewards(a0, a1)
    if step % {every} == 0 or step == {int(config.steps)}:
        print(step, *(x[0].item() for x in (torch.sigmoid(a0), torch.sigmoid(a1), V0, V1)))
    v0, v1 = gradient(V0, a0), gradient(V1, a1)
    {lines}
    a0, a1 = a0 + learning_rate * d0, a1 + learning_rate * d1
"""
