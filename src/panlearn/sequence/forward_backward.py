"""The forward-backward algorithm as a function: what a chain says about each state when all paths count.

    p(y) ∝ exp( start(y_0) + Σ_t scores[t, y_t] + Σ_t transitions[y_{t-1}, y_t] + end(y_{T-1}) )

Sums over all N^T paths take T N² steps [rabiner1989], because a path splits at each time into what came before and what
comes after. The recursions run scaled, not in logarithms (`panlearn.sequence.recursions`), and give the exact answer
for any range of scores.

Course notes: 004 §11.
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.sequence.batches import batch, log_weights
from panlearn.sequence.expectations import Chain, expectations
from panlearn.sequence.frames import shifted_exp


class Posterior(NamedTuple):
    """What the paths of a chain do on average."""

    log_likelihood: Any  # log of the sum over all paths; (B,) or (s,) for several sequences; -inf: no path is allowed
    marginals: Any  # p(y_t = i), in the shape of the scores; zeros in padding and where no path is allowed
    pairs: np.ndarray  # (N, N) expected number of transitions from row to column, over all times and sequences


def forward_backward(
    scores: Any, transitions: Any, start: Any = None, end: Any = None, *, lengths: Any = None
) -> Posterior:
    """Log-partition function, marginals and expected transitions of one sequence or many.

    Parameters
    ----------
    scores : array-like of shape (T, N) or (B, T, N), or list of arrays (T_i, N)
        Log-scores of the N states at each time; -inf forbids a state there.
    transitions : array-like of shape (N, N)
        Log-scores from row to column; -inf forbids.
    start, end : array-like of shape (N,), optional
        Log-scores of the first and of the last state; zeros by default.
    lengths : array-like of shape (B,), optional
        Lengths of the sequences of a padded array (B, T, N).

    Returns
    -------
    Posterior
        `log_likelihood`, `marginals` and `pairs`, a NamedTuple.

    Raises
    ------
    DataError
        If shapes do not fit, or scores hold NaN or +inf.

    References
    ----------
    [rabiner1989]; course notes 004 §11.

    Examples
    --------
    The marginals are what the path of highest probability is not: each time for itself.

    >>> import numpy as np
    >>> from panlearn.sequence.forward_backward import forward_backward
    >>> likelihood = np.array([[0.5, 0.1], [0.4, 0.3], [0.1, 0.6]])
    >>> found = forward_backward(np.log(likelihood), np.log([[0.7, 0.3], [0.4, 0.6]]), np.log([0.6, 0.4]))
    >>> found.marginals.round(3)
    array([[0.877, 0.123],
           [0.623, 0.377],
           [0.212, 0.788]])
    >>> round(float(np.exp(found.log_likelihood)), 5)
    0.03628
    """
    data = batch(scores, lengths)
    rows, offsets = data.rows, data.offsets
    logs = Chain(*log_weights(rows.shape[1], transitions, start, end))
    tops = [x.max(initial=-np.inf) for x in logs]
    tops = [x if x > -np.inf else 0.0 for x in tops]  # taken out, so that no weight overflows
    likelihood, shift = shifted_exp(rows)
    found = expectations(
        likelihood,
        shift,
        offsets,
        Chain(*(np.exp(x - top) for x, top in zip(logs, tops))),
        logs=lambda a, b: rows[a:b],
        log_chain=Chain(*(x - top for x, top in zip(logs, tops))),
    )
    lengths = np.diff(offsets)
    total = found.log_likelihood + np.where(lengths > 0, tops[0] + (lengths - 1) * tops[1] + tops[2], 0.0)
    return Posterior(data.each(total), data.restore(found.marginals, 0.0), found.pairs)
