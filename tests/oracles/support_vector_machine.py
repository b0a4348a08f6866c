"""Support vector machines from their definitions: kernels by loops, the dual by a general solver [chang2011]."""

import math

import numpy as np
from scipy.optimize import LinearConstraint, minimize


def kernel(name, x, z, gamma, degree=3, coef0=0.0):
    """One kernel value."""
    dot = sum(a * b for a, b in zip(x, z, strict=True))
    if name == "linear":
        return dot
    if name == "poly":
        return (gamma * dot + coef0) ** degree
    if name == "sigmoid":
        return math.tanh(gamma * dot + coef0)
    gaps = [abs(a - b) for a, b in zip(x, z, strict=True)]
    return math.exp(-gamma * (sum(gaps) if name == "laplacian" else sum(g * g for g in gaps)))


def gram(name, A, B, gamma, degree=3, coef0=0.0):
    """The matrix of kernel values."""
    return np.array([[kernel(name, x, z, gamma, degree, coef0) for z in B] for x in A])


def quadratic_programme(Q, c, upper, A, b):
    """Minimise 1/2 a'Qa + c'a with 0 <= a <= upper and A a = b, by a solver that knows nothing of it."""
    start = np.linalg.lstsq(A, b, rcond=None)[0].clip(0, upper)
    found = minimize(
        lambda a: 0.5 * a @ Q @ a + c @ a,
        start,
        jac=lambda a: Q @ a + c,
        method="SLSQP",
        bounds=[(0, u) for u in upper],
        constraints=[LinearConstraint(A, b, b)],
        options={"maxiter": 1000, "ftol": 1e-14},
    )
    return found.x, found.fun


def classify(K, y, upper):
    """C-SVC: alpha and the objective."""
    return quadratic_programme(K * np.outer(y, y), -np.ones(len(y)), upper, y[None], np.zeros(1))


def classify_nu(K, y, weight, nu):
    """nu-SVC before the division by rho."""
    sums = np.full(2, nu * weight.sum() / 2)
    A = np.array([y > 0, y < 0], dtype=float)
    return quadratic_programme(K * np.outer(y, y), np.zeros(len(y)), weight, A, sums)


def regress(K, y, upper, epsilon):
    """Epsilon-SVR: beta and the objective."""
    n = len(y)
    both = np.block([[K, -K], [-K, K]])
    costs = np.concatenate([epsilon - y, epsilon + y])
    A = np.concatenate([np.ones(n), -np.ones(n)])[None]
    a, value = quadratic_programme(both, costs, np.tile(upper, 2), A, np.zeros(1))
    return a[:n] - a[n:], value


def regress_nu(K, y, upper, nu):
    """nu-SVR: beta and the objective."""
    n = len(y)
    both = np.block([[K, -K], [-K, K]])
    A = np.kron(np.eye(2), np.ones(n))
    sums = np.full(2, nu * upper.sum() / 2)
    a, value = quadratic_programme(both, np.concatenate([-y, y]), np.tile(upper, 2), A, sums)
    return a[:n] - a[n:], value


def one_class(K, weight, nu):
    """One class: alpha and the objective."""
    n = len(weight)
    return quadratic_programme(K, np.zeros(n), weight, np.ones((1, n)), np.array([nu * weight.sum()]))


def hinge_objective(K, beta, b, y, upper):
    """Primal of C-SVC: 1/2 |w|^2 + sum C_i slack_i."""
    f = K @ beta + b
    return 0.5 * beta @ K @ beta + sum(u * max(0.0, 1 - t * v) for u, t, v in zip(upper, y, f, strict=True))


def tube_objective(K, beta, b, y, upper, epsilon):
    """Primal of epsilon-SVR."""
    f = K @ beta + b
    return 0.5 * beta @ K @ beta + sum(u * max(0.0, abs(t - v) - epsilon) for u, t, v in zip(upper, y, f, strict=True))


def likelihood(slope, offset, f, first, weight):
    """Negative log-likelihood of a sigmoid with Platt's targets."""
    positive, negative = weight[first].sum(), weight[~first].sum()
    total = 0.0
    for value, is_first, w in zip(f, first, weight, strict=True):
        p = 1 / (1 + math.exp(slope * value + offset))
        t = (positive + 1) / (positive + 2) if is_first else 1 / (negative + 2)
        total -= w * (t * math.log(p) + (1 - t) * math.log(1 - p))
    return total


def coupling(r):
    """Class probabilities for pair probabilities r (K, K): the quadratic programme of [wu2004] by a general solver."""
    K = len(r)

    def value(p):
        return sum((r[j, i] * p[i] - r[i, j] * p[j]) ** 2 for i in range(K) for j in range(K) if i != j)

    bounds, total = [(0, 1)] * K, LinearConstraint(np.ones((1, K)), 1, 1)
    return minimize(value, np.full(K, 1 / K), method="SLSQP", bounds=bounds, constraints=[total], tol=1e-14).x
