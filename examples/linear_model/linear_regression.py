"""Least squares: predict a grade from two others, and see what the fit guarantees.

The worked example of course note 003 §1.3: six students train, four test.
"""

import numpy as np

from panlearn.linear_model import LinearRegression

# grades in C++, linear algebra, machine learning
STUDENTS = np.array(
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
X, y = STUDENTS[:, :2], STUDENTS[:, 2]


def main() -> None:
    """Fit, predict, and check the fact that defines the fit: the residuals are orthogonal to the columns."""
    model = LinearRegression().fit(X[:6], y[:6])
    print(f"grade = {model.intercept_:.2f} + {model.coef_[0]:.2f} C++ + {model.coef_[1]:.2f} linear algebra")

    error = y - model.predict(X)
    print(f"training loss {0.5 * np.sum(error[:6] ** 2):.2f}, test loss {0.5 * np.sum(error[6:] ** 2):.2f}")
    print(f"a student with 84 and 77 is predicted {model.predict([[84, 77]])[0]:.2f}")

    augmented = np.column_stack([np.ones(6), X[:6]])
    print(f"largest |X'(y - Xw)|: {np.abs(augmented.T @ error[:6]).max():.1e}  (0 at the least squares solution)")

    twice = LinearRegression().fit(np.column_stack([X[:6], X[:6, 0]]), y[:6])
    same = np.allclose(twice.predict(np.column_stack([X, X[:, 0]])), model.predict(X))
    print(f"C++ given twice: weights {twice.coef_.round(2)}, same predictions: {same}")


if __name__ == "__main__":
    main()
