"""Which frames of a batch count."""

import numpy as np
import torch

from panlearn.nn.crf_layout import Layout, Potentials

CPU = torch.device("cpu")
MASK = torch.tensor([[0, 1, 0, 1], [1, 1, 1, 1], [0, 0, 0, 0], [1, 0, 0, 0]], dtype=torch.bool)


def test_rows_owners_and_offsets():
    layout = Layout((4, 4), MASK, CPU)
    assert layout.rows is not None
    assert layout.rows.tolist() == [1, 3, 4, 5, 6, 7, 12]
    assert layout.owner.tolist() == [0, 0, 1, 1, 1, 1, 3]
    assert layout.offsets.tolist() == [0, 2, 6, 6, 7]
    assert layout.lengths.tolist() == [2, 4, 0, 1]
    assert layout.n_frames == 7
    x = torch.arange(48.0).reshape(4, 4, 3)
    assert torch.equal(layout.gather(x), x[MASK])
    assert torch.equal(layout.scatter(layout.gather(x)), x * MASK[..., None])


def test_a_mask_that_is_on_everywhere_is_none():
    for mask in (None, torch.ones(2, 3, dtype=torch.bool)):
        layout = Layout((2, 3), mask, CPU)
        assert layout.mask is None
        assert layout.rows is None
        assert layout.offsets.tolist() == [0, 3, 6]
        assert layout.owner.tolist() == [0, 0, 0, 1, 1, 1]
        assert layout.n_frames == 6


def test_first_and_last_scores_go_to_the_outermost_frames():
    for mask in (MASK, None):
        layout = Layout((4, 4), mask, CPU)
        emissions = torch.zeros(4, 4, 2)
        start, end = torch.tensor([1.0, 2.0]), torch.tensor([10.0, 20.0])
        folded = layout.fold(Potentials(emissions, start, torch.zeros(2, 2), end), torch.float64)
        assert (emissions == 0).all()
        assert folded.dtype == torch.float64
        for s, on in enumerate(MASK if mask is not None else torch.ones(4, 4, dtype=torch.bool)):
            own = folded[s][on].numpy()
            if len(own):
                expected = np.zeros_like(own)
                expected[0] += start.numpy()
                expected[-1] += end.numpy()
                np.testing.assert_array_equal(own, expected)
                first, last = layout.outermost(folded)
                np.testing.assert_array_equal(first[s], own[0])
                np.testing.assert_array_equal(last[s], own[-1])
