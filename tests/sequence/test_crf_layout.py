"""The layout of attributes: dense rows and columns of blocks together are the matrix of the tokens."""

import numpy as np
import pytest

from panlearn.sequence import crf_layout
from panlearn.sequence.crf_layout import cut, layout
from tests.oracles.crf_problem import crf_problem, token_scores


@pytest.mark.parametrize("values", [False, True])
@pytest.mark.parametrize("often", [1, 8, 10**6])
def test_every_entry_has_one_place(monkeypatch, values, often):
    monkeypatch.setattr(crf_layout, "OFTEN", often)
    monkeypatch.setattr(crf_layout, "BLOCK_CELLS", 60)
    problem = crf_problem(0, s=40, values=values)
    lay = layout(problem.encoded, problem.features, 3)
    assert len(lay.blocks) > 3
    assert (lay.rows == 0) == (often == 10**6)
    w = np.random.default_rng(0).normal(size=problem.n_weights)
    table, found = np.zeros((lay.rows, lay.width)), np.zeros((len(problem.tags), 3))
    table.reshape(-1)[lay.row_place] = w[lay.row_weight]
    tokens = problem.encoded.offsets[lay.blocks]
    for t in range(len(found)):
        for e in range(lay.dense_indptr[t], lay.dense_indptr[t + 1]):
            found[t] += table[lay.dense_row[e], :3] * (lay.dense_value[e] if values else 1.0)
    for b in range(len(lay.blocks) - 1):
        assert (np.diff(lay.weight[lay.columns[b] : lay.columns[b + 1]]) > 0).all()
        for q in range(lay.columns[b], lay.columns[b + 1]):
            for e in range(lay.indptr[q], lay.indptr[q + 1]):
                token, label = divmod(lay.cell[e], 3)
                found[tokens[b] + token, label] += w[lay.weight[q]] * (lay.value[e] if values else 1.0)
    np.testing.assert_allclose(found, token_scores(problem, w), atol=1e-12)


def test_cut_is_even_and_whole():
    offsets = np.array([0, 3, 3, 10, 11, 20])
    assert cut(offsets, 0, 5, 1) == [0, 5]
    assert cut(offsets, 0, 5, 100) == sorted(set(cut(offsets, 0, 5, 100)))
    edges = cut(offsets, 0, 5, 2)
    assert edges[0] == 0
    assert edges[-1] == 5
    assert cut(np.zeros(1, np.int64), 0, 0, 3) == [0]
