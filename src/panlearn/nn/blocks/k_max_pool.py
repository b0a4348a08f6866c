"""k-max pooling: the k largest values of each filter over a sequence, in the order in which they stand.

    p_1 < ... < p_k  the places of the k largest of x_1 .. x_t;      y_i = x_{p_i}          [kalchbrenner2014]

1-max pooling keeps the best match of a filter and forgets its other matches; the mean dilutes all. k-max keeps several
and their order, not their distance, and makes rows of any length equally long. Of equal values (zeros behind a ReLU)
the earliest are kept, so the answer is the same on every machine. A row with fewer than k values ends in zeros.

On the CPU one pass keeps the k best so far sorted, t comparisons a row and a few moves: half the time of torch's `topk`
and a sort of its places. Note 004 §6.
"""

import torch
from torch import Tensor, nn

from panlearn.core.jit import kernel


@kernel(inline=True)
def beats(value, other):
    """Tell whether a value comes before another; NaN comes before all, so that it shows."""
    return value > other or (value != value and other == other)


@kernel
def largest_places(x, counts, lengths, places):  # fills places; (n, t), (b,), (b,), (n, k), n a multiple of b
    """Find the places of the largest values of each row, in ascending order; t stands for none."""
    per = len(x) // len(counts)  # filters
    for i in range(len(x)):
        row, best = x[i], places[i]
        best[:] = x.shape[1]
        k, found = min(counts[i // per], lengths[i // per]), 0
        for j in range(lengths[i // per] if k else 0):
            value = row[j]
            if found == k and not beats(value, row[best[k - 1]]):
                continue
            q = min(found, k - 1)
            while q > 0 and beats(value, row[best[q - 1]]):
                best[q] = best[q - 1]
                q -= 1
            best[q] = j
            found = min(found + 1, k)
        for a in range(1, k):  # back into the order of the sequence
            place, q = best[a], a
            while q > 0 and best[q - 1] > place:
                best[q] = best[q - 1]
                q -= 1
            best[q] = place


def k_max_pool(x: Tensor, k: int | Tensor, lengths: Tensor | None = None) -> Tensor:
    """Return the k largest values of each filter in the order of the sequence.

    Parameters
    ----------
    x : Tensor
        Feature maps, (b, c, t).
    k : int or Tensor
        Values to keep; (b,) for a number of each row's own.
    lengths : Tensor, optional
        True lengths of the rows, (b,): what stands behind them is not looked at.

    Returns
    -------
    Tensor
        (b, c, max k); zeros behind the values of a row that has fewer.
    """
    b, c, t = x.shape
    most = k if isinstance(k, int) else int(k.max()) if b else 0
    if not t:
        return x.new_zeros(b, c, most)
    counts = torch.full((b,), k) if isinstance(k, int) else k.long()
    lengths = torch.full((b,), t) if lengths is None else lengths.long().clamp(max=t)
    select = selected if x.device.type == "cpu" else selected_by_sorting
    places = select(x.detach(), counts.to(lengths.device), lengths, most)
    values = x.gather(2, places.clamp(max=t - 1))
    return torch.where(places < t, values, 0)


def selected(x: Tensor, counts: Tensor, lengths: Tensor, most: int) -> Tensor:
    """Places of the values to keep, (b, c, most), on the CPU; t for none."""
    b, c, t = x.shape
    if not x.numel() or not most:
        return torch.full((b, c, most), t)
    places = torch.empty((b, c, most), dtype=torch.int64)
    rows = (x if x.dtype == torch.float64 else x.float()).contiguous().view(b * c, t)
    largest_places(rows.numpy(), counts.numpy(), lengths.numpy(), places.view(b * c, most).numpy())
    return places


def selected_by_sorting(x: Tensor, counts: Tensor, lengths: Tensor, most: int) -> Tensor:
    """The same places from torch's operations, on any device."""
    t = x.shape[2]
    steps = torch.arange(max(t, most), device=x.device)
    counts, lengths = counts.to(x.device)[:, None, None], lengths.to(x.device)[:, None, None]
    hidden = x.masked_fill(steps[:t] >= lengths, -torch.inf)
    order = torch.sort(hidden, dim=2, descending=True, stable=True).indices[:, :, :most]
    order = nn.functional.pad(order, (0, most - order.shape[2]), value=t)
    return order.masked_fill(steps[:most] >= torch.minimum(counts, lengths), t).sort(dim=2).values


class KMaxPool1d(nn.Module):
    r"""The k largest values of each filter, in the order of the sequence [kalchbrenner2014].

    Parameters
    ----------
    k : int, default=1
        Values to keep of each filter; 1 is max pooling over time.

    Raises
    ------
    ValueError
        If k is not a positive whole number, or the input has not three axes.

    Notes
    -----
    Shapes: (b, c, t) to (b, c, k), for any t; a row shorter than k ends in zeros.

    References
    ----------
    [kalchbrenner2014], note 004 §6

    Examples
    --------
    >>> import torch
    >>> KMaxPool1d(3)(torch.tensor([[[1.0, 9.0, 2.0, 8.0, 7.0]]]))
    tensor([[[9., 8., 7.]]])
    >>> KMaxPool1d(2)(torch.tensor([[[5.0, 1.0, 6.0, 9.0]]]), lengths=torch.tensor([3]))  # the 9 is padding
    tensor([[[5., 6.]]])
    """

    def __init__(self, k: int = 1) -> None:
        super().__init__()
        if not isinstance(k, int) or k < 1:
            raise ValueError(f"k must be a whole number of at least 1, got {k!r}")
        self.k = k

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Pool over the sequence.

        Parameters
        ----------
        x : Tensor
            Feature maps, (b, c, t).
        lengths : Tensor, optional
            True lengths of the rows, (b,).

        Returns
        -------
        Tensor
            (b, c, k).
        """
        if x.ndim != 3:
            raise ValueError(f"KMaxPool1d takes feature maps (rows, filters, steps), got shape {tuple(x.shape)}")
        return k_max_pool(x, self.k, lengths)

    def extra_repr(self) -> str:
        """Return what stands between the brackets when it is printed.

        Returns
        -------
        str
        """
        return f"k={self.k}"
