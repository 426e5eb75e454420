"""Whether the handbook answers a question at all: decisions calibrated per language, for the model in use.

First, is it of the field: five signals of a question, namely the best MaxSim, the nearest heads, the
nearness to an out-of-scope example, the share of its content words that the handbook knows, and how far its
best passage stands out. Then, is it a thing to be looked up (today's fee, a person's number): the nearest
heads against the nearest examples of that kind. A ridge logistic regression weighs the signals of each. Its
examples are data, so another model or a new passage recalibrates by itself: every alias must be answered
(itself left out), every example in outside.yaml refused (itself left out). The fused ranking score is no
use here: it is relative to the other passages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from knowledge.model import Terms

Floats = npt.NDArray[np.float64]
SIGNALS = 5
LOOK_UP_SIGNALS = 4
_RIDGE = 0.02
_ROUNDS = 60
#: Aliases are tidier than what people type, so the lines lie below even odds; by the tuning files.
SLACK = {"zh": 1.3, "en": 0.4}
OWN_SLACK = {"zh": 3.3, "en": 1.6}
LOOK_UP_SLACK = {"zh": 1.7, "en": 1.3}


def signals(maxsim: Floats, heads: Floats, outside: float, known: float) -> list[float]:
    """The five signals; `maxsim` and `heads` have one score a passage."""
    return [float(maxsim.max()), float(heads.max()), outside, known, float(maxsim.max() - maxsim.mean())]


def own_signals(maxsim: Floats, heads: Floats, outside: float, known: float, lang: str) -> list[float]:
    """Those that say the same of any documents: how far the best one stands out depends on how many there
    are, and whether they know a question's words, on whether they are in its language."""
    return [float(maxsim.max()), float(heads.max()), outside, known if lang == "zh" else 0.0, 0.0]


def fit(answered: Sequence[Sequence[float]], refused: Sequence[Sequence[float]]) -> Floats:
    """Weights of shape (s + 1,) for s signals, intercept first, by Newton's method; both classes weigh alike.

    Deterministic. With either class empty, the weights always answer.
    """
    if not answered or not refused:
        return np.array([1.0, *[0.0] * len((*answered, *refused, [0.0] * SIGNALS)[0])])
    x = np.array([*answered, *refused], np.float64)
    y = np.array([1.0] * len(answered) + [0.0] * len(refused))
    share = np.where(y == 1, 0.5 / len(answered), 0.5 / len(refused))
    centre, spread = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-6)
    z = np.hstack([np.ones((len(x), 1)), (x - centre) / spread])
    ridge = np.diag([0.0, *[_RIDGE] * x.shape[1]])
    w = np.zeros(x.shape[1] + 1)
    for _ in range(_ROUNDS):
        p = 1 / (1 + np.exp(-np.clip(z @ w, -30, 30)))
        gradient = z.T @ (share * (p - y)) + ridge @ w
        curve = (z * (share * p * (1 - p))[:, None]).T @ z + ridge + 1e-9 * np.eye(len(w))
        w = w - np.linalg.solve(curve, gradient)
    slopes = w[1:] / spread
    return np.array([w[0] - float(slopes @ centre), *slopes])


def margin(weights: Floats, values: Sequence[float], slack: float) -> float:
    """How far the log-odds that something answers lie above the line; refuse below 0."""
    return float(weights[0] + weights[1:] @ np.array(values)) + slack


def belongs_elsewhere(query: str, terms: Terms, known: Callable[[str], bool] = lambda _: False) -> bool:
    """Whether a question is about another platform alone, one of which nothing is `known`."""
    low = query.lower()
    named = [w.lower() for w in terms.elsewhere if w.lower() in low]
    return any(not known(w) for w in named) and not any(w.lower() in low for w in terms.home)
