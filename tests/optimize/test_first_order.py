"""First-order optimisers: the notes' formulas, torch's trajectories, and where they end."""

import numpy as np
import pytest

from panlearn.optimize import NAG, SGD, Adadelta, AdaGrad, Adam, Momentum, RMSProp, minimize
from tests.oracles import first_order as oracle

CURVATURE, TARGET = np.array([1.0, 30.0]), np.array([1.0, -2.0])
START, STEPS = [3.0, 4.0], 40
METHODS = [SGD(0.01), Momentum(0.01), NAG(0.01), AdaGrad(0.1), RMSProp(0.01), Adadelta(), Adam(0.05)]


def valley(x):
    """A narrow quadratic valley."""
    return float(0.5 * CURVATURE @ (x * x) - TARGET @ x), CURVATURE * x - TARGET


def gradient(x):
    return list(valley(np.array(x))[1])


def last(method):
    return minimize(valley, START, method, max_iter=STEPS, tol=0).x


def test_matches_oracle():
    np.testing.assert_allclose(last(SGD(0.01)), oracle.momentum(gradient, START, 0.01, 0.0, STEPS))
    np.testing.assert_allclose(last(Momentum(0.01)), oracle.momentum(gradient, START, 0.01, 0.9, STEPS))
    np.testing.assert_allclose(last(AdaGrad(0.1)), oracle.adagrad(gradient, START, 0.1, 1e-10, STEPS))
    np.testing.assert_allclose(last(RMSProp(0.01)), oracle.rmsprop(gradient, START, 0.01, 0.99, 1e-8, STEPS))
    np.testing.assert_allclose(last(Adadelta()), oracle.adadelta(gradient, START, 0.9, 1e-6, STEPS))
    np.testing.assert_allclose(last(Adam(0.05)), oracle.adam(gradient, START, 0.05, 0.9, 0.999, 1e-8, STEPS))


def test_nesterov_visits_the_look_ahead_points_of_the_notes():
    seen = []

    def watched(x):
        seen.append(x)
        return valley(x)

    minimize(watched, START, NAG(0.01, 0.9), max_iter=STEPS - 1, tol=0)
    np.testing.assert_allclose(seen, oracle.nesterov_look_ahead(gradient, START, 0.01, 0.9, STEPS))


def test_matches_peer():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    peers = [
        lambda p: torch.optim.SGD(p, 0.01),
        lambda p: torch.optim.SGD(p, 0.01, momentum=0.9),
        lambda p: torch.optim.SGD(p, 0.01, momentum=0.9, nesterov=True),
        lambda p: torch.optim.Adagrad(p, 0.1),
        lambda p: torch.optim.RMSprop(p, 0.01),
        torch.optim.Adadelta,
        lambda p: torch.optim.Adam(p, 0.05),
    ]
    for method, make in zip(METHODS, peers, strict=True):
        x = torch.tensor(START, dtype=torch.float64, requires_grad=True)
        optimizer = make([x])
        for _ in range(STEPS):
            x.grad = torch.tensor(valley(x.detach().numpy())[1])
            optimizer.step()
        np.testing.assert_allclose(last(method), x.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
def test_optimality(method):
    """All of them find the bottom of the valley, if slowly; the trace ends below its start."""
    found = minimize(valley, START, method._replace(learning_rate=max(method.learning_rate, 0.02)), max_iter=200_000)
    best = valley(TARGET / CURVATURE)[0]
    assert found.value - best < 1e-3 * (found.trace[0] - best)
    assert found.trace[0] == valley(np.array(START))[0]
    assert len(found.trace) == found.n_iter + 1


def test_updates_do_not_change_their_arguments():
    for method in METHODS:
        x, g = np.array(START), np.array([1.0, 2.0])
        state = method.init(x)
        first, _ = method.update(g, state, x)
        again, _ = method.update(g, state, x)
        np.testing.assert_array_equal(first, again)
        np.testing.assert_array_equal(x, START)


def test_invariances():
    """Adam's first step does not depend on the scale of the function; gradient descent's is proportional to it."""
    for scale in (1e-3, 1.0, 1e6):
        x, _ = Adam(0.1, eps=0.0).update(scale * np.array([2.0, -5.0]), Adam().init(np.zeros(2)), np.zeros(2))
        np.testing.assert_allclose(x, [-0.1, 0.1])
        x, _ = SGD(0.1).update(scale * np.array([2.0, -5.0]), (), np.zeros(2))
        np.testing.assert_allclose(x, scale * np.array([-0.2, 0.5]))


def test_edge_cases():
    diverged = minimize(valley, START, SGD(1.0), max_iter=10_000)
    assert diverged.status == "diverged"
    assert np.isfinite(diverged.x).all()
    assert np.isfinite(diverged.value)
    nowhere = minimize(lambda x: (np.nan, x), START, SGD(1.0))
    assert (nowhere.status, nowhere.n_iter) == ("diverged", 0)
    assert minimize(valley, TARGET / CURVATURE, Adam()).n_iter == 0
    assert minimize(valley, START, Adam(), max_iter=0).status == "max_iter"
    assert minimize(valley, START, Adam(), callback=lambda x: True).n_iter == 1
    assert minimize(lambda x: (0.0, x), [], Adam()).status == "converged"
    with pytest.raises(ValueError, match=r"gradient of shape \(2,\), got \(3,\)"):
        minimize(lambda x: (0.0, np.zeros(3)), START, Adam())


def test_reproducible():
    for method in METHODS:
        np.testing.assert_array_equal(last(method), last(method))
