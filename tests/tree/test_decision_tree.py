"""What the four estimators of one binary tree share: pruning, certificate, pruning path."""

import numpy as np
import pytest

from panlearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

PRUNERS = ["cost_complexity_cv", "reduced_error", "pessimistic", "error_based"]


def noisy(n=400):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4))
    return X, (X[:, 0] + rng.normal(size=n) > 0).astype(int)


@pytest.mark.parametrize("pruning", PRUNERS)
def test_pruning_is_smaller_and_no_worse(pruning):
    X, y = noisy()
    T, truth = noisy(4000)
    whole = DecisionTreeClassifier(random_state=0).fit(X, y)
    pruned = DecisionTreeClassifier(random_state=0, pruning=pruning).fit(X, y)
    assert pruned.get_n_leaves() < whole.get_n_leaves()
    assert pruned.score(T[400:], truth[400:]) >= whole.score(T[400:], truth[400:]) - 0.01
    again = DecisionTreeClassifier(random_state=0, pruning=pruning).fit(X, y)
    np.testing.assert_array_equal(again.predict(T), pruned.predict(T))


def test_price_of_a_leaf():
    """At each price of the path, the pruned tree has the impurity that the path says."""
    X, y = noisy(200)
    model = DecisionTreeClassifier(random_state=0)
    path = model.cost_complexity_pruning_path(X, y)
    assert (np.diff(path.ccp_alphas) >= 0).all()
    for alpha, impurity in list(zip(path.ccp_alphas, path.impurities))[1::5]:
        tree = DecisionTreeClassifier(random_state=0, ccp_alpha=alpha * (1 + 1e-9)).fit(X, y).tree_
        leaves = tree.children_left < 0
        found = (tree.weighted_n_node_samples * tree.impurity)[leaves].sum() / 200
        np.testing.assert_allclose(found, impurity)
    assert DecisionTreeClassifier(ccp_alpha=1.0).fit(X, y).get_n_leaves() == 1


def test_certificate_says_what_the_tree_reaches():
    X, y = noisy(100)
    model = DecisionTreeClassifier(max_depth=2).fit(X, y)
    assert model.certificate_ == (
        f"training accuracy {model.score(X, y):.4g} with {model.get_n_leaves()} leaves, depth {model.get_depth()}"
    )
    rough = DecisionTreeRegressor(max_depth=1).fit(X, X[:, 0])
    error = np.mean((rough.predict(X) - X[:, 0]) ** 2)
    assert rough.certificate_.startswith(f"training impurity {error:.4g} of {np.var(X[:, 0]):.4g}")


def test_parameters_are_checked():
    X, y = noisy(20)
    for wrong in ({"pruning": "hard"}, {"max_bins": 1}, {"splitter": "worst"}, {"ccp_alpha": -1.0}):
        with pytest.raises(ValueError, match=f"'{next(iter(wrong))}' parameter"):
            DecisionTreeClassifier(**wrong).fit(X, y)
