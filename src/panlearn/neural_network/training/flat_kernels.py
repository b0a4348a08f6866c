"""Updates over a flat vector in one pass: kernels on the memory of torch's tensors.

torch has fused CPU kernels for SGD, AdaGrad and Adam. RMSProp and Adadelta it runs as six to ten passes over each
tensor. Here one loop reads the gradient once and updates the moments and the values; LLVM makes vector instructions of
its roots and divisions. Scalars come in an array of the type of the values: a float64 among them would turn the loop
into one of twice the width.
"""

import numpy as np

from panlearn.core.jit import kernel

RATE, KEPT, NEW, EPS = range(4)  # places of the scalars: learning rate, rho, 1 - rho, eps


@kernel
def rmsprop(values, gradient, squares, scalars):  # updates values, squares
    """RMSProp: x -= eta g / (sqrt(s) + eps), s the fading mean of g^2 [tieleman2012]."""
    rate, kept, new, eps = scalars[RATE], scalars[KEPT], scalars[NEW], scalars[EPS]
    for i in range(values.size):
        g = gradient[i]
        s = kept * squares[i] + new * g * g
        squares[i] = s
        values[i] -= rate * (g / (np.sqrt(s) + eps))


@kernel
def adadelta(values, gradient, squares, steps, scalars):  # updates values, squares, steps
    """Adadelta: the step is g sqrt(u + eps) / sqrt(s + eps), u the fading mean of its own square [zeiler2012]."""
    rate, kept, new, eps = scalars[RATE], scalars[KEPT], scalars[NEW], scalars[EPS]
    for i in range(values.size):
        g, u = gradient[i], steps[i]
        s = kept * squares[i] + new * g * g
        step = g * np.sqrt((u + eps) / (s + eps))
        squares[i] = s
        steps[i] = kept * u + new * step * step
        values[i] -= rate * step
