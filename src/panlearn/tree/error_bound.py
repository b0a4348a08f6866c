r"""C4.5's upper bound of the errors of a leaf [quinlan1993], ch. 4.

A leaf of N rows with E errors: U_CF(E, N) is the error rate at which no more than E errors would be seen with
probability CF. Without errors that is exact,

    U_CF(0, N) = 1 - CF^(1/N)

and for E >= 1 the normal approximation with continuity correction, for z the upper CF quantile of the normal law,

    U_CF(E, N) = (E + 1/2 + z^2/2 + z sqrt((E + 1/2)(1 - (E + 1/2)/N) + z^2/4)) / (N + z^2)

z comes from Quinlan's table by linear interpolation, as in his program: his published values follow from it. Fractions
of one error interpolate between E = 0 and 1, and for E + 1/2 >= N the addition is 0.67 (N - E). The predicted errors
are N U_CF: also a leaf without errors has some, which is why pure leaves too are cut off.
"""

import numpy as np

from panlearn.core.jit import EXACT, kernel

SHARES = (0.0, 0.001, 0.005, 0.01, 0.05, 0.10, 0.20, 0.40, 1.00)
DEVIATES = (4.0, 3.09, 2.58, 2.33, 1.65, 1.28, 0.84, 0.25, 0.00)


def squared_deviate(confidence: float) -> float:
    """The square of the normal deviate that a share `confidence` exceeds.

    Parameters
    ----------
    confidence : float
        CF, in (0, 1].

    Returns
    -------
    float
        z^2.
    """
    return float(np.interp(confidence, SHARES, DEVIATES)) ** 2


@kernel(fastmath=EXACT)
def predicted_errors(n, errors, confidence, z2):
    """N U_CF(E, N) for a leaf of weight n with these errors; `z2` is `squared_deviate(confidence)`."""
    if n <= 0.0:
        return 0.0
    none = n * (1.0 - confidence ** (1.0 / n))
    if errors < 1e-6:
        return none
    if errors < 0.9999:
        return none + errors * (bound(n, 1.0, z2) - none) if n > 1.0 else none + errors * (n - none)
    return bound(n, errors, z2)


@kernel(fastmath=EXACT)
def bound(n, errors, z2):
    """N U_CF(E, N) from one error on."""
    e = errors + 0.5
    if e >= n:
        return errors + 0.67 * max(n - errors, 0.0)
    return n * (e + z2 / 2 + np.sqrt(z2 * (e * (1 - e / n) + z2 / 4))) / (n + z2)


@kernel(fastmath=EXACT)
def predicted(weights, errors, confidence, z2):
    """`predicted_errors` of each node."""
    out = np.empty(len(weights))
    for t in range(len(weights)):
        out[t] = predicted_errors(weights[t], errors[t], confidence, z2)
    return out
