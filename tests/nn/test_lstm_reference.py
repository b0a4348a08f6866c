"""The tensor path: torch's cell, and what each variant adds to it."""

import torch

from panlearn.nn.lstm_reference import LSTMWeights, Scan, lstm_cell, lstm_reference
from panlearn.nn.recurrent_noise import Noise
from panlearn.nn.steps import steps_of

torch.manual_seed(0)
CELL = torch.nn.LSTMCell(2, 3)
X, H, C = torch.randn(5, 2), torch.randn(5, 3), torch.randn(5, 3)


def gates() -> torch.Tensor:
    return X @ CELL.weight_ih.T + CELL.bias_ih + CELL.bias_hh


def test_plain_cell_is_torchs():
    for ours, theirs in zip(lstm_cell(gates(), H, C, LSTMWeights(CELL.weight_ih, CELL.weight_hh)), CELL(X, (H, C))):
        torch.testing.assert_close(ours, theirs)


def test_closed_peepholes_change_nothing():
    weights = LSTMWeights(CELL.weight_ih, CELL.weight_hh, peephole=torch.zeros(3, 3))
    torch.testing.assert_close(lstm_cell(gates(), H, C, weights)[0], CELL(X, (H, C))[0])


def test_coupled_cells_stay_between_old_and_new():
    weights = LSTMWeights(CELL.weight_ih[3:], CELL.weight_hh[3:])
    assert weights.coupled
    inner = C.clamp(-1, 1)
    assert lstm_cell(gates()[:, 3:], H, inner, weights)[1].abs().max() <= 1


def test_normalised_products_forget_their_scale():
    weights = LSTMWeights(CELL.weight_ih, CELL.weight_hh, norm_ih=torch.ones(12), norm_hh=torch.ones(12))
    scan = Scan(steps_of(None, 1, 5), False, Noise())
    larger = weights._replace(weight_ih=10 * CELL.weight_ih, weight_hh=7 * CELL.weight_hh)
    first, second = (lstm_reference(X, (H, C), w, scan)[0] for w in (weights, larger))
    torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-3)


def test_projection_is_applied_to_h():
    R = torch.randn(2, 3)
    weights = LSTMWeights(CELL.weight_ih, CELL.weight_hh[:, :2], weight_hr=R)
    plain = LSTMWeights(CELL.weight_ih, torch.cat([CELL.weight_hh[:, :2], torch.zeros(12, 1)], 1))
    h, _ = lstm_cell(gates(), H, C, plain)
    torch.testing.assert_close(lstm_cell(gates(), H[:, :2], C, weights)[0], h @ R.T)
