"""L-BFGS on all rows."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from panlearn.core.errors import DataError
from panlearn.neural_network.training import full_batch
from panlearn.neural_network.training.callback import Callback
from panlearn.neural_network.training.clipping import GradientClipping
from panlearn.neural_network.training.faults import DivergenceError
from panlearn.neural_network.training.full_batch import fit_lbfgs
from tests.neural_network.training.fits import begin, network, table, weights


def linear(n: int = 200, **settings):
    torch.manual_seed(0)
    X, _ = table(n, dtype=torch.float64)
    y = (X[:, 0] + 0.5 * torch.randn(n, dtype=torch.float64) > 0.2).long()
    module = nn.Linear(4, 2).double()
    chosen = {"optimizer": "lbfgs", "max_epochs": 500, "l2": 0.01, **settings}
    return begin(module, (X, y), **chosen), X.numpy(), y.numpy()


def test_matches_peer():
    """Softmax regression has one minimum; scikit-learn's penalises the difference of the two rows."""
    run, X, y = linear()
    found = fit_lbfgs(run, tol=1e-9)
    assert found.converged
    peer = LogisticRegression(C=1 / (0.01 / 2 * len(y)), tol=1e-10, max_iter=1000).fit(X, y)
    module: Any = run.module
    weight = module.weight.detach().numpy()
    np.testing.assert_allclose(weight[1] - weight[0], peer.coef_[0], atol=1e-4)


def test_optimality():
    run, X, y = linear()
    found = fit_lbfgs(run, tol=1e-7)
    module: Any = run.module
    loss = nn.functional.cross_entropy(module(torch.from_numpy(X)), torch.from_numpy(y))
    objective = loss + 0.005 * module.weight.square().sum()
    assert found.objective == pytest.approx(objective.item(), rel=1e-12)
    gradient = torch.cat([g.flatten() for g in torch.autograd.grad(objective, list(module.parameters()))])
    assert found.gradient_norm == pytest.approx(float(gradient.abs().max()), rel=1e-3, abs=1e-12)
    assert found.gradient_norm <= 1e-4
    losses = [epoch.loss for epoch in run.history]
    assert len(losses) == found.n_iter
    assert losses[-1] == pytest.approx(loss.item(), rel=1e-9)


def test_chunks_change_nothing(monkeypatch):
    whole, _, _ = linear(max_epochs=10)
    fit_lbfgs(whole)
    monkeypatch.setattr(full_batch, "CHUNK", 17)
    parts, _, _ = linear(max_epochs=10)
    fit_lbfgs(parts)
    torch.testing.assert_close(weights(parts), weights(whole), rtol=1e-9, atol=1e-12)


def test_dropout_draws_the_same_units():
    """The objective is a function: asked twice, it says the same, and the search goes down all the way."""
    run = begin(network(dropout=0.5), optimizer="lbfgs", max_epochs=30)
    state = torch.get_rng_state()
    found = fit_lbfgs(run)
    assert torch.equal(torch.get_rng_state(), state)
    losses = [epoch.loss for epoch in run.history]
    assert losses == sorted(losses, reverse=True)
    assert found.n_iter == len(losses) > 5
    assert not run.module.training


def test_edge_cases():
    limited = fit_lbfgs(begin(network(), optimizer="lbfgs", max_epochs=2))
    assert (limited.converged, limited.n_iter) == (False, 2)
    limited = fit_lbfgs(begin(network(), optimizer="lbfgs", max_epochs=50), max_fun=3)
    assert (limited.converged, limited.n_evaluations <= 4) == (False, True)
    at_once, _, _ = linear()
    assert fit_lbfgs(at_once, tol=1e9).n_iter == 0


@pytest.mark.parametrize(
    "bad", [{"l1": 0.1}, {"clipping": GradientClipping(1.0)}, {"max_norm": 1.0}, {"precision": "bfloat16"}]
)
def test_what_has_no_place_in_the_objective_is_refused(bad):
    with pytest.raises(DataError, match=f"{next(iter(bad))} must be .* use another optimizer"):
        fit_lbfgs(begin(optimizer="lbfgs", **bad))


def test_a_loss_that_is_not_finite_at_the_start():
    X, y = table()
    with pytest.raises(DivergenceError, match=r"non-finite parameter weights.*standardise"):
        fit_lbfgs(begin(network(), (X.clone().fill_(math.inf), y), optimizer="lbfgs"))


def test_a_loss_that_explodes_on_the_way_keeps_the_last_good_point(monkeypatch):
    run, _, _ = linear()
    passes, calls = full_batch._Objective._passes, []

    def breaking(self, size):
        calls.append(0)
        loss, gradient = passes(self, size)
        return (math.nan if len(calls) == 6 else loss), gradient

    monkeypatch.setattr(full_batch._Objective, "_passes", breaking)
    found = fit_lbfgs(run, tol=1e-12)
    assert (found.converged, "last good point" in found.message) == (False, True)
    assert found.objective < math.log(2)
    assert weights(run).isfinite().all()


class Watcher(Callback):
    def __init__(self, stop: int, error: type[BaseException] | None = None) -> None:
        self.stop, self.error, self.seen = stop, error, []

    def on_epoch_end(self, run):
        self.seen.append(run.last.loss)
        if len(self.seen) == self.stop and self.error:
            raise self.error
        return len(self.seen) == self.stop

    def on_fit_end(self, run):
        self.seen.append("end")


def test_callbacks_see_iterations_and_may_stop():
    watcher = Watcher(3)
    run, _, _ = linear(callbacks=(watcher,))
    found = fit_lbfgs(run, tol=1e-12, validate=lambda module: (0.5, 0.9))
    assert (found.n_iter, len(watcher.seen), watcher.seen[-1]) == (3, 4, "end")
    assert run.last.validation_score == 0.9


def test_ctrl_c_leaves_a_usable_network():
    run, _, _ = linear(callbacks=(Watcher(3, KeyboardInterrupt),))
    with pytest.warns(UserWarning, match="interrupted"):
        found = fit_lbfgs(run, tol=1e-12)
    assert found.n_iter == 3
    assert found.objective < math.log(2)


def test_reproducible():
    first, second = (begin(network(), optimizer="lbfgs", max_epochs=20) for _ in range(2))
    fit_lbfgs(first)
    fit_lbfgs(second)
    assert torch.equal(weights(first), weights(second))
