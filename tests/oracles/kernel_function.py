"""Kernel values, one pair of points at a time."""

import math

import numpy as np

FORMULAS = {
    "linear": lambda x, z, k: sum(a * b for a, b in zip(x, z)),
    "poly": lambda x, z, k: (k.gamma * sum(a * b for a, b in zip(x, z)) + k.coef0) ** k.degree,
    "rbf": lambda x, z, k: math.exp(-k.gamma * sum((a - b) ** 2 for a, b in zip(x, z))),
    "laplacian": lambda x, z, k: math.exp(-k.gamma * sum(abs(a - b) for a, b in zip(x, z))),
    "sigmoid": lambda x, z, k: math.tanh(k.gamma * sum(a * b for a, b in zip(x, z)) + k.coef0),
}


def kernel_matrix(kernel, A, B):
    formula = FORMULAS[kernel.name]
    return np.array([[formula(x, z, kernel) for z in B.tolist()] for x in A.tolist()]).reshape(len(A), len(B))
