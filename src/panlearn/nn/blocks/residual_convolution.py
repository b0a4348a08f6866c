"""Two convolutions and a way past them: y = f(S(x) + F(x)) [he2016].

F = conv, norm, f, conv, norm. S is the identity where F keeps the shape, else a 1 x 1 convolution with the same step
and a norm. The gradient reaches x through S undiminished, however small dF/dx is; a block that is not needed has only
to learn F = 0, which is where it starts: the gain of its last norm is 0 [goyal2017] (note 004 §5).
"""

from torch import nn

from panlearn.nn.blocks.convolution import Convolution
from panlearn.nn.blocks.residual import Residual


class ResidualConvolution(Residual):
    """Residual block of two 3 x 3 convolutions with batch normalisation.

    Parameters
    ----------
    in_channels, out_channels : int
        Maps in and out.
    stride : int, default=1
        Step of the first convolution: 2 halves height and width.
    activation : str, default="relu"
        A name of `panlearn.nn.activation` that keeps the shape.
    dropout : float, default=0.0
        Share of whole maps dropped between the convolutions.

    References
    ----------
    [he2016], [goyal2017], note 004 §5

    Examples
    --------
    A fresh block passes on what is positive:

    >>> import torch
    >>> block = ResidualConvolution(2, 2).eval()
    >>> x = torch.rand(1, 2, 5, 5)
    >>> torch.equal(block(x), x)
    True
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, *, activation: str = "relu", dropout: float = 0.0
    ) -> None:
        first = Convolution(in_channels, out_channels, 3, stride, activation=activation)
        second = Convolution(out_channels, out_channels, 3, activation=None)
        nn.init.zeros_(second.norm.weight)
        same = stride == 1 and in_channels == out_channels
        shortcut = None if same else Convolution(in_channels, out_channels, 1, stride, activation=None)
        body = nn.Sequential(first, *([nn.Dropout2d(dropout)] if dropout else []), second)
        super().__init__(body, shortcut, activation)
