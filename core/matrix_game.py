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
Source: "Notes on PyTorch", periodic naive learning in a 2-player general sum matrix game. Theory,
in `core.theory.matrix_game`: Singh, Kearns & Mansour 2000; the learners compared by Letcher et al.
2019.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from core import devices
from core.ranges import COUNT, POSITIVE, Range, check_choice, check_numbers, check_vector
from core.theory.matrix_game.course import (
    charted_distances,
    distances,
    grown,
    predicted_course,
    predicted_distances,
    predicted_play,
)
from core.theory.matrix_game.equilibrium import analyse, rest, slopes
from core.theory.matrix_game.findings import findings
from core.theory.matrix_game.foreseen import SMALL, foreseen, needed, obeys, settles
from core.theory.matrix_game.games import GAMES
from core.theory.matrix_game.laps import (
    average,
    averages,
    charted_averages,
    laps,
    measure,
    running_averages,
)
from core.theory.matrix_game.learners import FORMULAS, WAYS
from core.theory.matrix_game.orbits import (
    FLOWING,
    begins_at_rest,
    corner,
    distance,
    drift,
    energy,
    flow,
    orbit,
    orbit_period,
)
from core.theory.matrix_game.portrait import (
    arrows,
    averages_window,
    cloud,
    level_lines,
    level_sets,
    logits_at,
    orbit_line,
    portrait,
)
from core.theory.measuring import half_life

__all__ = ["FEW", "FORMULAS", "LEARNERS", "LIVE", "PAYOFFS", "RANGES", "RIVALS", "SHOWN"]
__all__ += ["STARTS", "Config", "Matrix", "Payoffs", "State", "diverged", "followed", "frame"]
__all__ += ["plain_pytorch", "run"]
# Theory's, which stands in core/theory: a page or a notebook asks the lesson for all of it.
__all__ += ["FLOWING", "GAMES", "SMALL", "WAYS", "analyse", "arrows", "average", "averages"]
__all__ += ["averages_window"]
__all__ += ["begins_at_rest"]
__all__ += ["charted_averages", "charted_distances", "cloud", "corner", "distance", "distances"]
__all__ += ["drift", "energy", "findings", "flow", "foreseen", "grown", "half_life", "laps"]
__all__ += ["level_lines", "level_sets", "logits_at", "measure", "needed", "obeys", "orbit"]
__all__ += ["orbit_line", "orbit_period", "portrait", "predicted_course", "predicted_distances"]
__all__ += ["predicted_play", "rest", "running_averages", "settles", "slopes"]

PAYOFFS = Range(-1e6, 1e6)
STARTS = Range(1, 100_000, whole=True)
RANGES: dict[str, Range] = {"learning_rate": POSITIVE, "learner_step": POSITIVE, "steps": COUNT}
LIVE = frozenset({"learning_rate", "learner", "learner_step"})
RIVALS = Range(0, 7, whole=True)
FEW, SHOWN = 16, 2_000  # runs of a batch that a frame has with all their numbers, and as points

Matrix = tuple[tuple[float, float], tuple[float, float]]
Payoffs = tuple[Tensor, Tensor, Tensor, Tensor]  # (2, 1) each: base, d, b, c of `_rewards`


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
        check_choice("learner", self.learner, LEARNERS)
        if not isinstance(self.rivals, tuple) or len(self.rivals) not in RIVALS:
            raise ValueError(
                f"rivals = {self.rivals!r} is not allowed: "
                f"it must be a tuple of at most {RIVALS.high} learners."
            )
        for index, rival in enumerate(self.rivals):
            check_choice(f"rivals[{index}]", rival, LEARNERS)
        check_numbers(self, RANGES)
        devices.check("device", self.device)


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


def followed(config: Config) -> dict[str, str]:
    """The runs that are looked at one by one, name -> learner, in the order of a state's runs.

    All of them; of a batch of more than FEW the first. Of the same learner they are numbered.
    """
    own = config.starts if len(config.starts) <= FEW else config.starts[:1]
    learners = [config.learner] * len(own) + list(config.rivals)
    return {
        f"{name} {learners[: k + 1].count(name)}" if learners.count(name) > 1 else name: name
        for k, name in enumerate(learners)
    }


def frame(config: Config, state: State) -> dict[str, np.ndarray]:
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
