"""Logistic regression: log-odds are linear, and classes that can be separated have no finite answer.

Course notes 000 §3.3 and 001 §4.2: ln(p / (1 - p)) = w'x + b.
"""

import numpy as np

from panlearn.linear_model import LogisticRegression

rng = np.random.default_rng(0)
hours = rng.uniform(0, 6, size=(400, 1))
passed = rng.uniform(size=400) < 1 / (1 + np.exp(-(1.5 * hours[:, 0] - 4)))  # the truth: w = 1.5, b = -4


def main() -> None:
    """Read the weights as odds, then see what separable classes do to them."""
    model = LogisticRegression(penalty=None).fit(hours, passed)
    weight, bias = model.coef_[0, 0], model.intercept_[0]
    print(f"estimated w = {weight:.2f}, b = {bias:.2f} (truth 1.5, -4)")
    print(
        f"an hour more multiplies the odds of passing by {np.exp(weight):.1f}; even odds at {-bias / weight:.1f} hours"
    )

    probability = model.predict_proba(hours)[:, 1]
    print(
        f"mean probability {probability.mean():.4f} = share that passed {passed.mean():.4f}: the fit's first equation"
    )

    separable = hours[:, 0] > 3
    print("\nclasses split exactly at 3 hours: the weaker the penalty, the larger the weight, without end")
    for strength in (1.0, 100.0, 10_000.0):
        model = LogisticRegression(C=strength).fit(hours, separable)
        weight, bias = model.coef_[0, 0], model.intercept_[0]
        print(f"  C = {strength:7g}: w = {weight:6.2f}, boundary at {-bias / weight:.2f} hours")


if __name__ == "__main__":
    main()
