"""Bias, variance and noise by their definitions, one row and one model at a time [domingos2000] [james2003]."""

from collections import Counter
from typing import Any


def squared(predictions: Any, truth: Any, noise: float) -> tuple[float, float, float]:
    """Bias², variance and error of each row against the truth, averaged: B models are all there are."""
    m, B = len(truth), len(predictions)
    bias = variance = 0.0
    for j in range(m):
        main = sum(predictions[b][j] for b in range(B)) / B
        bias += (truth[j] - main) ** 2 / m
        variance += sum((predictions[b][j] - main) ** 2 for b in range(B)) / B / m
    return bias, variance, bias + variance + noise


def zero_one(predictions: Any, probabilities: Any) -> dict[str, float]:
    """Effects of bias, variance and noise; probabilities[j] maps each label to its probability."""
    m, B = len(probabilities), len(predictions)
    names: list[str] = ["loss", "bias", "variance", "noise", "unbiased", "biased"]
    found = dict.fromkeys(names, 0.0)
    for j in range(m):
        votes = Counter(predictions[b][j] for b in range(B))
        main = min(votes, key=lambda label: (-votes[label], label))
        best = min(probabilities[j], key=lambda label: (-probabilities[j][label], label))
        wrong = {label: 1 - probabilities[j].get(label, 0.0) for label in {*votes, *probabilities[j]}}
        loss = sum(votes[label] / B * wrong[label] for label in votes)
        found["loss"] += loss / m
        found["noise"] += wrong[best] / m
        found["bias"] += (wrong[main] - wrong[best]) / m
        found["variance"] += (loss - wrong[main]) / m
        if main == best:
            found["unbiased"] += (1 - votes[main] / B) / m
        else:
            found["biased"] += votes[best] / B / m
    return found
