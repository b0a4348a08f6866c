"""First-order optimisers in a narrow valley: f(x, y) = (x² + 50 y²) / 2, from (10, 1) to (0, 0).

Course note 004 §7. The valley is 50 times as steep across as along. Gradient descent must take small steps for the
steep side and crawls along the flat one; momentum gains speed along it; Adam scales each coordinate by itself.
"""

import numpy as np

from panlearn.optimize import NAG, SGD, AdaGrad, Adam, Momentum, RMSProp, minimize

CURVATURE = np.array([1.0, 50.0])
START = np.array([10.0, 1.0])
METHODS = [
    SGD(learning_rate=0.038),
    Momentum(learning_rate=0.03, momentum=0.7),
    NAG(learning_rate=0.018, momentum=0.75),
    AdaGrad(learning_rate=3.0),
    RMSProp(learning_rate=0.1, rho=0.9),
    Adam(learning_rate=0.5),
]


def valley(x: np.ndarray) -> tuple[float, np.ndarray]:
    """Value and gradient."""
    return 0.5 * float(CURVATURE @ x**2), CURVATURE * x


def main() -> None:
    """Watch where each method is after a few steps."""
    print(f"{'method':9}" + "".join(f"{f'step {n}':>17}" for n in (1, 5, 20, 80)) + "   value then")
    for method in METHODS:
        visited = [minimize(valley, START, method, max_iter=n, tol=0) for n in (1, 5, 20, 80)]
        places = "".join(f"{f'({at.x[0]:.2f}, {at.x[1]:.2f})':>17}" for at in visited)
        print(f"{type(method).__name__:9}{places}   {visited[-1].value:.1e}")

    too_far = minimize(valley, START, SGD(learning_rate=0.041), max_iter=300)
    print(f"\nSGD with a rate of 0.041 > 2 / 50 multiplies y by -1.05 a step: after 300 steps y = {too_far.x[1]:.0e}")


if __name__ == "__main__":
    main()
