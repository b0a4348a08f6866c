"""Normal classes by their definitions: means, covariances and densities in loops."""

import numpy as np


def class_sums(X, y, weight, n_classes):
    """Weight, mean and scatter matrix of each class."""
    p = X.shape[1]
    total, mean, scatter = np.zeros(n_classes), np.zeros((n_classes, p)), np.zeros((n_classes, p, p))
    for x, k, w in zip(X, y, weight, strict=True):
        total[k] += w
        mean[k] += w * x
    mean /= np.where(total > 0, total, 1)[:, None]
    for x, k, w in zip(X, y, weight, strict=True):
        scatter[k] += w * np.outer(x - mean[k], x - mean[k])
    return total, mean, scatter


def log_posteriors(X, means, covariances, priors):
    """Logarithms of P(k | x) from densities with the inverse and determinant written out."""
    out = np.empty((len(X), len(means)))
    for i, x in enumerate(X):
        for k, (mean, covariance, prior) in enumerate(zip(means, covariances, priors, strict=True)):
            d = x - mean
            out[i, k] = np.log(prior) - 0.5 * np.linalg.slogdet(covariance)[1] - 0.5 * d @ np.linalg.inv(covariance) @ d
        top = out[i].max()
        out[i] -= top + np.log(np.exp(out[i] - top).sum())
    return out


def ledoit_wolf(Z):
    """Intensity from centred rows, the variance of each entry of the covariance summed in loops."""
    n, p = Z.shape
    S = Z.T @ Z / n
    m = np.trace(S) / p
    distance = np.sum((S - m * np.eye(p)) ** 2) / p
    noise = sum(np.sum((np.outer(z, z) - S) ** 2) for z in Z) / (p * n * n)
    return min(noise, distance) / distance
