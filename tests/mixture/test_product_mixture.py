"""What the two families of product mixtures share: the sums of a block, starts, blocks and threads."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from panlearn.core.threads import threads
from panlearn.mixture import BernoulliMixture, CategoricalMixture
from panlearn.mixture.product_mixture import BLOCK, START_ROWS, Terms, _log_joint, _normalise, _weigh


def test_sums_of_a_block_are_those_of_loops():
    rng = np.random.default_rng(0)
    Z, G = (rng.random((7, 4)) < 0.5).astype(float), sparse.csr_matrix((rng.random((7, 4)) < 0.3).astype(float))
    terms, weight = Terms(rng.normal(size=(3, 4)), rng.normal(size=(3, 4)), rng.normal(size=3)), rng.uniform(size=7)
    expected = np.array([[z @ a - g @ b + c for z, g in zip(Z, G.toarray(), strict=True)] for a, b, c in zip(*terms)])
    for form in (Z, sparse.csr_matrix(Z)):
        J = _log_joint(terms, form, G)
        np.testing.assert_allclose(J, expected, rtol=1e-12)
        values = _normalise(J)
        np.testing.assert_allclose(values, np.log(np.exp(expected).sum(axis=0)))
        R = np.exp(expected - values) * weight
        sums = _weigh(J, form, G, weight)
        np.testing.assert_allclose(sums.counts, R.sum(axis=1))
        np.testing.assert_allclose(sums.seen, R @ Z)
        np.testing.assert_allclose(sums.gaps, R @ G.toarray())


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_threads_and_blocks_change_rounding_only(form):
    rng = np.random.default_rng(0)
    theta = rng.uniform(size=(3, 40))
    X = form((rng.random((30_000, 40)) < theta[rng.integers(0, 3, 30_000)]).astype(float))
    settings = {"n_components": 3, "random_state": 0, "tol": 1e-8}
    with threads(1):
        one = BernoulliMixture(**settings).fit(X)
        shares = one.predict_proba(X)
    with threads(3):
        other = BernoulliMixture(**settings).fit(X)
        np.testing.assert_allclose(one.predict_proba(X), shares, atol=1e-12)
    np.testing.assert_allclose(other.means_, one.means_, atol=1e-9)
    part = slice(BLOCK - 5, BLOCK + 5)
    np.testing.assert_allclose(one.predict_proba(X[part]), shares[part], atol=1e-12)
    np.testing.assert_array_equal(one.predict(X), shares.argmax(axis=1))


def test_a_start_sees_few_rows_but_em_sees_all():
    rng = np.random.default_rng(1)
    X = (rng.random((3 * START_ROWS, 6)) < np.where(rng.random((3 * START_ROWS, 1)) < 0.3, 0.9, 0.1)).astype(float)
    model = BernoulliMixture(2, random_state=0, tol=1e-6).fit(X)
    np.testing.assert_allclose(np.sort(model.weights_), [0.3, 0.7], atol=0.02)
    R = model.predict_proba(X)
    np.testing.assert_allclose(R.mean(axis=0), model.weights_, atol=1e-3)


@pytest.mark.parametrize("kind", [BernoulliMixture, CategoricalMixture])
def test_warm_start_goes_on_where_the_last_fit_stopped(kind):
    rng = np.random.default_rng(0)
    X = (rng.random((300, 5)) < rng.uniform(size=(2, 5))[rng.integers(0, 2, 300)]).astype(int)
    whole = kind(2, random_state=0, tol=1e-7, max_iter=1000).fit(X)
    pieces = kind(2, random_state=0, tol=1e-7, max_iter=5, warm_start=True)
    with pytest.warns(ConvergenceWarning, match="Raise max_iter"):
        pieces.fit(X)
    assert not pieces.converged_
    assert pieces.certificate_.startswith("mean log-posterior")
    bounds, total = list(pieces.lower_bounds_), pieces.n_iter_
    pieces.set_params(max_iter=1000).fit(X)
    np.testing.assert_allclose(bounds + pieces.lower_bounds_, whole.lower_bounds_, rtol=1e-12)
    assert total + pieces.n_iter_ == whole.n_iter_
    np.testing.assert_allclose(pieces.weights_, whole.weights_, rtol=1e-10)
    kind(3, warm_start=True, random_state=0).fit(X).set_params(n_components=2).fit(X)  # other shape: a new start


@pytest.mark.parametrize("kind", [BernoulliMixture, CategoricalMixture])
def test_no_iterations_give_the_start(kind):
    X = np.random.default_rng(0).integers(0, 2, (50, 4))
    model = kind(2, max_iter=0, random_state=0).fit(X)
    assert model.n_iter_ == 0
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)
    with pytest.raises(ValueError, match="at least one sample"):
        model.sample(0)
