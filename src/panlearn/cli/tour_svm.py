"""Worked facts of note 000 chapter 2: the widest margin, its dual, the KKT conditions, kernels, slack.

The chapter gives formulas and no numbers; the numbers expected here follow from its formulas by hand, for rows few
enough to check with a pencil.
"""

from collections.abc import Iterator

import numpy as np

from panlearn.cli.tour import TourRow, check
from panlearn.svm import SVC

THREE_ROWS = np.array([[3.0, 3.0], [4.0, 3.0], [1.0, 1.0]])  # the last one is of class -1
XOR = np.array([[-1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, -1.0]])  # +, +, -, -
FOUR_ROWS = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])  # +, +, -, -
OUTLIER = np.array([[0.5, 0.0]])  # of class -1, beside the positive rows
TOL = 1e-8


def examples() -> Iterator[TourRow]:
    """Yield what the formulas of sections 1 to 5 say."""
    yield from two_rows()
    yield from three_rows()
    yield from exclusive_or()
    yield from outlier()


def two_rows() -> Iterator[TourRow]:
    """One row a class: the margin is their distance (§2.1)."""
    example, note = "margin of two rows, by hand", "000 §2.1"
    X, y = np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([-1, 1])
    model = SVC(kernel="linear", C=np.inf, tol=TOL).fit(X, y)
    weight = model.coef_[0]
    yield check(example, note, "margin 2/‖w‖ = distance", "5.00", 2 / float(np.linalg.norm(weight)))
    yield check(example, note, "f at the first (2.4)", "-1.00", model.decision_function(X)[0])
    yield check(example, note, "f at the second (2.3)", "1.00", model.decision_function(X)[1])
    origin = abs(float(model.intercept_[0])) / float(np.linalg.norm(weight))
    yield check(example, note, "plane to origin (2.2)", "2.50", origin)


def three_rows() -> Iterator[TourRow]:
    """Two rows against one, by hand: w = (1/2, 1/2), b = -2, alpha = (1/4, 0, 1/4) (§2.2, §2.3)."""
    example, note = "dual and KKT of three rows, by hand", "000 §2.2"
    y = np.array([1.0, 1.0, -1.0])
    model = SVC(kernel="linear", C=np.inf, tol=TOL).fit(THREE_ROWS, y)
    alpha, weight = dual_variables(model, 3), model.coef_[0]
    yield check(example, note, "w, first", "0.50", weight[0])
    yield check(example, note, "w, second", "0.50", weight[1])
    yield check(example, note, "b", "-2.00", model.intercept_[0])
    for i, expected in enumerate(("0.25", "0.00", "0.25")):
        yield check(example, note, f"α, row {i + 1}", expected, alpha[i])
    lack = float(np.abs(weight - (alpha * y) @ THREE_ROWS).max())
    yield check(example, note, "max |w - Σ α y x| (2.9)", "0.00", lack)
    yield check(example, note, "Σ α y (2.10)", "0.00", float(alpha @ y))
    yield check(example, note, "primal: ½‖w‖²", "0.25", weight @ weight / 2)
    signed = THREE_ROWS * y[:, None]
    yield check(example, note, "dual (2.11)", "0.25", alpha.sum() - alpha @ (signed @ signed.T) @ alpha / 2)
    note = "000 §2.3"
    excess = y * model.decision_function(THREE_ROWS) - 1
    yield check(example, note, "least y f - 1, ≥ 0", "0.00", excess.min())
    yield check(example, note, "y f - 1 where α = 0", "0.50", excess[1])
    yield check(example, note, "max |α (y f - 1)|", "0.00", np.abs(alpha * excess).max())


def exclusive_or() -> Iterator[TourRow]:
    """Rows no line separates, with the kernel (1 + x'z)²: f = x₁ x₂, α = 1/8 each (§2.4)."""
    example, note = "exclusive or, kernel (1 + xᵀz)², by hand", "000 §2.4"
    model = SVC(kernel="poly", degree=2, gamma=1.0, coef0=1.0, C=np.inf, tol=TOL).fit(XOR, [1, 1, -1, -1])
    alpha = dual_variables(model, 4)
    yield check(example, note, "least α", "0.125", alpha.min())
    yield check(example, note, "largest α", "0.125", alpha.max())
    yield check(example, note, "f(2, 3) = 2 × 3", "6.000", model.decision_function([[2.0, 3.0]])[0])
    yield check(example, note, "margin, ‖w‖² = Σ α", "2.828", 2 / float(np.sqrt(alpha.sum())))


def outlier() -> Iterator[TourRow]:
    """One row amid the other class: a support vector with α = C, whose pull is bounded by C (§2.5, see the errata)."""
    example, note = "four rows and an outlier, C = 1/4, by hand", "000 §2.5"
    X, y = np.vstack([FOUR_ROWS, OUTLIER]), np.array([1.0, 1.0, -1.0, -1.0, -1.0])
    without = SVC(kernel="linear", C=0.25, tol=TOL).fit(FOUR_ROWS, y[:4])
    soft = SVC(kernel="linear", C=0.25, tol=TOL).fit(X, y)
    hard = SVC(kernel="linear", C=np.inf, tol=TOL).fit(X, y)
    xi = np.maximum(0, 1 - y * soft.decision_function(X))
    alpha, weight = dual_variables(soft, 5), soft.coef_[0]
    yield check(example, note, "w₁ without it", "1.000", without.coef_[0, 0])
    yield check(example, note, "w₁ with it", "0.625", weight[0])
    yield check(example, note, "w₁, hard margin", "4.000", hard.coef_[0, 0])
    yield check(example, note, "its α = C", "0.250", alpha[4])
    yield check(example, note, "its slack ξ", "0.9375", xi[4])
    yield check(example, note, "max |(C - α) ξ|", "0.000", np.abs((0.25 - alpha) * xi).max())
    yield check(example, note, "primal (2.12)", "0.8047", weight @ weight / 2 + 0.25 * xi.sum())
    signed = X * y[:, None]
    yield check(example, note, "dual", "0.8047", alpha.sum() - alpha @ (signed @ signed.T) @ alpha / 2)


def dual_variables(model: SVC, rows: int) -> np.ndarray:
    """Alpha of each row of a fit on two classes: |dual_coef_| at the support vectors, 0 elsewhere.

    Examples
    --------
    >>> model = SVC(kernel="linear", C=10.0).fit([[0.0], [2.0], [3.0]], [0, 1, 1])
    >>> dual_variables(model, 3).round(3)
    array([0.5, 0.5, 0. ])
    """
    alpha = np.zeros(rows)
    alpha[model.support_] = np.abs(model.dual_coef_[0])
    return alpha
