"""Where errors come from: figures known by hand, and what simple and free models do."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from panlearn.core.errors import DataError
from panlearn.evaluation import Bootstrap, bias_variance_decomposition, train_test_split
from panlearn.linear_model import LinearRegression, PolynomialRegression, Ridge
from tests.oracles.bias_variance import zero_one

GRID = np.linspace(-1, 1, 20)
TRUTH = GRID**2


def parabola(random):
    return GRID[:, None], TRUTH + random.choice([-1.0, 1.0], size=20)


def two_targets(random):
    return GRID[:, None], np.column_stack([TRUTH, TRUTH])


def numbers(found):
    return [value for value in found if isinstance(value, float)]


def test_figures_by_hand():
    """A line through rows with noise ±1: variance 2/n, bias² what the line cannot follow, noise 1."""
    y = TRUTH + np.tile([1.0, -1.0], 10)
    found = bias_variance_decomposition(
        LinearRegression(), None, None, GRID[:, None], y, truth=TRUTH, sample=parabola, n_rounds=1000, random_state=0
    )
    assert found.noise == pytest.approx(1)
    assert found.variance == pytest.approx(2 / 20, rel=0.1)
    assert found.bias == pytest.approx(TRUTH.var(), rel=0.05)
    assert found.loss == pytest.approx(found.bias + found.variance + 1)


def test_neighbours_by_hand():
    """K neighbours at the training points: variance 1/k, and the bias² grows with k [hastie2009] 7.3."""
    x = np.linspace(0, 1, 100)[:, None]
    truth = np.sin(6 * x.ravel())

    def sample(random):
        return x, truth + random.normal(size=100)

    found = [
        bias_variance_decomposition(
            KNeighborsRegressor(k), None, None, x, truth, truth=truth, sample=sample, n_rounds=100, random_state=0
        )
        for k in (1, 5, 25)
    ]
    assert [part.variance for part in found] == pytest.approx([1, 1 / 5, 1 / 25], rel=0.1)
    assert found[0].bias == pytest.approx(0, abs=0.01)
    assert found[2].bias > found[1].bias


def test_matches_oracle():
    """Bootstrap samples drawn by the splitter, labels counted one by one."""
    X, y = load_iris(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
    model = DecisionTreeClassifier(max_depth=1, random_state=0)
    found = bias_variance_decomposition(model, X_train, y_train, X_test, y_test, n_rounds=20, random_state=4)
    cv = Bootstrap(20, stratified=True, random_state=4)
    predictions = [list(model.fit(X_train[a], y_train[a]).predict(X_test)) for a, _ in cv.split(X_train, y_train)]
    expected = zero_one(predictions, [{label: 1.0} for label in list(y_test)])
    assert found.noise is None
    assert (found.loss, found.bias, found.variance) == pytest.approx(
        (expected["loss"], expected["bias"], expected["variance"])
    )


def test_matches_peer():
    """Mlxtend divides by B and leaves v/B in the bias: the same loss, parts that differ by v/B."""
    X, y = load_diabetes(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    B = 10
    found = bias_variance_decomposition(Ridge(), X_train, y_train, X_test, y_test, n_rounds=B, random_state=0)
    rows = [a for a, _ in Bootstrap(B, random_state=0).split(X_train)]
    all_pred = np.array([Ridge().fit(X_train[a], y_train[a]).predict(X_test) for a in rows])
    main = all_pred.mean(axis=0)
    assert found.loss == pytest.approx(np.mean((all_pred - y_test) ** 2))
    shift = np.sum((main - all_pred) ** 2) / all_pred.size / (B - 1)
    assert found.bias == pytest.approx(np.mean((main - y_test) ** 2) - shift)
    assert found.variance == pytest.approx(np.mean((main - all_pred) ** 2) + shift)


def test_freedom_trades_bias_for_variance():
    """Note 001 §2.4: the more complex the model, the smaller its bias and the larger its variance."""
    rng = np.random.default_rng(0)
    x = np.linspace(-1, 1, 40)[:, None]
    truth = np.sin(3 * x.ravel())

    def sample(random):
        return x, truth + random.normal(0, 0.5, 40)

    y = truth + rng.normal(0, 0.5, 40)
    found = [
        bias_variance_decomposition(
            PolynomialRegression(d), None, None, x, y, truth=truth, sample=sample, n_rounds=60, random_state=0
        )
        for d in (1, 3, 9)
    ]
    assert found[0].bias > found[1].bias > found[2].bias - 1e-3
    assert found[0].variance < found[1].variance < found[2].variance
    assert len({round(part.noise or 0, 9) for part in found}) == 1


def test_bagging_lowers_the_variance():
    X, y = load_diabetes(return_X_y=True)
    parts = train_test_split(X, y, random_state=0)
    arguments = (parts[0], parts[2], parts[1], parts[3])
    tree = bias_variance_decomposition(DecisionTreeRegressor(), *arguments, n_rounds=15, random_state=0)
    forest = bias_variance_decomposition(RandomForestRegressor(10), *arguments, n_rounds=15, random_state=0)
    assert forest.variance < tree.variance / 2


def test_repeated_observations_tell_the_noise():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (400, 1))
    y = rng.normal(x, 0.7, (400, 3))
    found = bias_variance_decomposition(
        LinearRegression(), x[:200], y[:200, 0], x[200:], y[200:], n_rounds=20, random_state=0
    )
    assert found.noise == pytest.approx(0.49, rel=0.15)
    assert abs(found.bias) < 0.03
    alone = bias_variance_decomposition(
        LinearRegression(), x[:200], y[:200, 0], x[200:], y[200:, 0], n_rounds=20, random_state=0
    )
    assert alone.noise is None
    assert alone.bias == pytest.approx(0.49, rel=0.3)  # the noise is in it


def test_reproducible():
    X, y = load_iris(return_X_y=True)
    arguments = (X[::2], y[::2], X[1::2], y[1::2])
    tree = DecisionTreeClassifier(max_features=1)
    first = bias_variance_decomposition(tree, *arguments, n_rounds=6, random_state=0)
    for n_jobs in (1, 2):
        again = bias_variance_decomposition(tree, *arguments, n_rounds=6, random_state=0, n_jobs=n_jobs)
        assert numbers(first) == numbers(again)
    assert tree.random_state is None


def test_invariances():
    """Labels may be called anything; amounts in other units give the parts in their square."""
    X, y = load_iris(return_X_y=True)
    tree = DecisionTreeClassifier(max_depth=1, random_state=0)
    codes = bias_variance_decomposition(tree, X[::2], y[::2], X[1::2], y[1::2], n_rounds=5, random_state=0)
    names = np.array(["a", "b", "c"])[y]
    named = bias_variance_decomposition(tree, X[::2], names[::2], X[1::2], names[1::2], n_rounds=5, random_state=0)
    assert numbers(codes) == numbers(named)
    X, y = load_diabetes(return_X_y=True)
    one = bias_variance_decomposition(Ridge(), X[::2], y[::2], X[1::2], y[1::2], n_rounds=5, random_state=0)
    ten = bias_variance_decomposition(Ridge(), X[::2], 10 * y[::2], X[1::2], 10 * y[1::2], n_rounds=5, random_state=0)
    assert numbers(ten) == pytest.approx([100 * value for value in numbers(one)])


def test_groups_and_weights():
    X, y = load_diabetes(return_X_y=True)
    groups = np.arange(len(X[::2])) // 4
    arguments = (Ridge(), X[::2], y[::2], X[1::2], y[1::2])
    whole = bias_variance_decomposition(*arguments, groups=groups, n_rounds=5, random_state=0)
    assert np.isfinite(numbers(whole)).all()
    even = bias_variance_decomposition(*arguments, n_rounds=5, random_state=0)
    ones = bias_variance_decomposition(*arguments, sample_weight=np.ones(len(groups)), n_rounds=5, random_state=0)
    assert numbers(even) == pytest.approx(numbers(ones))


def test_edge_cases():
    X, y = load_iris(return_X_y=True)
    tree = DecisionTreeClassifier()
    with pytest.raises(TypeError, match="estimator must be an object"):
        bias_variance_decomposition(DecisionTreeClassifier, X, y, X, y)
    with pytest.raises(ValueError, match="loss must be"):
        bias_variance_decomposition(tree, X, y, X, y, loss="log")
    for wrong in (1, 2.0, True):
        with pytest.raises(ValueError, match="n_rounds"):
            bias_variance_decomposition(tree, X, y, X, y, n_rounds=wrong)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="nothing to train on"):
        bias_variance_decomposition(tree, None, None, X, y)
    with pytest.raises(ValueError, match="must be a function"):
        bias_variance_decomposition(tree, X, y, X, y, sample=3)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="only one class"):
        bias_variance_decomposition(tree, X[:50], y[:50], X, y)
    with pytest.raises(DataError, match="at least 2 rows"):
        bias_variance_decomposition(Ridge(), X[:1], y[:1], X, y)
    with pytest.raises(ValueError, match="inconsistent"):
        bias_variance_decomposition(tree, X, y, X, y[:3])
    with pytest.raises(DataError, match="at least one row"):
        bias_variance_decomposition(Ridge(), X, y, X[:0], y[:0])
    with pytest.raises(DataError, match="y_test holds values that are not finite"):
        bias_variance_decomposition(Ridge(), X, y, X[:2], [1.0, np.inf])
    with pytest.raises(DataError, match="give one of them"):
        bias_variance_decomposition(Ridge(), X, y, X[:2], [[1.0, 2.0]] * 2, truth=[1.0, 2.0])
    with pytest.raises(DataError, match="one value for each test row"):
        bias_variance_decomposition(Ridge(), X, y, X[:2], [1.0, 2.0], truth=[[1.0, 2.0]] * 2)
    with pytest.raises(DataError, match="one target"):
        bias_variance_decomposition(
            LinearRegression(), None, None, GRID[:, None], TRUTH, sample=two_targets, n_rounds=2
        )
    single = bias_variance_decomposition(tree, X[45:55], y[45:55], X[:1], y[:1], n_rounds=3, random_state=0)
    assert single.loss == single.bias + single.variance
