"""Convolution over words: equal to loops and to conv1d, with exact gradients, blind to padding."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck

from panlearn.nn.blocks import word_convolution
from tests.oracles.text_convolution import window_scores

convolve_words: Any = word_convolution.convolve_words  # its arguments come from `problem`


def problem(seed=0, u=6, d=3, f=2, widths=(1, 2, 3), lengths=(4, 1, 3, 2), dtype=torch.float64) -> Any:
    random = torch.Generator().manual_seed(seed)
    draw = lambda *shape: torch.randn(*shape, generator=random, dtype=dtype)  # noqa: E731
    words = torch.randint(0, u, (len(lengths), max(lengths)), generator=random)
    return draw(u, d), draw(sum(widths), f, d), draw(len(widths) * f), words, torch.tensor(lengths), widths


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 1000),
    st.lists(st.integers(1, 7), min_size=1, max_size=4),
    st.lists(st.integers(1, 5), min_size=1, max_size=3),
)
def test_matches_oracle(seed, lengths, widths):
    *given_, words, sizes, widths = problem(seed, widths=tuple(widths), lengths=tuple(lengths))
    scores = convolve_words(*given_, words, sizes, widths)
    vectors, filters, shift = (t.numpy() for t in given_)
    for row, text, n in zip(scores, words, sizes):
        expected = window_scores(vectors, filters, shift, text[:n].numpy(), widths)
        for part, wanted in zip(row.split(filters.shape[1], 1), expected):
            np.testing.assert_allclose(part[: len(wanted)], wanted, atol=1e-12)
            assert (part[len(wanted) :] == -torch.inf).all()


def test_matches_peer():
    """conv1d over the padded vectors."""
    vectors, filters, shift, words, _, widths = problem(lengths=(5, 5))
    scores = convolve_words(vectors, filters, shift, words, torch.tensor([5, 5]), widths)
    first = 0
    for w, h in enumerate(widths):
        weight = filters[first : first + h].permute(1, 2, 0)  # (F, d, h)
        bias = shift[2 * w : 2 * w + 2]
        expected = torch.nn.functional.conv1d(vectors[words].transpose(1, 2), weight, bias, padding=h - 1)
        torch.testing.assert_close(scores[:, : 5 + h - 1, 2 * w : 2 * w + 2], expected.transpose(1, 2))
        first += h


def test_by_torch_is_the_same():
    given_ = problem(3)
    a, b = convolve_words(*given_), word_convolution.convolve_by_torch(*given_)
    torch.testing.assert_close(a, b)


@pytest.mark.parametrize("pool", ["max", "sum"])
def test_gradient(pool):
    """Few scores with a gradient (single products) and all of them (matrix products)."""
    *given_, words, lengths, widths = problem(1)
    given_ = [t.requires_grad_() for t in given_]

    def pooled(*tensors):
        scores = convolve_words(*tensors, words, lengths, widths)
        return scores.max(1).values[:1] if pool == "max" else scores.clamp(min=-50).square()

    assert gradcheck(pooled, given_)
    share = torch.count_nonzero(torch.autograd.grad(pooled(*given_).sum(), given_[2])[0]) / 6
    assert share > 0


@pytest.mark.parametrize("sparse", [0.0, 1.0])
def test_both_ways_back_agree(monkeypatch, sparse):
    *given_, words, lengths, widths = problem(2, u=9, lengths=(7, 2, 5))
    given_ = [t.requires_grad_() for t in given_]
    expected = torch.autograd.grad(
        word_convolution.convolve_by_torch(*given_, words, lengths, widths).max(1).values.square().sum(), given_
    )
    monkeypatch.setattr(word_convolution, "SPARSE", sparse)
    found = torch.autograd.grad(convolve_words(*given_, words, lengths, widths).max(1).values.square().sum(), given_)
    for a, b in zip(found, expected):
        torch.testing.assert_close(a, b)


def test_padding_is_ignored():
    *given_, words, lengths, widths = problem(4, lengths=(5, 2))
    other = words.clone()
    other[1, 2:] = 0
    longer = torch.nn.functional.pad(other, (0, 3), value=1)
    a, b, c = (convolve_words(*given_, w, lengths, widths) for w in (words, other, longer))
    torch.testing.assert_close(a, b)
    torch.testing.assert_close(a, c[:, : a.shape[1]])
    assert (c[:, a.shape[1] :] == -torch.inf).all()


def test_mixed_precision_keeps_float32():
    given_ = problem(5, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        scores = convolve_words(*given_)
    assert scores.dtype == torch.float32
    torch.testing.assert_close(scores, convolve_words(*given_))
