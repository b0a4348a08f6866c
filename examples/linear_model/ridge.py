"""Ridge regression: a penalty makes a hopeless problem well posed, and shrinks.

Course note 003 §1.4 has six grades of three students: seven unknowns, three equations. Least squares has infinitely
many exact answers; ridge has one. The penalty then turns the knob between fitting and shrinking.
"""

import numpy as np

from panlearn.linear_model import Ridge

# grades in C++ I and II, analysis I and II, linear algebra, probability; last column: machine learning
STUDENTS = np.array(
    [
        [78, 89, 68, 62, 66, 73, 77],
        [70, 77, 87, 95, 93, 77, 86],
        [61, 64, 60, 62, 71, 71, 60],
        [73, 56, 49, 66, 66, 68, 69],
        [79, 81, 73, 74, 81, 51, 70],
        [93, 85, 100, 100, 95, 97, 88],
    ]
)
X, y = STUDENTS[:, :6], STUDENTS[:, 6]
XIAOMING = [[84, 74, 67, 79, 77, 77]]


def main() -> None:
    """Reproduce the note's example, then walk along the penalty."""
    model = Ridge(alpha=0.1, penalize_intercept=True).fit(X[:3], y[:3])  # the note penalises the bias as well
    print(f"three students, lambda 0.1: weights {model.coef_.round(2)}")
    print(f"fitted {model.predict(X[:3]).round(3)}, true {y[:3]}: overfitted")
    print(f"Xiaoming is predicted {model.predict(XIAOMING)[0]:.2f}\n")

    print(" lambda   |w|    training error   test error")
    for penalty in (0.1, 10, 1000, 100_000):
        model = Ridge(alpha=penalty).fit(X[:3], y[:3])
        error = 0.5 * (y - model.predict(X)) ** 2
        size = np.linalg.norm(model.coef_)
        print(f"{penalty:7g}  {size:.3f}  {error[:3].sum():14.2f}  {error[3:].sum():11.2f}")
    print("the weights shrink towards 0, the training error only grows, the test error has its best in between")


if __name__ == "__main__":
    main()
