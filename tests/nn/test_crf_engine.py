"""Kernels and tensor operations give the same sums, and kernels hand over where exp underflows."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from panlearn.core.errors import DataError
from panlearn.nn import crf_engine
from panlearn.nn.crf_engine import Scores
from panlearn.nn.crf_layout import Layout, Potentials

CPU = torch.device("cpu")
MASK = torch.tensor([[0, 1, 0, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0], [1, 1, 0, 0, 0]], dtype=torch.bool)


def problem(spread=1.0, low=0.0) -> tuple[Scores, Layout]:
    random = torch.Generator().manual_seed(0)
    draw = lambda *shape: torch.randn(*shape, generator=random, dtype=torch.float64)  # noqa: E731
    return Scores(spread * draw(4, 5, 3), draw(3, 3) + low), Layout((4, 5), MASK, CPU)


def whole(scores: Scores) -> Potentials:
    none = torch.zeros(3, dtype=torch.float64)
    return Potentials(scores.frames, none, scores.transitions, none)


@pytest.mark.parametrize(("spread", "low"), [(1.0, 0.0), (100.0, -5000.0)])
def test_both_ways_agree(monkeypatch, spread, low):
    scores, layout = problem(spread, low)
    scores.transitions[0, 1] -= 3 * abs(low)
    weight = torch.tensor([1.0, -1.0, 2.0, 0.5], dtype=torch.float64)
    U = torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def everything():
        found = [
            *crf_engine.sums(scores, layout, weight),
            crf_engine.log_partition(scores, layout),
            *crf_engine.curvature(scores, layout, (U, U[0, :3]), weight),
        ]
        return found, crf_engine.best(whole(scores), layout)

    by_kernels, paths = everything()
    monkeypatch.setattr(crf_engine, "serves", lambda device: False)
    by_tensors, other_paths = everything()
    assert paths == other_paths
    for a, b in zip(by_kernels, by_tensors):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)


def test_types():
    potentials = Potentials(*(torch.zeros(shape, dtype=torch.bfloat16) for shape in ((1, 2, 3), (3,), (3, 3), (3,))))
    scores = crf_engine.prepare(potentials, Layout((1, 2), None, CPU))
    assert {x.dtype for x in scores} == {torch.float64}
    elsewhere = torch.device("meta")
    found = [crf_engine.working_dtype(elsewhere, d) for d in (torch.bfloat16, torch.float32, torch.float64)]
    assert found == [torch.float32, torch.float32, torch.float64]


def test_several_best_are_ordered_and_end():
    scores, layout = problem()
    tags, found = crf_engine.several_best(scores, layout, 12)
    assert [len(each) for each in tags] == [12, 12, 1, 9]
    assert tags[3][0] == crf_engine.best(whole(scores), layout)[3]
    assert tags[2] == [[]]
    assert found[2].tolist() == [0.0] + [-np.inf] * 11
    assert all(a >= b for row in found.tolist() for a, b in pairwise(row))
    assert len({tuple(path) for path in tags[1]}) == 12


def test_no_tagging():
    scores, layout = problem()
    scores.frames[3, 1] = -torch.inf
    for call in (crf_engine.sums, crf_engine.log_partition, lambda x, layout: crf_engine.best(whole(x), layout)):
        with pytest.raises(DataError, match="sequence 3"):
            call(scores, layout)
    scores.frames[3, 1] = 0.0
    scores.transitions[:] = -torch.inf
    with pytest.raises(DataError, match="sequence 0"):
        crf_engine.sums(scores, layout)
