"""What the cross-validated models share: the grid starts where the first weight appears, and the choice is the best."""

import numpy as np
import pytest

from panlearn.linear_model import ElasticNetCV, LassoCV, MultiTaskElasticNetCV, MultiTaskLasso, MultiTaskLassoCV

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 6))
Y = 2 * X[:, :2] + RNG.normal(size=(50, 2))


@pytest.mark.parametrize("ratio", [1.0, 0.3])
@pytest.mark.parametrize("positive", [False, True])
def test_grid_starts_at_the_least_strength_without_weights(ratio, positive):
    y = Y[:, 0] - 5 * X[:, 5]
    model = ElasticNetCV(l1_ratio=ratio, positive=positive, alphas=30, eps=0.01).fit(X, y)
    pull = (X - X.mean(axis=0)).T @ y / 50 / ratio
    assert np.isclose(model.alphas_[0], pull.max() if positive else np.abs(pull).max())
    assert np.isclose(model.alphas_[-1], 0.01 * model.alphas_[0])
    assert (np.diff(model.alphas_) < 0).all()


def test_grid_of_several_targets():
    model = MultiTaskLassoCV(alphas=4).fit(X, Y)
    assert (MultiTaskLasso(alpha=model.alphas_[0] * 1.001).fit(X, Y).coef_ == 0).all()
    assert MultiTaskLasso(alpha=model.alphas_[0] * 0.98).fit(X, Y).coef_.any()


@pytest.mark.parametrize("model", [LassoCV, ElasticNetCV, MultiTaskLassoCV, MultiTaskElasticNetCV])
def test_choice_is_the_best_of_the_grid(model):
    several = model.__name__.startswith("Multi")
    found = model(alphas=[0.01, 1.0, 0.1]).fit(X, Y if several else Y[:, 0])
    assert found.alphas_.tolist() == [1.0, 0.1, 0.01]
    assert found.alpha_ == found.alphas_[found.mse_path_.mean(axis=1).argmin()]
    assert hasattr(found, "l1_ratio_") == ("ElasticNet" in model.__name__)
    assert found.certificate_.startswith("duality gap")
