"""Residual block: a stack of layers learns what to add to its input.

    y = f(x + F(x))                       f: an activation, or nothing                        [he2016]

To be no worse than a shallower network, F has only to become 0, where a plain stack has to learn the identity. And
dy/dx = I + F'(x): however small F' is, the gradient arrives at the layers below. No weights are added, unless the
shape changes: then a projection takes the place of x (a 1 x 1 convolution, a linear layer). Note 004 §5.

A chain of n such blocks whose F' have variance v multiplies the signal's variance by (1 + v)^n: normalise inside F, or
start F's last layer at 0.
"""

from torch import Tensor, nn

from panlearn.nn.activations import activation as make_activation


class Residual(nn.Module):
    r"""Sum of a body and its input, :math:`y = f(x + F(x))` [he2016].

    Parameters
    ----------
    body : torch.nn.Module
        F, any module of one input.
    shortcut : torch.nn.Module, optional
        Takes the place of x where the body changes the shape.
    activation : str or torch.nn.Module, default="identity"
        f: "relu" as in the first paper; none, with normalisation and activation first in the body, trains best when
        there are hundreds of blocks [he2016b].

    Raises
    ------
    ValueError
        If the body's output and the shortcut's have different shapes.

    References
    ----------
    [he2016], [he2016b], note 004 §5

    Examples
    --------
    Fifty sigmoid layers in blocks pass the gradient on; the same layers in a plain chain do not:

    >>> import torch
    >>> from torch import nn
    >>> _ = torch.manual_seed(0)
    >>> layers = [nn.Sequential(nn.Linear(10, 10), nn.Sigmoid()) for _ in range(50)]
    >>> for chain in (nn.Sequential(*layers), nn.Sequential(*map(Residual, layers))):
    ...     x = torch.ones(1, 10, requires_grad=True)
    ...     chain(x).sum().backward()
    ...     print(bool(x.grad.norm() > 1e-12))
    False
    True
    """

    def __init__(
        self, body: nn.Module, shortcut: nn.Module | None = None, activation: str | nn.Module = "identity"
    ) -> None:
        super().__init__()
        self.body = body
        self.shortcut = shortcut or nn.Identity()
        self.activation = make_activation(activation)

    def forward(self, x: Tensor) -> Tensor:
        """Add what the body makes of x to x.

        Parameters
        ----------
        x : Tensor
            Whatever the body takes.

        Returns
        -------
        Tensor
            Of the body's shape.
        """
        added, kept = self.body(x), self.shortcut(x)
        if added.shape != kept.shape:
            raise ValueError(
                f"the body gave {tuple(added.shape)} and the shortcut {tuple(kept.shape)}: pass a shortcut that "
                f"changes the shape alike, as nn.Linear or a 1 x 1 nn.Conv2d with the body's stride"
            )
        return self.activation(added + kept)
