"""The choice of a solver, Gram matrices, gamma."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.svm import SVC

from panlearn.core.errors import DataError
from panlearn.semi_supervised import soft_label_machine as module
from panlearn.semi_supervised.soft_label_dual import DualMachine
from panlearn.semi_supervised.soft_label_kernel import KernelMachine
from panlearn.semi_supervised.soft_label_machine import gram_of, machine_of, scaled_gamma
from panlearn.semi_supervised.soft_label_newton import LinearMachine
from panlearn.svm.kernel_function import KernelFunction

X = np.random.default_rng(0).normal(size=(20, 3))
LINEAR, RBF = KernelFunction("linear"), KernelFunction("rbf", 1.0)


def choice(kernel, X, loss="squared_hinge", many_fits=False):
    return type(machine_of(kernel, X, loss, many_fits=many_fits, cache_size=10.0))


def test_choice():
    assert choice(LINEAR, X) is LinearMachine
    assert choice(LINEAR, X, many_fits=True) is KernelMachine
    assert choice(LINEAR, X.T) is KernelMachine
    assert choice(RBF, X) is KernelMachine
    assert choice(RBF, X, "hinge") is DualMachine


def test_too_many_rows_for_a_kernel_matrix(monkeypatch):
    monkeypatch.setattr(module, "GRAM_ROWS", 10)
    with pytest.raises(DataError, match=r"20 rows make a kernel matrix of .*Nystroem"):
        choice(RBF, X)
    assert choice(RBF, X, "hinge") is DualMachine


def test_gram_of_a_function():
    assert gram_of(KernelFunction("callable", function=lambda A, B: A @ B.T), X).shape == (20, 20)
    with pytest.raises(ValueError, match=r"must return an array of shape .*\(20, 20\).*\(20, 3\)"):
        gram_of(KernelFunction("callable", function=lambda A, B: A), X)
    with pytest.raises(ValueError, match="NaN"):
        gram_of(KernelFunction("callable", function=lambda A, B: np.full((20, 20), np.nan)), X)


@pytest.mark.parametrize("gamma", ["scale", "auto", 0.7])
def test_gamma_is_scikit_learns(gamma):
    peer = SVC(gamma=gamma).fit(X, np.arange(20) % 2)
    for rows in (X, sparse.csr_array(X)):
        assert scaled_gamma(gamma, "rbf", rows, np.ones(20)) == pytest.approx(peer._gamma)
    times = np.random.default_rng(1).integers(0, 3, 20)
    repeated = scaled_gamma(gamma, "rbf", np.repeat(X, times, axis=0), np.ones(times.sum()))
    assert scaled_gamma(gamma, "rbf", X, times.astype(float)) == pytest.approx(repeated)


def test_constant_rows_have_a_gamma():
    assert scaled_gamma("scale", "rbf", np.ones((3, 2)), np.ones(3)) == 1.0
