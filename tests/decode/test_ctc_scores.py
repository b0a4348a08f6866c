"""What decoders refuse, by name."""

import numpy as np
import pytest
import torch

from panlearn.core.errors import DataError
from panlearn.decode.ctc_scores import utterances_of


def test_forms():
    frames = np.log(np.full((4, 3), 1 / 3))
    one = utterances_of(frames, None, 0)
    assert one.single
    assert one.n_tokens == 3
    assert np.shares_memory(one.frames[0], frames)
    many = utterances_of(torch.from_numpy(frames).float().expand(2, 4, 3), torch.tensor([4, 1]), 2)
    assert [part.shape for part in many.frames] == [(4, 3), (1, 3)]
    assert many.frames[0].dtype == np.float32
    assert not many.single
    assert utterances_of([[[0, -1]], [[0, -2], [-1, 0]]], None, 0).frames[1].dtype == np.float64


def test_refusals():
    frames = np.log(np.full((2, 4, 3), 1 / 3))
    odd = frames.copy()
    odd[1, 2, 0] = np.nan
    impossible = frames.copy()
    impossible[0, 3] = -np.inf
    for value, lengths, blank, words in (
        (odd, None, 0, "frame 2 of utterance 1 has the score nan"),
        (np.where(np.isnan(odd), np.inf, odd), None, 0, "the score inf"),
        (impossible, None, 0, "frame 3 of utterance 0 has no possible token"),
        (frames[0, 0], None, 0, "shape"),
        (frames, [4], 0, "lengths"),
        (frames, [4, 5], 0, "0 to the 4 frames"),
        (frames, [1.0, 2.0], 0, "whole numbers"),
        (list(frames), [4, 4], 0, "leave out"),
        ([frames[0], frames[0, :, :2]], None, 0, "one V"),
        (frames, None, 3, "blank"),
        (frames, None, -1, "blank"),
        (np.array([["a"]]), None, 0, "numbers"),
    ):
        with pytest.raises(DataError, match=words):
            utterances_of(value, lengths, blank)
