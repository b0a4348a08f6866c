"""One machine for each pair: layout of the coefficients, votes, empty classes, threads."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.utils.multiclass import _ovr_decision_function

import panlearn
from panlearn.core import threads
from panlearn.svm import SVC, one_vs_one, support_vector_classifier
from panlearn.svm.dual_problem import DualFit
from panlearn.svm.kernel_function import KernelFunction
from panlearn.svm.one_vs_one import Sample, one_vs_rest, pair_coefficients, pair_values, pairs_of, solve_pairs, votes


def sample(sizes, gram=True):
    ends = np.cumsum([0, *sizes])
    X = np.random.default_rng(0).normal(size=(ends[-1], 3))
    return Sample(KernelFunction("linear"), X, X @ X.T if gram else None, np.arange(1.0, ends[-1] + 1), ends)


def numbered(pair):
    """A fit whose coefficients are the weights, so that each row can be told."""
    n = len(pair.weight)
    return DualFit(np.zeros(n), pair.weight, np.zeros(n), 0.5, 0.0, 0.0, 0.0, 0.0, 1, np.zeros(1))


def test_parts_of_a_sample():
    whole = sample([3, 2, 4])
    pair = whole.pair(0, 2)
    rows = np.r_[0:3, 5:9]
    np.testing.assert_array_equal(pair.X, whole.X[rows])
    np.testing.assert_array_equal(pair.gram, (whole.X @ whole.X.T)[np.ix_(rows, rows)])
    np.testing.assert_array_equal(pair.ends, [0, 3, 7])
    taken = whole.take(np.array([1, 4, 5, 8]))
    np.testing.assert_array_equal(taken.ends, [0, 1, 2, 4])
    np.testing.assert_array_equal(taken.gram, taken.X @ taken.X.T)
    thin = Sample(whole.kernel, sparse.csr_array(whole.X), None, whole.weight, whole.ends)
    np.testing.assert_array_equal(thin.pair(0, 2).X.toarray(), pair.X)


def test_layout_of_the_coefficients():
    machines = solve_pairs(sample([1, 2, 1]), numbered)
    # row 0 is of class 0: against 1, against 2; rows 1 and 2 of class 1: against 0, against 2; row 3: against 0, 1
    np.testing.assert_array_equal(machines.coef, [[1, 2, 3, 4], [1, 2, 3, 4]])
    np.testing.assert_array_equal(machines.intercept, [0.5, 0.5, 0.5])
    by_class = [np.array([[10.0 * k + 1, 10.0 * k + 2]]) for k in range(3)]
    values = pair_values(by_class, np.zeros(3))
    np.testing.assert_array_equal(values, [[1 + 11, 2 + 21, 12 + 22]])
    columns = pair_coefficients(np.array([[1, 2, 3, 4], [10, 20, 30, 40]]), np.array([0, 1, 3, 4]))
    np.testing.assert_array_equal(columns.T, [[1, 2, 3, 0], [10, 0, 0, 4], [0, 20, 30, 40]])


def test_a_pair_without_a_class_decides_for_the_other():
    machines = solve_pairs(sample([2, 0, 2, 0]), numbered)
    np.testing.assert_array_equal(machines.intercept, [1.0, 0.5, 1.0, -1.0, 0.0, 1.0])
    assert len(machines.fits) == 1


def test_threads_give_the_same(monkeypatch):
    whole = sample([40] * 6)
    monkeypatch.setattr(one_vs_one, "GATE", 0)
    spread = solve_pairs(whole, numbered)
    with panlearn.threads(1):
        alone = solve_pairs(whole, numbered)
    np.testing.assert_array_equal(spread.coef, alone.coef)
    assert threads.thread_count() >= 1


@pytest.mark.parametrize("classes", [3, 5])
def test_votes_and_their_ties(classes):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(50, len(pairs_of(classes))))
    expected = np.zeros((50, classes))
    for row in range(50):
        for p, (i, j) in enumerate(pairs_of(classes)):
            expected[row, i if values[row, p] > 0 else j] += 1
    np.testing.assert_array_equal(votes(values > 0, classes), expected)
    np.testing.assert_allclose(one_vs_rest(values, classes), _ovr_decision_function(values < 0, -values, classes))


def test_many_classes_with_one_row_each():
    X = np.arange(12.0)[:, None]
    model = SVC(C=10.0, gamma=1.0, decision_function_shape="ovo").fit(X, np.arange(12))
    np.testing.assert_array_equal(model.predict(X), np.arange(12))
    assert model.dual_coef_.shape == (11, 12)


def test_both_ways_to_the_values_agree(monkeypatch):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), np.arange(60) % 4
    model = SVC(decision_function_shape="ovo").fit(X, y)
    columns = model.decision_function(X)
    monkeypatch.setattr(support_vector_classifier, "FEW", 1)
    np.testing.assert_allclose(model.decision_function(X), columns, atol=1e-12)
