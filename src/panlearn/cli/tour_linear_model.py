"""Worked examples of note 003: grades predicted by least squares (§1.3) and by ridge regression (§1.4)."""

from collections.abc import Iterator

import numpy as np

from panlearn.cli.tour import TourRow, check
from panlearn.linear_model import LinearRegression, Ridge

# C++ I, linear algebra, machine learning: Table 1.1; the first six students train, the last four test
TEN_STUDENTS = np.array(
    [
        [78, 66, 77],
        [70, 93, 86],
        [61, 71, 60],
        [73, 66, 69],
        [79, 81, 70],
        [93, 95, 88],
        [74, 77, 72],
        [90, 85, 88],
        [66, 64, 70],
        [81, 90, 91],
    ]
)
# C++ I and II, analysis I and II, linear algebra, probability, machine learning: Table 1.3; three train, three test
SIX_STUDENTS = np.array(
    [
        [78, 89, 68, 62, 66, 73, 77],
        [70, 77, 87, 95, 93, 77, 86],
        [61, 64, 60, 62, 71, 71, 60],
        [73, 56, 49, 66, 66, 68, 69],
        [79, 81, 73, 74, 81, 51, 70],
        [93, 85, 100, 100, 95, 97, 88],
    ]
)


def examples() -> Iterator[TourRow]:
    """Yield the figures printed in §1.3 and §1.4."""
    yield from least_squares()
    yield from ridge()


def least_squares() -> Iterator[TourRow]:
    """Six students' grades in two courses (§1.3)."""
    example, note = "least squares, six students", "003 §1.3"
    X, y = TEN_STUDENTS[:, :2], TEN_STUDENTS[:, 2]
    model = LinearRegression().fit(X[:6], y[:6])
    weights = [model.intercept_, *model.coef_]
    for name, printed, value in zip(("bias", "C++", "linear algebra"), ("7.74", "0.42", "0.45"), weights, strict=True):
        yield check(example, note, f"w*, {name}", printed, value)
    fitted = model.predict(X)
    printed_fit = ("70.26", "79.09", "65.39", "68.16", "77.45", "89.65")
    for student, (printed, value) in enumerate(zip(printed_fit, fitted[:6], strict=True), start=1):
        corrected = "79.10" if printed == "79.09" else ""  # 79.0951, cut instead of rounded
        yield check(example, note, f"fitted, student {student}", printed, value, corrected=corrected)
    yield check(example, note, "L_train", "90.53", half_squares(y[:6], fitted[:6]))
    for student, (printed, value) in enumerate(
        zip(("73.55", "83.87", "64.32", "82.35"), fitted[6:], strict=True), start=7
    ):
        yield check(example, note, f"predicted, student {student}", printed, value)
    yield check(example, note, "L_test", "63.21", half_squares(y[6:], fitted[6:]))
    yield check(example, note, "Xiaoming's grade", "77.74", model.predict([[84, 77]])[0])


def ridge() -> Iterator[TourRow]:
    """Three students' grades in six courses, lambda = 0.1; the note penalises the bias too (§1.4)."""
    example, note = "ridge, three students", "003 §1.4"
    X, y = SIX_STUDENTS[:, :6], SIX_STUDENTS[:, 6]
    model = Ridge(alpha=0.1, penalize_intercept=True).fit(X[:3], y[:3])
    weights = np.array([model.intercept_, *model.coef_])
    names = ("bias", "C++ I", "C++ II", "analysis I", "analysis II", "linear algebra", "probability")
    printed_weights = ("-0.006", "0.19", "0.43", "0.39", "0.33", "-0.07", "-0.27")
    for name, printed, value in zip(names, printed_weights, weights, strict=True):
        corrected = "0.34" if name == "analysis II" else ""  # 0.3378, cut instead of rounded
        yield check(example, note, f"w*, {name}", printed, value, corrected=corrected)
    penalty = 0.05 * float(weights @ weights)
    fitted = model.predict(X)
    for student, (printed, value) in enumerate(zip(("76.998", "85.998", "60.005"), fitted[:3], strict=True), start=1):
        yield check(example, note, f"fitted, student {student}", printed, value)
    yield check(example, note, "L_train", "0.028", half_squares(y[:3], fitted[:3]) + penalty)
    for student, (printed, value) in enumerate(zip(("56.98", "84.58", "95.15"), fitted[3:], strict=True), start=4):
        yield check(example, note, f"predicted, student {student}", printed, value)
    yield check(example, note, "L_test, with penalty", "204.11", half_squares(y[3:], fitted[3:]) + penalty)
    yield check(example, note, "Xiaoming's grade", "75.17", model.predict([[84, 74, 67, 79, 77, 77]])[0])


def half_squares(target: np.ndarray, prediction: np.ndarray) -> float:
    """L = 1/2 sum (y - f)^2, note 003 eq. 1.16.

    Examples
    --------
    >>> half_squares(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    2.0
    """
    return float(0.5 * np.sum((target - prediction) ** 2))
