"""Polynomial regression: a curve is a line in the powers of x, and too many powers fit the noise.

Course note 003 §1.7.2: the distance fallen by a body, s = v t + g t² / 2, is quadratic in time.
"""

import numpy as np

from panlearn.linear_model import PolynomialRegression

rng = np.random.default_rng(3)
time = np.sort(rng.uniform(0, 2, size=(15, 1)), axis=0)
distance = 1.0 * time[:, 0] + 0.5 * 9.81 * time[:, 0] ** 2 + 0.5 * rng.normal(size=15)
later = np.linspace(0, 2, 200)[:, None]
truth = 1.0 * later[:, 0] + 0.5 * 9.81 * later[:, 0] ** 2


def main() -> None:
    """Raise the degree: the training error can only fall, the distance from the truth falls and rises again."""
    print("degree  training error  distance from the truth")
    for degree in (1, 2, 4, 8):
        model = PolynomialRegression(degree=degree).fit(time, distance)
        fitted = np.sqrt(np.mean((distance - model.predict(time)) ** 2))
        off = np.sqrt(np.mean((truth - model.predict(later)) ** 2))
        print(f"{degree:6d}  {fitted:14.3f}  {off:23.3f}")

    model = PolynomialRegression(degree=2).fit(time, distance)
    at = model.predict([[0.0], [1.0], [2.0]])
    print(f"\nacceleration from the quadratic fit: {at[0] - 2 * at[1] + at[2]:.1f} m/s² (truth 9.81)")


if __name__ == "__main__":
    main()
