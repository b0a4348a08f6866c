"""How the rows of a piece lie among all rows."""

import numpy as np
import torch

from panlearn.nn.lstm_kernels import move, rows_of
from panlearn.nn.lstm_reference import LSTMWeights, Scan
from panlearn.nn.lstm_scan import pieces
from panlearn.nn.recurrent_noise import Noise
from panlearn.nn.steps import steps_of

WEIGHTS = LSTMWeights(torch.zeros(4, 1), torch.zeros(4, 1))


def cut(count, back=False):
    steps = steps_of(torch.tensor([6, 2, 2, 2]), 6, 4)
    return pieces(Scan(steps, False, Noise()), torch.zeros(1), WEIGHTS, count, back)


def test_pieces_have_about_as_many_rows():
    assert [(p.walk.first, p.walk.stop) for p in cut(2)] == [(0, 1), (1, 4)]  # a long one weighs as much as three short
    assert [p.own.tolist() for p in cut(2)] == [[0, 1, 2, 3, 4, 5, 6], [0, 3, 6, 6, 6, 6, 6]]
    assert [(p.walk.first, p.walk.stop) for p in cut(1)] == [(0, 4)]


def test_rows_of_a_piece():
    assert [rows_of(cut(2)[1], s) for s in range(3)] == [(1, 3, 0), (5, 3, 3), (9, 0, 6)]
    assert rows_of(cut(2, back=True)[1], 5) == (1, 3, 0)


def test_pieces_move_there_and_back():
    everything = np.arange(12.0)[:, None] * [1, -1]
    result = np.zeros_like(everything)
    for piece in cut(2):
        own = np.empty((6, 2))
        move(piece, everything, own, True)
        move(piece, result, own, False)
    np.testing.assert_array_equal(result, everything)
