"""The optimisers as the notes print them (004 §7, with the errata), number by number."""

import math


def momentum(gradient, x, rate, beta, steps):
    """Heavy ball."""
    x, m = list(x), [0.0] * len(x)
    for _ in range(steps):
        g = gradient(x)
        m = [beta * v + d for v, d in zip(m, g, strict=True)]
        x = [a - rate * v for a, v in zip(x, m, strict=True)]
    return x


def nesterov_look_ahead(gradient, x, rate, beta, steps):
    """The notes' form: gradient at the look-ahead point; returns the look-ahead points."""
    x, m, ahead = list(x), [0.0] * len(x), []
    for _ in range(steps):
        look = [a - rate * beta * v for a, v in zip(x, m, strict=True)]
        ahead.append(look)
        g = gradient(look)
        m = [beta * v + d for v, d in zip(m, g, strict=True)]
        x = [a - rate * v for a, v in zip(x, m, strict=True)]
    return ahead


def adagrad(gradient, x, rate, eps, steps):
    """Sum of squares."""
    x, s = list(x), [0.0] * len(x)
    for _ in range(steps):
        g = gradient(x)
        s = [a + d * d for a, d in zip(s, g, strict=True)]
        x = [a - rate * d / (math.sqrt(v) + eps) for a, d, v in zip(x, g, s, strict=True)]
    return x


def rmsprop(gradient, x, rate, rho, eps, steps):
    """Fading mean of squares."""
    x, s = list(x), [0.0] * len(x)
    for _ in range(steps):
        g = gradient(x)
        s = [rho * a + (1 - rho) * d * d for a, d in zip(s, g, strict=True)]
        x = [a - rate * d / (math.sqrt(v) + eps) for a, d, v in zip(x, g, s, strict=True)]
    return x


def adadelta(gradient, x, rho, eps, steps):
    """Ratio of two fading means."""
    x, s, u = list(x), [0.0] * len(x), [0.0] * len(x)
    for _ in range(steps):
        g = gradient(x)
        for j, d in enumerate(g):
            s[j] = rho * s[j] + (1 - rho) * d * d
            step = math.sqrt(u[j] + eps) / math.sqrt(s[j] + eps) * d
            u[j] = rho * u[j] + (1 - rho) * step * step
            x[j] -= step
    return x


def adam(gradient, x, rate, beta1, beta2, eps, steps):
    """Both moments, corrected by powers of t."""
    x, m, s = list(x), [0.0] * len(x), [0.0] * len(x)
    for t in range(1, steps + 1):
        for j, d in enumerate(gradient(x)):
            m[j] = beta1 * m[j] + (1 - beta1) * d
            s[j] = beta2 * s[j] + (1 - beta2) * d * d
            x[j] -= rate * (m[j] / (1 - beta1**t)) / (math.sqrt(s[j] / (1 - beta2**t)) + eps)
    return x
