"""Penalties, clipping and norm bounds on the parameters in one place.

    l2          adds (l2 / 2) |w|^2 to the objective: l2 w to the gradient
    l1          adds l1 |w|_1: l1 sign(w) to the gradient
    "adamw"     w <- (1 - eta l2) w before the step, nothing to the gradient [loshchilov2019]
    max_norm    the weights into a neuron are scaled back to that norm after the step [srebro2005]

Only weights are penalised: a bias moves a boundary, it does not bend it (note 001 §2.3).
"""

from typing import Any

import torch

from panlearn.neural_network.training.clipping import check_clipping, clip
from panlearn.neural_network.training.flat_parameters import Segment
from panlearn.neural_network.training.optimizers import AdamW


class Regularization:
    """What happens to gradients before an update, and to parameters after it."""

    def __init__(self, settings: Any, segments: tuple[Segment, ...]) -> None:
        check_clipping(settings.clipping)
        self.l1, self.l2, self.clipping, self.max_norm = (
            settings.l1,
            settings.l2,
            settings.clipping,
            settings.max_norm,
        )
        self.decoupled = settings.optimizer == "adamw" or isinstance(settings.optimizer, AdamW)
        self.gradients = [segment.gradient for segment in segments]
        self.weights = [
            (s.values.detach()[: s.n_weights], s.gradient[: s.n_weights], s.rate) for s in segments if s.n_weights
        ]
        self.neurons = [part.detach() for segment in segments for part in segment.neurons]

    def before(self, rate: float) -> None:
        """Add the gradients of the penalties, clip, or shrink the weights."""
        if self.l1 or (self.l2 and not self.decoupled):
            for weights, gradient, _ in self.weights:
                if self.l2 and not self.decoupled:
                    gradient.add_(weights, alpha=self.l2)
                if self.l1:
                    gradient.add_(weights.sign(), alpha=self.l1)
        if self.clipping is not None:
            clip(self.gradients, self.clipping)
        if self.l2 and self.decoupled:
            for weights, _, factor in self.weights:
                weights.mul_(1 - rate * factor * self.l2)

    def after(self) -> None:
        """Bound the norms of the weights into each neuron."""
        if self.max_norm is not None:
            for neurons in self.neurons:
                torch.renorm(neurons, 2, 0, self.max_norm, out=neurons)
