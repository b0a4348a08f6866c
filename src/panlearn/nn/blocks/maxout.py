"""Maxout: the activation is the largest of k units, and what it looks like is learned.

    h_j(x) = max_{i = 1..k} (w_ij . x + b_ij)                                     [goodfellow2013]

The maximum of k lines is convex and piecewise linear with up to k pieces: with k = 2, weights 1 and 0 make it a ReLU,
1 and -1 the absolute value. Like ReLU it has slope 1 on the piece in use, so gradients do not shrink; unlike ReLU no
unit is ever dead, for one piece is always in use. It costs k times the weights of the layer before it. Note 001 §7.1.1.
"""

from torch import Tensor, nn


class Maxout(nn.Module):
    r"""Largest unit of each group of neighbours, :math:`h_j = \max_{i<k} z_{jk+i}` [goodfellow2013].

    The layer before it has `pieces` units for each output: `nn.Sequential(nn.Linear(p, 2 * m), Maxout(2))` gives m
    outputs, `nn.Sequential(nn.Conv2d(c, 2 * m, 3), Maxout(2))` m maps. At a tie the gradient is shared equally.

    Parameters
    ----------
    pieces : int, default=2
        Units in a group, k >= 1.
    dim : int, default=1
        Axis of the units: 1 for tables (b, m) and maps (b, m, h, w), -1 for sequences (b, t, m).

    Raises
    ------
    ValueError
        If `pieces` is not a positive whole number, or does not divide the units.

    Notes
    -----
    Shapes: (b, k m, ...) to (b, m, ...).

    References
    ----------
    [goodfellow2013], note 001 §7.1.1

    Examples
    --------
    Pieces x and -x make the absolute value:

    >>> import torch
    >>> x = torch.tensor([[-2.0], [3.0]])
    >>> Maxout(2)(torch.cat([x, -x], 1)).ravel()
    tensor([2., 3.])
    """

    def __init__(self, pieces: int = 2, dim: int = 1) -> None:
        super().__init__()
        if not isinstance(pieces, int) or pieces < 1:
            raise ValueError(f"pieces must be a whole number of at least 1, got {pieces!r}")
        self.pieces, self.dim = pieces, dim

    def forward(self, z: Tensor) -> Tensor:
        """Take the largest of each group.

        Parameters
        ----------
        z : Tensor
            Units, (b, k m, ...).

        Returns
        -------
        Tensor
            (b, m, ...).
        """
        if z.shape[self.dim] % self.pieces:
            raise ValueError(
                f"Maxout(pieces={self.pieces}) got {z.shape[self.dim]} units on axis {self.dim}, which {self.pieces} "
                f"does not divide: give the layer before it {self.pieces} units for each output"
            )
        return z.unflatten(self.dim, (-1, self.pieces)).amax(self.dim + 1 if self.dim >= 0 else self.dim)

    def extra_repr(self) -> str:
        """Return what stands between the brackets when it is printed.

        Returns
        -------
        str
        """
        return f"pieces={self.pieces}, dim={self.dim}"
