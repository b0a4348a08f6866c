"""The losses of this package for use inside kernels: one raw prediction at a time, chosen by number.

| code | loss | code | loss |
|---|---|---|---|
| 0 | `SquaredError` | 4 | `Hinge` |
| 1 | `Huber` | 5 | `SquaredHinge` |
| 2 | `EpsilonInsensitive` | 6 | `ModifiedHuber` |
| 3 | `SquaredEpsilonInsensitive` | 7 | `LogLoss` |

A number and not a type: one kernel is compiled for all of them, and a branch that always goes the same way costs
nothing beside the row it is taken for.
"""

from panlearn.core.jit import kernel
from panlearn.core.numerics import exp, log1p


@kernel(inline=True)
def value_and_slope(code, parameter, z, y):
    """Loss of the raw prediction z, and its derivative in z; labels y are -1 or 1 for the losses from code 4."""
    if code < 4:
        return _of_residual(code, parameter, z - y)
    return _of_margin(code, parameter, z * y, y)


@kernel(inline=True)
def _of_residual(code, parameter, r):
    size, sign = abs(r), 1.0 if r > 0.0 else -1.0
    if code == 0 or (code == 1 and size <= parameter):
        return 0.5 * r * r, r
    if code == 1:
        return parameter * (size - 0.5 * parameter), sign * parameter
    out = size - parameter
    if out <= 0.0:
        return 0.0, 0.0
    if code == 2:
        return out, sign
    return out * out, 2.0 * sign * out


@kernel(inline=True)
def _of_margin(code, parameter, m, y):
    if code == 4:
        return (parameter - m, -y) if m <= parameter else (0.0, 0.0)
    if code == 7:
        e = exp(-abs(m))
        return max(-m, 0.0) + log1p(e), -y * (e if m > 0.0 else 1.0) / (1.0 + e)
    if code == 6 and m < -1.0:
        return -4.0 * m, -4.0 * y
    short = max(0.0, (parameter if code == 5 else 1.0) - m)
    return short * short, -2.0 * y * short
