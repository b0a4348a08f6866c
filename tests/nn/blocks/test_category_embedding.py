"""Vectors for categories: one-hot times a matrix."""

from typing import Any

import torch
from torch.nn import functional as F

from panlearn.nn import CategoryEmbedding
from panlearn.nn.blocks.category_embedding import width


def test_matches_oracle():
    torch.manual_seed(0)
    embedding: Any = CategoryEmbedding([4, 7])
    codes = torch.stack([torch.randint(0, 5, (20,)), torch.randint(0, 8, (20,))], 1)
    parts = [F.one_hot(codes[:, j], k + 1).float() @ embedding.tables[j].weight for j, k in enumerate((4, 7))]
    torch.testing.assert_close(embedding(codes), torch.cat(parts, 1))
    assert embedding.width == embedding(codes).shape[1] == width(4) + width(7)


def test_vectors_are_as_long_as_a_one_hot_column():
    torch.manual_seed(0)
    embedding: Any = CategoryEmbedding([2000])
    table = embedding.tables[0].weight[:-1]
    assert abs(table.square().sum(1).mean().item() - 1) < 0.05


def test_only_the_rows_in_the_batch_learn():
    embedding: Any = CategoryEmbedding([5])
    embedding(torch.tensor([[1], [3]])).sum().backward()
    touched = embedding.tables[0].weight.grad.abs().sum(1) > 0
    assert touched.tolist() == [False, True, False, True, False, False]
