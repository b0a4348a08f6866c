"""Convolution over words: S[b, p, (h, f)] = bias + sum_j W[h, j, f] . e(x[b, p - h + 1 + j]), for several widths h.

A window of h words ends at position p, and slides over the text from the first window that meets a word to the last
(wide convolution [kalchbrenner2014]: a text of n words has n + h - 1 windows, so the shortest text has one). Outside
the text there is nothing, which adds nothing.

Symbols: b rows, t words of the longest row, u different words in the batch, d dimensions of a word, H = sum of the
widths, F filters of each width.

The usual way copies every window into a matrix and multiplies: b t d H F products. But a product e . W[h, j, f] hangs
on the word alone, and a batch has half as many different words as words (by Zipf's law less still if it is large):

    forward     P = E W'                                   (u, H F): one matrix product, no windows
                S[b, p, h] = bias + sum_j P[x[b, p-h+1+j], h, j]      sums of rows of P
    backward    dW[h, j, f] += g e(x),  de(x) += g W[h, j, f]         for each g = dS[b, p, h, f] that is not 0

Pooling that keeps one window of each filter leaves one g in about t that is not 0, dropout behind it half of those:
the backward pass then costs less than the forward one. Where many are not 0 (average pooling), they are gathered in
dP, and two matrix products do the rest. Cost forward: u d H F products; peers' b t d H F, three times in all.

Course note: 004 §6.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from panlearn.core.jit import kernel

SPARSE = 0.15  # share of the gradients that are not 0, up to which single products beat matrix products


@kernel
def slide(products, words, lengths, widths, bias, scores):  # fills scores
    """Sum the products of the words in each window; windows behind the end of a text score minus infinity."""
    n_filters = products.shape[2]
    for b in range(words.shape[0]):
        for p in range(scores.shape[1]):
            first = 0  # tap at which a width begins
            for w in range(len(widths)):
                h, out = widths[w], scores[b, p, w * n_filters : (w + 1) * n_filters]
                if p >= lengths[b] + h - 1:
                    out[:] = -np.inf
                else:
                    out[:] = bias[w * n_filters : (w + 1) * n_filters]
                    for i in range(max(0, p - h + 1), min(p + 1, lengths[b])):
                        row = products[words[b, i], first + i - p + h - 1]
                        for f in range(n_filters):
                            out[f] += row[f]
                first += h


@kernel
def slide_back(gradient, words, lengths, widths, products):  # adds to products
    """Transpose of `slide`: the gradient of each product of a word and a tap."""
    n_filters = products.shape[2]
    for b in range(words.shape[0]):
        for p in range(gradient.shape[1]):
            first = 0
            for w in range(len(widths)):
                h, given = widths[w], gradient[b, p, w * n_filters : (w + 1) * n_filters]
                if p < lengths[b] + h - 1:
                    for i in range(max(0, p - h + 1), min(p + 1, lengths[b])):
                        row = products[words[b, i], first + i - p + h - 1]
                        for f in range(n_filters):
                            row[f] += given[f]
                first += h


@kernel
def by_filter(gradient, ends, places):  # fills both; (windows, widths x F)
    """Windows whose score has a gradient, one filter after the other."""
    ends[:] = 0
    for p in range(gradient.shape[0]):
        for c in range(gradient.shape[1]):
            ends[c] += gradient[p, c] != 0
    total = 0
    for c in range(len(ends)):
        ends[c], total = total, total + ends[c]  # where each begins; moved to its end below
    for p in range(gradient.shape[0]):
        for c in range(gradient.shape[1]):
            if gradient[p, c] != 0:
                places[ends[c]] = p
                ends[c] += 1


@kernel
def scatter(gradient, found, words, lengths, widths, vectors, weight, d_vectors, d_weight):  # adds to the last two
    """Gradients of vectors and weights, from the few scores that have one; a filter stays in the nearest cache."""
    ends, places = found
    n_windows, n_filters = gradient.shape[1], weight.shape[1]
    begin, first = 0, 0
    for w in range(len(widths)):
        h = widths[w]
        for f in range(n_filters):
            c = w * n_filters + f
            for place in places[begin : ends[c]]:
                b, p = place // n_windows, place % n_windows
                g = gradient[b, p, c]
                for i in range(max(0, p - h + 1), min(p + 1, lengths[b])):
                    u, tap = words[b, i], first + i - p + h - 1
                    vector, filter_ = vectors[u], weight[tap, f]
                    d_vector, d_filter = d_vectors[u], d_weight[tap, f]
                    for k in range(len(vector)):
                        d_vector[k] += g * filter_[k]
                        d_filter[k] += g * vector[k]
            begin = ends[c]
        first += h


class _Convolution(torch.autograd.Function):
    """One node for all widths."""

    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
    def forward(ctx: Any, vectors: Tensor, weight: Tensor, bias: Tensor, *places: Any) -> Tensor:
        words, lengths, widths = places
        ctx.save_for_backward(vectors, weight, words, lengths)
        ctx.widths = np.array(widths)
        products = (vectors @ weight.flatten(0, 1).T).view(len(vectors), *weight.shape[:2])  # (u, H, F)
        scores = vectors.new_empty(len(words), words.shape[1] + max(widths) - 1, len(bias))  # (b, p, widths x F)
        arrays = (t.detach().numpy() for t in (products, words, lengths))
        slide(*arrays, ctx.widths, bias.detach().numpy(), scores.numpy())
        return scores

    @staticmethod
    @once_differentiable
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx: Any, *gradients: Any) -> tuple:  # pyright: ignore[reportIncompatibleMethodOverride]
        vectors, weight, *places = (t.detach() for t in ctx.saved_tensors)
        gradient = gradients[0].contiguous()
        words, lengths = (t.numpy() for t in places)
        found = int(torch.count_nonzero(gradient))
        if found <= SPARSE * gradient.numel():
            d_vectors, d_weight = torch.zeros_like(vectors), torch.zeros_like(weight)
            arrays = (t.numpy() for t in (vectors, weight, d_vectors, d_weight))
            lists = np.empty(gradient.shape[2], np.int64), np.empty(found, np.int64)
            by_filter(gradient.flatten(0, 1).numpy(), *lists)
            scatter(gradient.numpy(), lists, words, lengths, ctx.widths, *arrays)
        else:
            products = vectors.new_zeros(len(vectors), *weight.shape[:2])
            slide_back(gradient.numpy(), words, lengths, ctx.widths, products.numpy())
            d_vectors = products.flatten(1) @ weight.flatten(0, 1)
            d_weight = (products.flatten(1).T @ vectors).view_as(weight)
        return d_vectors, d_weight, gradient.sum((0, 1)), None, None, None


def convolve_by_torch(
    vectors: Tensor, weight: Tensor, bias: Tensor, words: Tensor, lengths: Tensor, widths: Any
) -> Any:
    """Compute the same by torch's own operations, on any device, differentiable as often as you like."""
    reach, n_filters = max(widths) - 1, weight.shape[1]
    products = (vectors @ weight.flatten(0, 1).T).view(len(vectors), *weight.shape[:2])
    products = torch.cat([products, products.new_zeros(1, *products.shape[1:])])  # the last row: no word
    inside = torch.arange(words.shape[1], device=words.device) < lengths[:, None]
    padded = torch.nn.functional.pad(words.where(inside, len(vectors)), (reach, reach), value=len(vectors))
    n_windows, first, scores = words.shape[1] + reach, 0, []
    for h, shift in zip(widths, bias.split(n_filters)):
        taps = (products[padded[:, reach - h + 1 + j : reach - h + 1 + j + n_windows], first + j] for j in range(h))
        behind = torch.arange(n_windows, device=words.device) >= lengths[:, None] + h - 1
        scores.append((sum(taps) + shift).masked_fill(behind[..., None], -torch.inf))
        first += h
    return torch.cat(scores, 2)


def convolve_words(
    vectors: Tensor, weight: Tensor, bias: Tensor, words: Tensor, lengths: Tensor, widths: tuple[int, ...]
) -> Tensor:
    """Scores of all windows of a batch of texts.

    Parameters
    ----------
    vectors : Tensor of shape (u, d)
        Vectors of the words.
    weight : Tensor of shape (H, F, d)
        Filters: the taps of the first width, first word first, then those of the next.
    bias : Tensor of shape (len(widths) * F,)
        What is added to a filter's scores.
    words : Tensor of shape (b, t), int64
        Rows of `vectors`; what stands behind the end of a text plays no part.
    lengths : Tensor of shape (b,), int64
        Words of each text, at least 1.
    widths : tuple of int
        Words in a window.

    Returns
    -------
    Tensor of shape (b, t + max(widths) - 1, len(widths) * F)
        Minus infinity for windows behind the end of a text.

    Examples
    --------
    A filter of width 2 over the text 1, 2, 3, of one dimension: the windows (1), (1, 2), (2, 3), (3).

    >>> import torch
    >>> vectors, weight = torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([[[10.0]], [[1.0]]])
    >>> words, lengths = torch.tensor([[0, 1, 2]]), torch.tensor([3])
    >>> convolve_words(vectors, weight, torch.zeros(1), words, lengths, (2,)).flatten()
    tensor([ 1., 12., 23., 30.])
    """
    # a compiler cannot see into a kernel
    by_kernel = vectors.device.type == "cpu" and not torch.compiler.is_compiling()
    by: Any = _Convolution.apply if by_kernel else convolve_by_torch
    return by(vectors, weight, bias, words, lengths, tuple(widths))
