"""The pictures of the methods' pages, drawn while the site is built: none can be out of date."""

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import poisson
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_moons
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, train_test_split
from sklearn.preprocessing import scale

from panlearn.datasets import load_wine_quality
from panlearn.evaluation import bias_variance_decomposition, learning_curve, validation_curve
from panlearn.linear_model import (
    L0Regression,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    PolynomialRegression,
    Ridge,
    SGDRegressor,
    lasso_path,
)
from panlearn.optimize import SGD, Adam, Momentum, minimize
from panlearn.plot import (
    plot_bias_variance,
    plot_coefficient_path,
    plot_decision_regions,
    plot_generative_boundaries,
    plot_impurity_curves,
    plot_kernel_comparison,
    plot_learning_curve,
    plot_parameter_grid,
    plot_pruning_comparison,
    plot_pruning_path,
    plot_trajectories,
    plot_validation_curve,
)
from panlearn.plot.style import ACCENT, GRID, INK, MUTED, QUIET, SECOND, annotate, fix_ticks, house_style, new_axes
from panlearn.semi_supervised import TransductiveSVC
from panlearn.svm import SVC, SVR, OneClassSVM
from panlearn.tree import DecisionTreeClassifier, cost_complexity_path, cost_complexity_prune


@house_style()
def linear_regression() -> Figure:
    """Density of red wines over alcohol, with the least-squares line and its residuals."""
    wine = load_wine_quality("red").iloc[::20]
    x, y = wine[["alcohol"]].to_numpy(), wine["density"].to_numpy()
    model = LinearRegression().fit(x, y)
    figure, axes = new_axes()
    axes.vlines(x.ravel(), model.predict(x), y, color=QUIET, linewidth=0.8)
    axes.plot(x, y, "o", color=ACCENT, markersize=4)
    ends = np.array([[x.min()], [x.max()]])
    axes.plot(ends, model.predict(ends), color=SECOND)
    axes.set(xlabel="alcohol, % vol", ylabel="density, g/cm³")
    annotate(axes, f"{model.coef_[0]:.5f} g/cm³ per %", y=0.95)
    return figure


@house_style()
def ridge() -> Figure:
    """Weights of the diabetes data against the strength of the penalty."""
    data = load_diabetes()
    X, y = scale(data.data), data.target
    alphas = np.logspace(-1, 5, 60)
    weights = np.array([Ridge(alpha=alpha).fit(X, y).coef_ for alpha in alphas])
    figure, axes = new_axes()
    for name, path in zip(data.feature_names, weights.T, strict=True):
        strong = abs(path[0]) > 20
        axes.semilogx(alphas, path, color=ACCENT if strong else QUIET, linewidth=1.6 if strong else 1.0)
        if strong:
            axes.text(alphas[0], path[0], f"{name} ", ha="right", va="center", color=ACCENT, fontsize=8)
    axes.set(xlabel="alpha", ylabel="weight of the standardised column", xlim=(alphas[0] / 4, alphas[-1]))
    axes.set_xticks([0.1, 10, 1000, 100000], ["0.1", "10", "1,000", "100,000"])
    axes.minorticks_off()
    return figure


@house_style()
def polynomial_regression() -> Figure:
    """Three degrees on the same points: too stiff, right, too free."""
    rng = np.random.default_rng(1)
    x = np.sort(rng.uniform(-1, 1, 25))[:, None]
    y = np.cos(3 * x.ravel()) + rng.normal(0, 0.2, 25)
    grid = np.linspace(-1, 1, 300)[:, None]
    figure, axes = new_axes()
    axes.plot(x, y, "o", color=MUTED, markersize=4)
    for degree, colour in ((1, QUIET), (4, ACCENT), (16, SECOND)):
        model = PolynomialRegression(degree=degree)
        folds = KFold(5, shuffle=True, random_state=0)
        score = cross_val_score(model, x, y, cv=folds, scoring="neg_mean_squared_error").mean()
        label = f"degree {degree}: squared error on new points {-score:.2g}"
        axes.plot(grid, model.fit(x, y).predict(grid), color=colour, label=label)
    axes.set(xlabel="x", ylabel="y", ylim=(-1.8, 2.2))
    axes.legend(loc="upper center", fontsize=8)
    return figure


@house_style()
def logistic_regression() -> Figure:
    """Share of good wines by alcohol, and the fitted probability."""
    wine = load_wine_quality()
    x, good = wine[["alcohol"]].to_numpy(), (wine["quality"] >= 7).to_numpy()
    model = LogisticRegression(C=1e8).fit(x, good)
    edges = np.quantile(x, np.linspace(0, 1, 16))
    group = np.clip(np.searchsorted(edges, x.ravel(), side="right"), 1, 15)
    shares = np.array([(x[group == g].mean(), good[group == g].mean()) for g in np.unique(group)])
    grid = np.linspace(x.min(), x.max(), 200)[:, None]
    figure, axes = new_axes()
    axes.plot(*shares.T, "o", color=ACCENT, markersize=5, label="share among wines of like strength")
    axes.plot(grid, model.predict_proba(grid)[:, 1], color=SECOND, label="logistic regression")
    axes.set(xlabel="alcohol, % vol", ylabel="probability of a grade of 7 or more", ylim=(0, 1))
    axes.legend(loc="upper left", fontsize=8)
    return figure


@house_style()
def first_order() -> Figure:
    """Thirty steps of three optimisers in a valley 25 times as steep across as along."""
    steep = np.array([1.0, 25.0])
    grid = np.meshgrid(np.linspace(-10, 3, 200), np.linspace(-2.6, 2.6, 200))
    figure, axes = new_axes(6.5, 3.2)
    levels = np.geomspace(0.3, 80, 9)
    axes.contour(*grid, (grid[0] ** 2 + 25 * grid[1] ** 2) / 2, levels=levels, colors=GRID, linewidths=0.8)
    for method, colour in (
        (SGD(learning_rate=0.07), QUIET),
        (Momentum(learning_rate=0.01), SECOND),
        (Adam(learning_rate=0.5), ACCENT),
    ):
        points = [np.array([-9.0, 2.0])]
        minimize(
            lambda x: (float(x @ (steep * x)) / 2, steep * x), points[0], method, max_iter=30, callback=points.append
        )
        axes.plot(*np.transpose(points), "o-", color=colour, markersize=3, linewidth=1.2, label=type(method).__name__)
    axes.set(xlabel="along", ylabel="across")
    axes.legend(loc="upper right", fontsize=8)
    return figure


@house_style()
def penalty_geometry() -> Figure:
    """The square |w|_1 <= t and the circle |w|_2 <= t, each with the ellipse of equal error that touches it."""
    best, shape = np.array([2.1, 1.3]), np.array([[1.0, 0.35], [0.35, 0.8]])
    t = 1.0

    def error(w: np.ndarray) -> np.ndarray:
        return np.einsum("...i,ij,...j->...", w - best, shape, w - best)

    angles = np.linspace(0, 2 * np.pi, 4001)
    circle = t * np.column_stack([np.cos(angles), np.sin(angles)])
    square = circle / np.abs(circle).sum(axis=1, keepdims=True) * t
    grid = np.stack(np.meshgrid(np.linspace(-1.6, 3.6, 300), np.linspace(-1.5, 2.7, 300)), axis=-1)
    figure = Figure(figsize=(7.2, 3.1), layout="constrained")
    for axes, edge, name in zip(figure.subplots(1, 2), (square, circle), ("L1", "L2"), strict=True):
        fix_ticks(axes)
        touch = edge[error(edge).argmin()]
        levels = error(touch) * np.array([0.1, 0.4, 1.0])
        axes.grid(visible=False)
        axes.axhline(0, color=GRID, linewidth=0.8)
        axes.axvline(0, color=GRID, linewidth=0.8)
        axes.fill(*edge.T, color=ACCENT, alpha=0.15, linewidth=0)
        axes.plot(*edge.T, color=ACCENT, linewidth=1.4)
        axes.contour(grid[..., 0], grid[..., 1], error(grid), levels=levels, colors=QUIET, linewidths=1.0)
        axes.plot(*best, "+", color=MUTED, markersize=8)
        axes.plot(*touch, "o", color=SECOND, markersize=6)
        axes.set(
            xlabel="w\N{SUBSCRIPT ONE}", ylabel="w\N{SUBSCRIPT TWO}", aspect="equal", xlim=(-1.6, 3.6), ylim=(-1.5, 2.7)
        )
        axes.set_title(f"{name}: touches at ({touch[0]:.2f}, {touch[1]:.2f})")
    return figure


def lasso() -> Figure:
    """Weights of the diabetes data along the Lasso path."""
    data = load_diabetes()
    alphas, coefs, _ = lasso_path(scale(data.data), data.target - data.target.mean())
    return plot_coefficient_path(alphas, coefs, names=data.feature_names)


def saddle() -> Figure:
    """Sixty steps beside a saddle point: gradient descent lingers, momentum and Adam leave."""

    def function(x: np.ndarray) -> tuple[float, np.ndarray]:
        value = x[0] ** 2 / 2 - x[1] ** 2 / 2 + x[1] ** 4 / 4
        return float(value), np.array([x[0], -x[1] + x[1] ** 3])

    visited = {}
    for method in (SGD(learning_rate=0.1), Momentum(learning_rate=0.1), Adam(learning_rate=0.1)):
        points = [np.array([-1.8, 0.01])]
        minimize(function, points[0], method, max_iter=60, tol=0.0, callback=points.append)
        visited[type(method).__name__] = points
    return plot_trajectories(lambda x: function(x)[0], visited, xlim=(-2.0, 1.2), ylim=(-0.5, 1.7))


@house_style()
def gradient_descent() -> Figure:
    """Batch gradient descent on standardised red wines, for learning rates from too small to too large."""
    wine = load_wine_quality("red")
    X, y = scale(wine.drop(columns="quality").to_numpy(float)), wine["quality"].to_numpy(float)
    steepest = np.linalg.eigvalsh(X.T @ X / len(X)).max()
    figure, axes = new_axes(5.6, 3.4)
    for share, colour in ((0.02, QUIET), (0.5, ACCENT), (2.04, SECOND)):
        settings = {"learning_rate": "constant", "eta0": share / steepest, "batch_size": "full", "tol": None}
        model = SGDRegressor(alpha=0.0, max_iter=60, **settings).fit(X, y - y.mean())
        label = f"{share:g} / largest curvature"
        axes.semilogy(np.arange(len(model.loss_curve_)), model.loss_curve_, color=colour, label=label)
    axes.set(xlabel="steps", ylabel="half the mean squared error", ylim=(0.2, 0.6))
    axes.set_yticks([0.2, 0.3, 0.4, 0.6], ["0.2", "0.3", "0.4", "0.6"])
    axes.minorticks_off()
    axes.legend(loc="upper center", fontsize=8)
    return figure


@house_style()
def glm() -> Figure:
    """Counts that grow with x: a line predicts counts below zero, a Poisson regression does not."""
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 4, 120)[:, None]
    y = rng.poisson(np.exp(-1.2 + 0.95 * x.ravel()))
    grid = np.linspace(0, 4, 200)[:, None]
    mean = PoissonRegressor(alpha=0.0).fit(x, y).predict(grid)
    low, high = poisson.ppf([[0.05], [0.95]], mean)
    figure, axes = new_axes()
    axes.fill_between(
        grid.ravel(), low, high, color=ACCENT, alpha=0.12, linewidth=0, step="mid", label="90 % of counts"
    )
    axes.plot(x, y, "o", color=MUTED, markersize=3.5)
    axes.plot(grid, mean, color=ACCENT, label="Poisson, log link")
    axes.plot(grid, LinearRegression().fit(x, y).predict(grid), color=SECOND, label="least squares")
    axes.set(xlabel="x", ylabel="count")
    axes.legend(loc="upper left", fontsize=8)
    return figure


@house_style()
def l0() -> Figure:
    """Best subsets of the diabetes columns against the Lasso's choices: fit by number of columns."""
    data = load_diabetes()
    X, y = scale(data.data), data.target - data.target.mean()
    total, sizes = float(y @ y), np.arange(1, 9)
    best = [L0Regression(max_nonzero=int(k)).fit(X, y).score(X, y) for k in sizes]
    _, coefs, _ = lasso_path(X, y, alphas=400, eps=1e-3)
    counts = np.count_nonzero(coefs, axis=0)
    errors = np.square(y[:, None] - X @ coefs).sum(axis=0)
    shrunk = [1 - errors[counts == k].min() / total if (counts == k).any() else np.nan for k in sizes]
    figure, axes = new_axes()
    axes.plot(sizes, best, "o-", color=ACCENT, label="best subset (L0)", markersize=4)
    axes.plot(sizes, shrunk, "s--", color=SECOND, label="Lasso with as many columns", markersize=4)
    axes.set(xlabel="columns used", ylabel="R² on the rows fitted")
    axes.legend(loc="lower right", fontsize=8)
    return figure


@house_style()
def svm_margin() -> Figure:
    """Two classes and an outlier: it squeezes the hard margin; the soft margin pays its slack and stays wide."""
    rng = np.random.default_rng(5)
    X = np.vstack([rng.normal([-2, 0], [0.5, 1.2], (18, 2)), rng.normal([2, 0.3], [0.5, 1.2], (18, 2)), [[0.7, 0.9]]])
    y = np.repeat(["class -1", "class +1", "class -1"], [18, 18, 1])
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    for axes, (name, C) in zip(
        figure.subplots(1, 2, sharey=True), {"hard margin": np.inf, "soft margin, C = 0.5": 0.5}.items(), strict=True
    ):
        model = SVC(kernel="linear", C=C, tol=1e-6).fit(X, y)
        plot_decision_regions(model, X, y, ax=axes, slack=True)
        axes.set_title(f"{name}: 2/‖w‖ = {model.margin_[0]:.2f}")
        axes.set_ylabel("")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8.5)
    return figure


def svm_kernels() -> Figure:
    """Two moons by five kernels, and by a Gaussian kernel that is too narrow."""
    X, y = make_moons(90, noise=0.25, random_state=1)
    machines = {
        "linear": SVC(kernel="linear"),
        "polynomial, degree 3": SVC(kernel="poly", degree=3, coef0=1.0, gamma=1.0),
        "sigmoid": SVC(kernel="sigmoid", gamma=0.5, coef0=-1.0),
        "Gaussian, γ = 1": SVC(gamma=1.0),
        "Laplacian, γ = 1": SVC(kernel="laplacian", gamma=1.0),
        "Gaussian, γ = 100": SVC(gamma=100.0),
    }
    return plot_kernel_comparison({name: machine.fit(X, y) for name, machine in machines.items()}, X, y, resolution=90)


def svm_grid() -> Figure:
    """Accuracy on held-out folds of two noisy moons, for a grid of C and gamma."""
    X, y = make_moons(200, noise=0.3, random_state=0)
    grid = {"C": np.logspace(-2, 4, 7), "gamma": np.logspace(-3, 3, 7)}
    return plot_parameter_grid(GridSearchCV(SVC(), grid, cv=KFold(5, shuffle=True, random_state=0)).fit(X, y))


def one_class_svm() -> Figure:
    """Petals of 150 irises: the region that holds about nine in ten of them."""
    X = load_iris(as_frame=True).data[["petal length (cm)", "petal width (cm)"]]
    return plot_decision_regions(OneClassSVM(nu=0.1, gamma=0.5).fit(X), X)


@house_style()
def svr_tube() -> Figure:
    """A curve through noisy points: those inside the tube of half-width epsilon cost nothing and could be left out."""
    rng = np.random.default_rng(4)
    x = np.sort(rng.uniform(0, 6, 60))[:, None]
    y = np.sin(x.ravel()) + rng.normal(0, 0.25, 60)
    model = SVR(gamma=0.5, C=10.0, epsilon=0.3).fit(x, y)
    grid = np.linspace(0, 6, 300)[:, None]
    curve = model.predict(grid)
    figure, axes = new_axes()
    axes.fill_between(grid.ravel(), curve - 0.3, curve + 0.3, color=ACCENT, alpha=0.12, linewidth=0, label="tube ±ε")
    axes.plot(grid, curve, color=ACCENT, label="f(x)")
    axes.plot(x, y, "o", color=MUTED, markersize=4)
    ring = {"markerfacecolor": "none", "markeredgecolor": INK, "markeredgewidth": 0.8}
    axes.plot(x[model.support_], y[model.support_], "o", **ring, markersize=8, label="support vector")
    beyond = np.flatnonzero(np.abs(y - model.predict(x)) > 0.3 + 1e-2)
    edge = model.predict(x[beyond]) + 0.3 * np.sign(y[beyond] - model.predict(x[beyond]))
    axes.vlines(x[beyond, 0], y[beyond], edge, color=SECOND, linewidth=1.2, label="slack ξ")
    axes.set(xlabel="x", ylabel="y")
    axes.legend(loc="lower left", fontsize=8)
    return figure


@house_style()
def svm_losses() -> Figure:
    """What a row costs by its margin y f(x): mistakes, hinge, squared hinge and logistic loss."""
    margin = np.linspace(-2, 2.5, 400)
    figure, axes = new_axes(5.0, 3.2)
    axes.plot(margin, margin < 0, color=QUIET, linewidth=1.4, label="mistake")
    axes.plot(margin, np.maximum(0, 1 - margin), color=ACCENT, label="hinge: SVC, LinearSVC(loss='hinge')")
    axes.plot(margin, np.maximum(0, 1 - margin) ** 2, color=SECOND, linestyle="--", label="squared hinge: LinearSVC")
    logistic = np.logaddexp(0, -margin) / np.log(2)
    axes.plot(margin, logistic, color=MUTED, linestyle=":", label="logistic regression (in bits)")
    axes.set(xlabel="margin y f(x)", ylabel="loss", ylim=(-0.05, 4))
    axes.legend(loc="upper right", fontsize=8)
    return figure


@house_style()
def transductive_svm() -> Figure:
    """Two moons, four labels each: without the other rows the boundary cuts through both, with them it runs between."""
    X, y = make_moons(160, noise=0.1, random_state=2)
    rng = np.random.default_rng(3)
    known = np.concatenate([rng.choice(np.flatnonzero(y == k), 4, replace=False) for k in (0, 1)])
    labels = np.full(len(y), -1)
    labels[known] = y[known]
    machines = {
        "SVC, the labelled rows": SVC(gamma=5.0).fit(X[known], y[known]),
        "TransductiveSVC, all rows": TransductiveSVC(gamma=5.0).fit(X, labels),
    }
    figure = Figure(figsize=(6.6, 3.0), layout="constrained")
    for axes, (name, model) in zip(figure.subplots(1, 2, sharey=True), machines.items(), strict=True):
        plot_decision_regions(model, X, labels, ax=axes, margins=False, support_vectors=False)
        axes.set(title=f"{name}: {model.score(X, y):.0%} right", xlabel="", ylabel="")
    return figure


def _wine_halves() -> list[np.ndarray]:
    """Wines of grade 6 and more against the others, half for growing and half for judging."""
    wine = load_wine_quality()
    X = wine.drop(columns="quality").select_dtypes("number").to_numpy()
    return train_test_split(X, (wine["quality"] >= 6).to_numpy(), test_size=0.5, random_state=0)


def pruning_comparison() -> Figure:
    """Leaves and held-out error of a tree of wines, for each way of pruning it."""
    X, T, y, t = _wine_halves()
    found = {}
    for name in (None, "cost_complexity_cv", "reduced_error", "pessimistic", "error_based"):
        model = DecisionTreeClassifier(pruning=name, random_state=0).fit(X, y)
        found[(name or "none").replace("_", " ")] = (model.get_n_leaves(), 1 - model.score(T, t))
    for depth in (3, 6):
        model = DecisionTreeClassifier(max_depth=depth, random_state=0).fit(X, y)
        found[f"depth {depth}"] = (model.get_n_leaves(), 1 - model.score(T, t))
    return plot_pruning_comparison(found)


def pruning_path() -> Figure:
    """Accuracy and leaves of a tree of wines along its path of cost-complexity pruning."""
    X, T, y, t = _wine_halves()
    model = DecisionTreeClassifier(random_state=0).fit(X, y)
    alphas = cost_complexity_path(model).ccp_alphas
    trees = [cost_complexity_prune(model, alpha) for alpha in alphas]
    test = [tree.score(T, t) for tree in trees]
    leaves, train = [tree.get_n_leaves() for tree in trees], [tree.score(X, y) for tree in trees]
    return plot_pruning_path(alphas, leaves, train, test, chosen=float(alphas[int(np.argmax(test))]))


def impurity_curves() -> Figure:
    """Entropy, half of it, Gini index and error of a node with two classes."""
    return plot_impurity_curves()


def generative_boundaries() -> Figure:
    """Two measures of 150 irises, and the boundaries of three generative classifiers and of logistic regression."""
    iris = load_iris(as_frame=True)
    species = iris.target_names[iris.target.to_numpy()]
    return plot_generative_boundaries(iris.data[["sepal length (cm)", "sepal width (cm)"]], species)


def bias_variance() -> Figure:
    """Error of polynomials in noisy points of a sine, and its parts, by degree: bias falls and variance rises."""
    x = np.linspace(-1, 1, 40)[:, None]
    truth = np.sin(3 * x.ravel())

    def sample(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return x, truth + random.normal(0, 0.5, 40)

    y = sample(np.random.default_rng(0))[1]
    settings = {"truth": truth, "sample": sample, "n_rounds": 100, "random_state": 0}
    degrees = np.arange(1, 13)
    found = [
        bias_variance_decomposition(PolynomialRegression(int(degree)), None, None, x, y, **settings)
        for degree in degrees
    ]
    parts = np.array([[part.bias, part.variance, part.noise] for part in found]).T
    return plot_bias_variance(degrees, *parts, parameter="degree")


def tree_depths() -> Figure:
    """Accuracy of a decision tree on training rows and on held-out rows of tumours, by its depth."""
    X, y = load_breast_cancer(return_X_y=True)
    depths = [1, 2, 3, 4, 5, 6, 8, 10]
    tree = DecisionTreeClassifier(random_state=0)
    scores = validation_curve(tree, X, y, param_name="max_depth", param_range=depths, cv=5)
    return plot_validation_curve(depths, *scores, parameter="depth", metric="accuracy")


def more_rows() -> Figure:
    """Accuracy of a support vector machine of noisy moons by the number of its training rows: the gap closes."""
    X, y = make_moons(1000, noise=0.3, random_state=0)
    folds = KFold(10, shuffle=True, random_state=0)
    rows, train, test = learning_curve(SVC(), X, y, train_sizes=np.geomspace(0.02, 1, 8), cv=folds)
    return plot_learning_curve(rows, train, test, metric="accuracy")
