"""Products with the Hessian: equal to torch's own Hessian, on all kinds of layers."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd.functional import hessian

from panlearn.diagnostics import HessianProducts
from panlearn.diagnostics.empirical_loss import EmpiricalLoss, empirical_loss, evaluating, flat, unflat


class LastStep(nn.Module):
    """A recurrent layer whose last output decides."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.out = layer, nn.Linear(3, 2)

    def forward(self, x):
        return self.out(self.layer(x)[0][:, -1])


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.out = nn.MultiheadAttention(4, 2, batch_first=True), nn.Linear(4, 2)

    def forward(self, x):
        return self.out(self.attention(x, x, x, need_weights=False)[0].mean(1))


def norm(width):
    """Batch normalisation that has seen something."""
    layer = nn.BatchNorm1d(width)
    layer(3 * torch.randn(20, width) + 1)
    return layer


NETS = {
    "linear": (lambda: nn.Linear(4, 2), (4,)),
    "tanh": (lambda: nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2)), (4,)),
    "normalized": (lambda: nn.Sequential(nn.Linear(4, 5), norm(5), nn.Softplus(), nn.Linear(5, 2)), (4,)),
    "convolution": (
        lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.GELU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8, 2)),
        (1, 6, 6),
    ),
    "rnn": (lambda: LastStep(nn.RNN(2, 3, batch_first=True)), (4, 2)),
    "lstm": (lambda: LastStep(nn.LSTM(2, 3, batch_first=True)), (4, 2)),
    "gru": (lambda: LastStep(nn.GRU(2, 3, batch_first=True)), (4, 2)),
    "attention": (Attention, (3, 4)),
}


def problem(name, n=6):
    torch.manual_seed(0)
    make, shape = NETS[name]
    net = make().double()
    return net, torch.randn(n, *shape, dtype=torch.float64), torch.randint(0, 2, (n,))


def torch_hessian(risk: EmpiricalLoss) -> torch.Tensor:
    """The Hessian by torch's own function, of the flat parameters."""
    parameters = risk.parameters

    def value(vector):
        moved = dict(zip(parameters, unflat(vector, list(parameters.values()))))
        output = torch.func.functional_call(risk.module, moved, risk.inputs)
        return risk.loss(output, risk.target, risk.weight)

    with evaluating(risk.module), torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        return hessian(value, flat(list(parameters.values())).detach())  # type: ignore[return-value]


@pytest.mark.parametrize("name", NETS)
def test_matches_torch(name):
    net, X, y = problem(name)
    H = HessianProducts(net, X, y)
    expected = torch_hessian(H.risk)
    torch.testing.assert_close(H.dense(), expected)
    v = torch.randn(2, H.n_parameters, dtype=torch.float64)
    torch.testing.assert_close(H(v[0]), expected @ v[0])
    torch.testing.assert_close(H(v), v @ expected)
    loss, gradient = H.risk.gradient()
    assert H.loss == pytest.approx(loss)
    torch.testing.assert_close(H.gradient, gradient)


def test_blocks_add_up():
    net, X, y = problem("tanh", 7)
    whole, parts = HessianProducts(net, X, y), HessianProducts(net, X, y, batch_size=3)
    v = torch.randn(whole.n_parameters, dtype=torch.float64)
    torch.testing.assert_close(parts(v), whole(v))
    torch.testing.assert_close(parts.dense(), whole.dense())
    assert parts.loss == pytest.approx(whole.loss)


def test_least_squares_has_the_gram_matrix():
    X = np.random.default_rng(0).normal(size=(9, 3))
    weight = np.arange(1.0, 10)
    H = HessianProducts(nn.Linear(3, 1, bias=False).double(), X, X[:, 0], sample_weight=weight)
    np.testing.assert_allclose(H.dense(), X.T @ (weight[:, None] * X) / weight.sum(), rtol=1e-12)


def test_a_loss_that_is_linear_in_the_parameters_does_not_bend():
    net = nn.Linear(2, 1)
    H = HessianProducts(net, [[1.0, 2.0]], [0.0], lambda z, y: z.mean())
    assert not H(torch.ones(3)).any()
    assert not H.dense().any()


def test_an_operator_without_a_batching_rule_is_taken_one_by_one():
    class Cubed(torch.autograd.Function):
        @staticmethod
        def forward(ctx, w):
            ctx.save_for_backward(w)
            return w**3

        @staticmethod
        def backward(ctx, gradient):  # type: ignore[override]
            return gradient * CubedSlope.apply(*ctx.saved_tensors)

    class CubedSlope(torch.autograd.Function):
        @staticmethod
        def forward(ctx, w):
            ctx.save_for_backward(w)
            return 3 * w**2

        @staticmethod
        def backward(ctx, gradient):  # type: ignore[override]
            (w,) = ctx.saved_tensors
            return gradient * torch.from_numpy(6 * w.detach().numpy())  # NumPy knows no batches

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.tensor([1.0, 2.0]))

        def forward(self, x):
            return x * Cubed.apply(self.w)

    H = HessianProducts(Net(), [[1.0, 1.0]], [[0.0, 0.0]], lambda z, y: z.sum())
    torch.testing.assert_close(H.dense(), torch.diag(torch.tensor([6.0, 12.0])))


def test_scipy_s_solver_finds_the_largest_eigenvalue():
    from scipy.sparse.linalg import eigsh

    net, X, y = problem("tanh")
    H = HessianProducts(net, X, y)
    largest = eigsh(H.as_linear_operator(), k=1, which="LA", return_eigenvectors=False)[0]
    assert largest == pytest.approx(np.linalg.eigvalsh(H.dense())[-1])


def test_the_module_is_left_alone():
    net, X, y = problem("normalized")
    net.train()
    before = {name: t.clone() for name, t in net.state_dict().items()}
    HessianProducts(net, X, y).dense()
    assert all(torch.equal(before[name], t) for name, t in net.state_dict().items())
    assert net.training
    assert all(p.grad is None for p in net.parameters())


def test_estimators_and_their_parts_are_the_same_function():
    found = empirical_loss(nn.Linear(2, 2), [[1.0, 2.0]], [1])
    assert HessianProducts(found.module, [[1.0, 2.0]], [1]).loss == pytest.approx(found.value(), rel=1e-6)
