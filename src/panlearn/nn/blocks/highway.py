"""Highway block: a learned gate mixes a layer's output with its input.

    y = T(x) H(x) + (1 - T(x)) x          T(x) = sigmoid(W_T x + b_T)                   [srivastava2015]

A plain layer must learn to copy what it does not change; here T near 0 copies, and the gradient passes unchanged. b_T
starts at -2, so that T is about 0.12: a deep stack begins as a copier and learns where to compute. Against the
residual block it doubles the weights (those of the gate) and can turn the shortcut off. Note 004 §5 (3).
"""

import torch
from torch import Tensor, nn

from panlearn.nn.activations import activation as make_activation
from panlearn.nn.activations import units_per_output


class Highway(nn.Module):
    r"""Gated mixture of a layer and its input, :math:`y = T(x) \circ H(x) + (1 - T(x)) \circ x` [srivastava2015].

    Parameters
    ----------
    features : int
        Size of x on its last axis (with modules of one's own: the channels), kept by the block.
    activation : str or torch.nn.Module, default="relu"
        Of H, when `transform` is not given.
    transform : torch.nn.Module, optional
        H; keeps the shape. By default a linear layer and the activation.
    gate : torch.nn.Module, optional
        Gives the argument of the sigmoid; keeps the shape. By default a linear layer.
    gate_bias : float, default=-2.0
        Start of the gate's biases: negative values let the input through.

    Attributes
    ----------
    transform, gate : torch.nn.Module
        H, and the gate before its sigmoid.

    Raises
    ------
    ValueError
        If H or the gate change the shape.

    Notes
    -----
    Shapes: (b, ..., features) to the same.

    References
    ----------
    [srivastava2015], note 004 §5

    Examples
    --------
    With the gate shut, the block copies its input:

    >>> import torch
    >>> x = torch.randn(4, 3)
    >>> bool(torch.allclose(Highway(3, gate_bias=-50.0)(x), x))
    True
    """

    def __init__(
        self,
        features: int,
        activation: str | nn.Module = "relu",
        *,
        transform: nn.Module | None = None,
        gate: nn.Module | None = None,
        gate_bias: float = -2.0,
    ) -> None:
        super().__init__()
        self.features = features
        self.transform = transform or self._layer(features, activation)
        self.gate = gate or nn.Linear(features, features)
        last = [layer for layer in self.gate.modules() if isinstance(getattr(layer, "bias", None), Tensor)]
        for layer in last[-1:]:
            layer.initial_bias = gate_bias  # type: ignore[assignment]
            nn.init.constant_(layer.bias, gate_bias)  # type: ignore[arg-type]

    @staticmethod
    def _layer(features: int, activation: str | nn.Module) -> nn.Module:
        """Build H."""
        dim = {"dim": -1} if activation == "maxout" else {}
        units = units_per_output(activation) * features
        return nn.Sequential(nn.Linear(features, units), make_activation(activation, **dim))

    def forward(self, x: Tensor) -> Tensor:
        """Mix the input and what the layer makes of it.

        Parameters
        ----------
        x : Tensor
            (b, ..., features).

        Returns
        -------
        Tensor
            The same shape.
        """
        made, share = self.transform(x), torch.sigmoid(self.gate(x))
        if not made.shape == share.shape == x.shape:
            raise ValueError(
                f"a highway block keeps the shape: x is {tuple(x.shape)}, the transform gave {tuple(made.shape)} and "
                f"the gate {tuple(share.shape)}; change the size in a layer before or after it"
            )
        return torch.lerp(x, made, share)  # x + T (H - x)
