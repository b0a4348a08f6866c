"""Dynamic k-max pooling [kalchbrenner2014]: of each filter's scores keep the k largest, in the order they stood in.

k grows with the text, so that a long one keeps more, and shrinks from layer to layer down to k_top:

    k_l = max(k_top, ceil((L - l) / L * s))        layer l of L, s words in the text

The last layer keeps k_top, and what comes after it sees the same number of features for every text. The order of the
kept scores is that of the text: "not good" and "good not" differ.

Cost: t log k a filter and row. Course note: 004 §6.
"""

import torch
from torch import Tensor, nn

from panlearn.nn.blocks.k_max_pool import k_max_pool


class DynamicKMaxPool1d(nn.Module):
    """Keep the k largest scores of each filter, k by the length of the text.

    Parameters
    ----------
    k_top : int
        Scores kept by the last layer, at least 1.
    layer : int
        Which layer this is, from 1.
    n_layers : int
        Layers there are; with `layer == n_layers` k is `k_top` for every text.

    References
    ----------
    [kalchbrenner2014] §3.4, note 004 §6

    Examples
    --------
    First of two layers: half of four scores.

    >>> import torch
    >>> pool = DynamicKMaxPool1d(1, layer=1, n_layers=2)
    >>> kept, sizes = pool(torch.tensor([[[3.0, 1.0, 4.0, 2.0]]]), torch.tensor([4]))
    >>> kept.tolist(), sizes.tolist()
    ([[[3.0, 4.0]]], [2])
    """

    def __init__(self, k_top: int, layer: int = 1, n_layers: int = 1) -> None:
        super().__init__()
        if k_top < 1:
            raise ValueError(f"k_top must be at least 1, got {k_top}.")
        if not 1 <= layer <= n_layers:
            raise ValueError(f"layer must be in [1, n_layers], got layer={layer} of n_layers={n_layers}.")
        self.k_top, self.layer, self.n_layers = k_top, layer, n_layers

    def forward(self, scores: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Pool a batch.

        Parameters
        ----------
        scores : Tensor of shape (b, c, t)
            Minus infinity where there is no score.
        lengths : Tensor of shape (b,), int64
            Words of each text.

        Returns
        -------
        kept : Tensor of shape (b, c, max k)
            Zeros behind the k scores of a row, and where a row has fewer than k.
        sizes : Tensor of shape (b,)
            k of each row.
        """
        share = self.n_layers - self.layer
        sizes = (-(-lengths * share // self.n_layers)).clamp(min=self.k_top)  # ceil, in whole numbers
        kept = k_max_pool(scores, sizes)  # (b, c, max k)
        return kept.masked_fill(kept == -torch.inf, 0.0), sizes

    def extra_repr(self) -> str:
        """Say the settings."""
        return f"k_top={self.k_top}, layer={self.layer}, n_layers={self.n_layers}"
