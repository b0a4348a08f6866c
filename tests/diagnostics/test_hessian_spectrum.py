"""The spectrum: exact on small nets, and Lanczos beside it."""

import numpy as np
import pytest
import torch
from torch import nn

from panlearn.core.errors import DataError
from panlearn.diagnostics import hessian_spectrum
from panlearn.diagnostics.empirical_loss import empirical_loss, flat


def small(seed=0, dtype=torch.float64):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3)).to(dtype)
    return net, torch.randn(40, 5, dtype=dtype), torch.randint(0, 3, (40,))


def torch_eigenvalues(net, X, y):
    names = [name for name, _ in net.named_parameters()]

    def loss(*parameters):
        output = torch.func.functional_call(net, dict(zip(names, parameters)), (X,))
        return nn.functional.cross_entropy(output, y)

    parameters = tuple(net.parameters())
    blocks = torch.autograd.functional.hessian(loss, parameters)
    rows = [torch.cat([b.reshape(p.numel(), -1) for b in row], 1) for p, row in zip(parameters, blocks)]
    return np.linalg.eigvalsh(torch.cat(rows).detach())


def test_matches_torch():
    net, X, y = small()
    found = hessian_spectrum(net, X, y)
    np.testing.assert_allclose(found.eigenvalues, torch_eigenvalues(net, X, y), atol=1e-12)
    assert found.exact
    assert found.n_parameters == len(found.eigenvalues) == 75


def test_float32_knows_them_to_its_precision():
    net, X, y = small(dtype=torch.float32)
    found = hessian_spectrum(net, X, y)
    exact = hessian_spectrum(net.double(), X.double(), y)
    np.testing.assert_allclose(found.eigenvalues, exact.eigenvalues, atol=2e-6 * exact.eigenvalues[-1])


def test_lanczos_finds_both_ends():
    net, X, y = small()
    exact = hessian_spectrum(net, X, y)
    found = hessian_spectrum(net, X, y, method="lanczos", n_eigenvalues=3, steps=60)
    assert not found.exact
    np.testing.assert_allclose(found.eigenvalues[-3:], exact.eigenvalues[-3:], rtol=1e-6)
    np.testing.assert_allclose(found.eigenvalues[:3], exact.eigenvalues[:3], rtol=1e-4)
    assert abs(found.highest @ exact.highest) == pytest.approx(1, abs=1e-5)
    assert abs(found.lowest @ exact.lowest) == pytest.approx(1, abs=1e-5)
    assert found.residual <= 1e-3 * exact.eigenvalues[-1]


def test_density_and_trace_agree_with_the_exact_ones():
    net, X, y = small()
    exact = hessian_spectrum(net, X, y)
    found = hessian_spectrum(net, X, y, method="lanczos", steps=12, n_starts=200)
    assert found.trace == pytest.approx(exact.trace, rel=0.15)
    assert found.weights.sum() == pytest.approx(1)
    grid = np.linspace(exact.eigenvalues[0] - 1, exact.eigenvalues[-1] + 1, 400)
    width = 0.1 * exact.eigenvalues[-1]
    density = found.density(grid, width)
    assert density.sum() * (grid[1] - grid[0]) == pytest.approx(1, abs=0.02)
    assert np.abs(density - exact.density(grid, width)).max() < 0.1 * density.max()
    assert found.share_below(-width / 4) == pytest.approx(exact.share_below(-width / 4), abs=0.1)


def test_ends_bound_the_curvature_of_every_direction():
    net, X, y = small()
    found = hessian_spectrum(net, X, y)
    from panlearn.diagnostics import HessianProducts

    H = HessianProducts(net, X, y)
    for seed in range(5):
        v = torch.randn(75, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        curvature = float(v @ H(v) / v.square().sum())
        assert found.eigenvalues[0] - 1e-12 <= curvature <= found.eigenvalues[-1] + 1e-12
    v = torch.tensor(found.highest)
    torch.testing.assert_close(H(v), found.eigenvalues[-1] * v, atol=1e-10, rtol=0)


def test_a_fall_along_the_largest_eigenvector_diverges_above_two_over_it():
    """Least squares: the step 2 / lambda is the boundary of note 004's gradient descent."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    net = nn.Linear(3, 1).double()
    largest = hessian_spectrum(net, X, y).eigenvalues[-1]

    def loss_after(rate):
        torch.manual_seed(0)
        model = nn.Linear(3, 1).double()
        risk = empirical_loss(model, X, y)
        for _ in range(200):
            step = -rate * risk.gradient()[1]
            with torch.no_grad():
                torch.nn.utils.vector_to_parameters(flat(list(model.parameters())) + step, model.parameters())
        return risk.value()

    assert loss_after(1.9 / largest) < 1
    assert loss_after(2.1 / largest) > 1e3


def test_many_parameters_go_through_lanczos():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(30, 60), nn.ReLU(), nn.Linear(60, 5))  # 2165 parameters
    X, y = torch.randn(50, 30), torch.randint(0, 5, (50,))
    found = hessian_spectrum(net, X, y, steps=20, n_starts=1, n_eigenvalues=2)
    assert not found.exact
    assert found.n_parameters == 2165
    assert found.residual <= 2e-3 * found.eigenvalues[-1]


def test_reproducible():
    net, X, y = small()
    first, second = (hessian_spectrum(net, X, y, method="lanczos", random_state=3) for _ in range(2))
    np.testing.assert_array_equal(first.nodes, second.nodes)
    np.testing.assert_array_equal(first.weights, second.weights)


def test_one_parameter_and_no_curvature():
    net = nn.Linear(1, 1, bias=False)
    found = hessian_spectrum(net, [[3.0]], [1.0], method="lanczos")
    np.testing.assert_allclose(found.eigenvalues, [9.0])
    np.testing.assert_allclose(hessian_spectrum(net, [[0.0]], [1.0]).eigenvalues, [0.0])
    np.testing.assert_allclose(hessian_spectrum(net, [[0.0]], [1.0], method="lanczos").eigenvalues, [0.0])


def test_bad_input_is_said():
    net = nn.Linear(1, 1)
    with pytest.raises(DataError, match="method must be"):
        hessian_spectrum(net, [[1.0]], [1.0], method="qr")
    with pytest.raises(DataError, match="at least 1"):
        hessian_spectrum(net, [[1.0]], [1.0], steps=0)
    with torch.no_grad():
        net.weight.fill_(1e38)
    with pytest.raises(DataError, match="overflowed"):
        hessian_spectrum(net, [[1e10]], [1.0])
