"""Learning from mistakes: averaged perceptron, passive-aggressive updates and AROW for a chain of labels.

Each looks at one sequence after the other, finds the best path ŷ at the present weights, and changes them where it
differs from the true path y. With δ = Φ(x, y) − Φ(x, ŷ), the difference of the features of the two paths, and the loss
ℓ = s(ŷ) − s(y) + cost:

    perceptron           w ← w + δ                                                                     [collins2002]
    passive-aggressive   w ← w + τ δ,   τ = ℓ / |δ|²,  at most c (type 1),  or ℓ / (|δ|² + 1/2c) (type 2)
                         cost = √(number of wrong labels) if error sensitive, else 1                   [crammer2006]
    AROW                 w ← w + α Σ δ,   α = ℓ / (γ + δᵀΣδ),   1/Σ ← 1/Σ + δ²/γ,   Σ diagonal      [crammer2009]
                         cost = number of wrong labels

The last weights depend on the last sequences; the mean over all steps is far better. It is kept as a sum of the updates
weighted by their time u, so that a step costs no more than the features it touches: w̄ = w − sum / u.

No likelihood is modelled, so that marginals of such weights are no probabilities to be trusted. Not separable data have
no fixed point: it is the number of passes, not a tolerance, that ends training.

Course notes: 004 §11.
"""

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.progress import progress
from panlearn.sequence.crf_paths import best_path, difference, path_score, sentence_scores, sentences_of, work_of

CHUNK = 500  # sequences a call: control comes back to Python after a moment
PERCEPTRON, PASSIVE_AGGRESSIVE, AROW = 0, 1, 2


def learn_from_mistakes(problem, settings, start: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
    """Pass over the sequences; returns the weights, the mean loss of each pass, and whether it fell below epsilon."""
    data = sentences_of(problem)
    work, w, rng = work_of(data), start.copy(), np.random.default_rng(settings.seed)
    kind = {"ap": PERCEPTRON, "pa": PASSIVE_AGGRESSIVE, "arow": AROW}[settings.algorithm]
    averaging = kind == PERCEPTRON or (kind == PASSIVE_AGGRESSIVE and settings.averaging)
    other = np.full_like(w, settings.variance) if kind == AROW else np.zeros_like(w)
    numbers = np.array([kind, settings.pa_type, settings.c, settings.error_sensitive, settings.gamma], dtype=np.float64)
    n, step, trace = len(data.weight), 1, []
    for _ in progress(settings.max_iterations or 100, "CRF", enabled=settings.verbose, certificate=lambda: trace[-1]):
        order, loss = rng.permutation(n), 0.0
        for a in range(0, n, CHUNK):
            loss += _mistakes(data, order[a : a + CHUNK], w, other, step, numbers, work)
            step += len(order[a : a + CHUNK])
        trace.append(loss / n)
        if trace[-1] <= settings.epsilon:
            break
    mean = w - other / step if averaging else w
    return mean, np.array(trace), bool(trace[-1] <= settings.epsilon)


@kernel
def _mistakes(data, order, w, other, step, numbers, work):
    """Update w and `other` (sum of timed updates, or variances) on some sequences; returns the sum of their losses."""
    kind, L, total = numbers[0], data.allowed.shape[0], 0.0
    matrix = w[data.labels.size :].reshape(L, L)
    for at in range(order.size):
        s = order[at]
        length = data.offsets[s + 1] - data.offsets[s]
        if length == 0 or data.weight[s] == 0.0:
            continue
        sentence_scores(data, s, w, 1.0, work.scores)
        found, true = best_path(length, matrix, work), path_score(data, s, w, 1.0, work)
        wrong = 0
        for t in range(length):
            wrong += data.tags[data.offsets[s] + t] != work.path[t]
        if wrong:
            n = difference(data, s, work)
            loss = wrong / length
            if kind == PASSIVE_AGGRESSIVE:
                loss = found - true + (np.sqrt(float(wrong)) if numbers[3] else 1.0)
            elif kind == AROW:
                loss = found - true + wrong
            total += data.weight[s] * loss
            _update(n, w, other, step + at, loss, data.weight[s], numbers, work)
    return total


@kernel
def _update(n, w, other, time, loss, weight, numbers, work):
    """Change the weights that differ by the rule of the algorithm."""
    kind, norm = numbers[0], 0.0
    for i in range(n):
        norm += work.amount[i] ** 2 * (other[work.touched[i]] if kind == AROW else 1.0)
    gain = weight
    if kind == PASSIVE_AGGRESSIVE:
        norm += 0.5 / numbers[2] if numbers[1] == 2.0 else 0.0
        gain = loss / norm if norm > 0.0 else 0.0
        gain = weight * (min(gain, numbers[2]) if numbers[1] == 1.0 else gain)
    elif kind == AROW:
        gain = weight * loss / (norm + numbers[4])
    for i in range(n):
        k, d = work.touched[i], work.amount[i]
        if kind == AROW:
            w[k] += gain * other[k] * d
            other[k] = 1.0 / (1.0 / other[k] + d * d / numbers[4])
        else:
            w[k] += gain * d
            other[k] += time * gain * d
