"""Bars that stand or lie, anywhere in small images, and a training loop of plain torch."""

import numpy as np
import torch


def bars(n: int = 60, side: int = 8, channels: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, side, side[, channels]) of bytes, and whether the bar lies."""
    random = np.random.default_rng(0)
    X, y = random.integers(0, 30, (n, side, side)).astype(np.uint8), np.arange(n) % 2
    for image, lies, (i, j) in zip(X, y, random.integers(0, side - 3, (n, 2))):
        (image.T if lies else image)[i : i + 4, j] = 255
    return (np.repeat(X[..., None], channels, 3) if channels else X), y


def train_plainly(module: torch.nn.Module, X: torch.Tensor, y: torch.Tensor, epochs: int, rate: float) -> list[float]:
    """Full-batch Adam on the cross-entropy; the losses before each step."""
    module.train()
    optimizer, losses = torch.optim.Adam(module.parameters(), lr=rate), []
    for _ in range(epochs):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(X), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
