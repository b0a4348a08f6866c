"""Lanczos: eigenvalues, certificates, orthogonality."""

import numpy as np
import pytest
import torch

from panlearn.diagnostics import lanczos


def matrix(p, seed=0):
    A = torch.randn(p, p, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (A + A.T) / 2


@pytest.mark.parametrize("p", [1, 2, 7, 30])
def test_all_steps_give_all_eigenvalues(p):
    A = matrix(p)
    krylov = lanczos(A.mv, torch.ones(p, dtype=torch.float64), p)
    np.testing.assert_allclose(krylov.ritz()[0], np.linalg.eigvalsh(A), atol=1e-10)


def test_the_basis_stays_orthogonal_and_makes_the_matrix_tridiagonal():
    A = matrix(60)
    Q = lanczos(A.mv, torch.ones(60, dtype=torch.float64), 40).basis
    torch.testing.assert_close(Q @ Q.T, torch.eye(40, dtype=torch.float64), atol=1e-12, rtol=0)
    T = Q @ A @ Q.T
    assert float((T - T.tril(1).triu(-1)).abs().max()) < 1e-10


def test_the_residual_is_the_certificate():
    A = matrix(60)
    krylov = lanczos(A.mv, torch.ones(60, dtype=torch.float64), 12)
    values, vectors = krylov.ritz()
    for i in (0, 5, 11):
        v = krylov.vector(vectors[:, i])
        residual = float((A @ v - values[i] * v).norm())
        assert residual == pytest.approx(abs(krylov.residual * vectors[-1, i]), rel=1e-6)


def test_it_ends_when_there_is_nothing_new():
    A = torch.diag(torch.tensor([1.0, 1.0, 1.0, 4.0]))
    assert len(lanczos(A.mv, torch.ones(4), 4).diagonal) == 2
    zero = lanczos(torch.zeros_like, torch.ones(4), 4)
    assert zero.ritz()[0].tolist() == [0.0]


def test_it_stops_when_told():
    A = matrix(60)
    krylov = lanczos(A.mv, torch.ones(60, dtype=torch.float64), 60, converged=lambda found: len(found.diagonal) >= 20)
    assert len(krylov.diagonal) == 20
