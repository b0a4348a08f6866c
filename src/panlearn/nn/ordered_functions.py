"""Activations of an ordered LSTM on stretches of rows, in the type of the row: short loops that LLVM turns into SIMD.

    sigmoid, tanh            of single numbers in `panlearn.nn.rnn_functions`
    softmax(x)_m = e^(x_m - max x) / Σ_j e^(x_j - max x)

float32 goes through 2^x in float32: twice as many numbers an instruction as in float64.
"""

from typing import Any

import numpy as np
from numba import extending, types

from panlearn.core import numerics
from panlearn.core.jit import EXACT, kernel
from panlearn.nn.rnn_functions import sigmoid, tanh

overload: Any = extending.overload
LOG2E = np.float32(1.4426950408889634)


def exponential(x):
    """E to the x, as float32 or float64."""
    return np.exp(x)


@overload(exponential, jit_options={"fastmath": set(EXACT), "error_model": "numpy", "forceinline": True})
def _exponential(x):
    if x == types.float32:
        return lambda x: numerics.exp2_single(x * LOG2E)
    return lambda x: numerics.exp(x)


@kernel
def sigmoids(x, r, start, stop):
    """Overwrites x[r, start:stop]."""
    for k in range(start, stop):
        x[r, k] = sigmoid(x[r, k])


@kernel
def tanhs(x, r, start, stop):
    """Overwrites x[r, start:stop]."""
    for k in range(start, stop):
        x[r, k] = tanh(x[r, k])


@kernel
def softmax(x, r, start, stop):
    """Overwrites x[r, start:stop]."""
    top = x[r, start]
    for k in range(start, stop):
        top = max(top, x[r, k])
    total = x.dtype.type(0)
    for k in range(start, stop):
        x[r, k] = exponential(x[r, k] - top)
    for k in range(start, stop):
        total += x[r, k]
    scale = x.dtype.type(1) / total
    for k in range(start, stop):
        x[r, k] *= scale
