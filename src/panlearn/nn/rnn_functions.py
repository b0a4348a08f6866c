"""Sigmoid and tanh inside kernels, in float32 and float64, and the activation functions of plain recurrent networks.

In float32 both are straight lines of multiply-adds and one division, so that LLVM fills the vectors of the processor:

    σ(x) = 1 / (1 + 2^{-x log2 e})             relative error of some units in the last place, in the tails as well
    tanh(x) = x p(x²) / q(x²),  |x| <= 7.9     the rational function of a minimax fit; beyond, it rounds to ±1

float64 is for checks of gradients: it takes what `panlearn.core.numerics` and the C library give.

Slopes are read off the values: σ' = σ (1 - σ), tanh' = 1 - tanh², ReLU' = [ReLU > 0]. Nothing else need be kept for
the way back.
"""

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from panlearn.core import numerics
from panlearn.core.jit import FAST, kernel
from panlearn.core.numerics import exp2_single

NONLINEARITIES = {"identity": 0, "tanh": 1, "relu": 2, "sigmoid": 3, "softmax": 4}
IDENTITY, TANH, RELU, SIGMOID, SOFTMAX = NONLINEARITIES.values()
SINGLE = np.float32
LOG2E = SINGLE(1.4426950408889634)
OPTIONS: Any = {"nogil": True, "fastmath": set(FAST), "error_model": "numpy", "forceinline": True}


@kernel(inline=True)
def sigmoid_single(x):
    """1 / (1 + exp(-x)) in float32."""
    return SINGLE(1.0) / (SINGLE(1.0) + exp2_single(-x * LOG2E))


@kernel(inline=True)
def tanh_single(x):
    """Hyperbolic tangent in float32."""
    z = min(max(x, SINGLE(-7.99881172180175781)), SINGLE(7.99881172180175781))
    s = z * z
    p = SINGLE(-2.76076847742355e-16)
    p = p * s + SINGLE(2.00018790482477e-13)
    p = p * s + SINGLE(-8.60467152213735e-11)
    p = p * s + SINGLE(5.12229709037114e-08)
    p = p * s + SINGLE(1.48572235717979e-05)
    p = p * s + SINGLE(6.37261928875436e-04)
    p = p * s + SINGLE(4.89352455891786e-03)
    q = SINGLE(1.19825839466702e-06)
    q = q * s + SINGLE(1.18534705686654e-04)
    q = q * s + SINGLE(2.26843463243900e-03)
    q = q * s + SINGLE(4.89352518554385e-03)
    y = z * p / q
    return y if x == x else x  # NaN in, NaN out


def sigmoid(x):
    """Of a float32 or float64 number; inside kernels."""
    return 1.0 / (1.0 + math.exp(-x))


def tanh(x):
    """Of a float32 or float64 number; inside kernels."""
    return math.tanh(x)


@overload(sigmoid, jit_options=OPTIONS)
def _sigmoid(x):
    if x == types.float32:
        return lambda x: sigmoid_single(x)
    return lambda x: numerics.sigmoid(x)


@overload(tanh, jit_options=OPTIONS)
def _tanh(x):
    if x == types.float32:
        return lambda x: tanh_single(x)
    return lambda x: math.tanh(x)


@kernel
def activate(x, code):
    """Overwrites the rows x (n, k) with a function of themselves."""
    n, width = x.shape
    zero = x.dtype.type(0)
    for i in range(n):
        row = x[i]
        if code == TANH:
            for j in range(width):
                row[j] = tanh(row[j])
        elif code == SIGMOID:
            for j in range(width):
                row[j] = sigmoid(row[j])
        elif code == RELU:
            for j in range(width):
                row[j] = zero if row[j] <= 0 else row[j]  # NaN stays
        elif code == SOFTMAX:
            softmax(row)


@kernel
def softmax(x):
    """Overwrites x (k,) with exp(x) over its sum."""
    top = x[0]
    for j in range(1, len(x)):
        top = max(top, x[j])
    total = x[0] * 0
    for j in range(len(x)):
        x[j] = math.exp(x[j] - top)
        total += x[j]
    for j in range(len(x)):
        x[j] /= total


@kernel
def multiply_by_slope(x, values, code):
    """Overwrites gradients x (n, k) in the values of a function with those in what it was taken of."""
    n, width = x.shape
    zero, one = values.dtype.type(0), values.dtype.type(1)
    for i in range(n):
        g, y = x[i], values[i]
        if code == TANH:
            for j in range(width):
                g[j] *= one - y[j] * y[j]
        elif code == SIGMOID:
            for j in range(width):
                g[j] *= y[j] * (one - y[j])
        elif code == RELU:
            for j in range(width):
                g[j] = g[j] if y[j] > 0 else zero
        elif code == SOFTMAX:
            softmax_slope(g, y)


@kernel
def softmax_slope(g, y):
    """Overwrites gradients g (k,) in the values y of a softmax."""
    mean = g.dtype.type(0)
    for j in range(len(g)):
        mean += g[j] * y[j]
    for j in range(len(g)):
        g[j] = y[j] * (g[j] - mean)
