"""Small fits for the tests of the engine."""

from typing import Any

import torch
from torch import nn

from panlearn.neural_network.training.batches import Batches, TensorRows
from panlearn.neural_network.training.loop import start
from panlearn.neural_network.training.objective import OBJECTIVES
from panlearn.neural_network.training.run import Run
from panlearn.neural_network.training.settings import Settings


def table(
    n: int = 90, p: int = 4, seed: int = 0, dtype: torch.dtype = torch.float32
) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    X = torch.randn(n, p, generator=random, dtype=dtype)
    return X, (X[:, 0] * X[:, 1] > 0).long()


def network(p: int = 4, dropout: float = 0.0, seed: int = 0, dtype: torch.dtype = torch.float32) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(p, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 2)).to(dtype)


def begin(
    module: nn.Module | None = None, data: Any = None, size: int = 16, loss: str = "cross_entropy", **settings
) -> Run:
    """A run that has not begun to train."""
    X, y = data or table()
    batches = Batches(TensorRows((X,)), y, None, size)
    chosen = Settings(**{"max_epochs": 3, **settings})
    return start(module or network(), batches, OBJECTIVES[loss], chosen)


def weights(run: Run) -> torch.Tensor:
    return torch.cat([value.detach().double().flatten() for value in run.module.state_dict().values()])
