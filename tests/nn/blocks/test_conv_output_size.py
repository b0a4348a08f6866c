"""Sizes of feature maps."""

import itertools

import pytest
import torch
from torch.nn import functional as F

from panlearn.nn import conv_output_size


def test_matches_peer():
    axes = itertools.product(range(3, 12), (1, 2, 3, 5), (1, 2, 3), (0, 1, 2), (1, 2))
    checked = 0
    for size, kernel, stride, padding, dilation in axes:
        image, weight = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel)
        if dilation * (kernel - 1) + 1 > size + 2 * padding:
            with pytest.raises(ValueError, match="does not fit"):
                conv_output_size(size, kernel, stride, padding, dilation)
            continue
        peer = F.conv1d(image, weight, stride=stride, padding=padding, dilation=dilation).shape[2]
        assert conv_output_size(size, kernel, stride, padding, dilation) == peer
        if padding <= kernel // 2:
            for up in (False, True):
                pooled = F.max_pool1d(image, kernel, stride, padding, dilation, ceil_mode=up).shape[2]
                assert conv_output_size(size, kernel, stride, padding, dilation, ceil_mode=up) == pooled
                checked += 1
    assert checked > 500


def test_two_axes_and_named_paddings():
    weight, image = torch.zeros(1, 1, 3, 4), torch.zeros(1, 1, 9, 12)
    assert (
        conv_output_size((9, 12), (3, 4), (2, 1), (0, 1))
        == F.conv2d(image, weight, stride=(2, 1), padding=(0, 1)).shape[2:]
    )
    assert conv_output_size((9, 12), (3, 5), padding="same") == (9, 12)
    assert conv_output_size(9, 3, padding="valid") == 7


def test_worked_examples_of_the_notes():
    assert conv_output_size((6, 6), 3) == (4, 4)  # 001 §6.2
    assert (conv_output_size(32, 5), conv_output_size(28, 2, 2)) == (28, 14)  # 002
    assert conv_output_size(7, 2, 2) == 3  # 002 would round 3.5 up
    assert conv_output_size(7, 2, 2, ceil_mode=True) == 4


def test_edge_cases():
    with pytest.raises(ValueError, match="kernel_size must be one or 2 whole numbers"):
        conv_output_size((4, 4), (3, 3, 3))
    with pytest.raises(ValueError, match="stride must be one or 1 whole numbers of at least 1"):
        conv_output_size(4, 3, 0)
    with pytest.raises(ValueError, match="'same' needs stride 1"):
        conv_output_size(4, 3, 2, "same")
    with pytest.raises(ValueError, match="'same' or 'valid', got 'full'"):
        conv_output_size(4, 3, padding="full")
    with pytest.raises(ValueError, match="does not fit into 0 places"):
        conv_output_size(0, 1)
