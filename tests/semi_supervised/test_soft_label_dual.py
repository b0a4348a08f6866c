"""The machine with the hinge: LIBSVM, duality, warm starts from other costs."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import rbf_kernel

from panlearn.semi_supervised.soft_label_dual import DualMachine
from panlearn.svm.kernel_function import KernelFunction
from tests.oracles.transductive_svm import machine


def data(seed=0, n=40):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    return X, X[:, 0] + 0.5 * rng.normal(size=n) > 0, rng


@pytest.mark.parametrize("kernel", [KernelFunction("linear"), KernelFunction("rbf", 0.5)])
def test_equals_libsvm_from_any_start(kernel):
    X, positive, rng = data()
    gram = X @ X.T if kernel.name == "linear" else rbf_kernel(X, gamma=0.5)
    fit = None
    for solver in (DualMachine(kernel, X, gram, cache_size=10.0), DualMachine(kernel, X, None, cache_size=10.0)):
        for _ in range(3):
            y, cost = np.where(rng.random(40) < 0.3, ~positive, positive), rng.uniform(0.1, 3.0, 40)
            fit = solver.solve(cost * y, cost * ~y, fit, 1e-6)
            best = machine(gram, np.where(y, 1.0, -1.0), cost, "hinge")
            assert fit.objective == pytest.approx(best, rel=1e-4)
            assert fit.lower <= best * (1 + 1e-6)
            assert fit.gap < 1e-4


def test_rows_may_pull_to_both_sides():
    """Equal costs on both sides everywhere: f = 0 is best, and each row costs 1 on either side."""
    X, _, _ = data(1)
    half = np.full(40, 0.5)
    fit = DualMachine(KernelFunction("rbf", 1.0), X, rbf_kernel(X, gamma=1.0), cache_size=1.0).solve(
        half, half, None, 1e-8
    )
    np.testing.assert_allclose(fit.decision, 0, atol=1e-6)
    assert fit.objective == pytest.approx(40.0)
