"""The gated recurrent unit: two gates let a state stand still, and forget [cho2014].

    r_t = σ(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)                  reset
    z_t = σ(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)                  update
    n_t = tanh(W_in x_t + b_in + r_t ∘ (W_hn h_{t-1} + b_hn))       candidate; `reset_after=True`, torch's
    n_t = tanh(W_in x_t + b_in + W_hn (r_t ∘ h_{t-1}) + b_hn)       `reset_after=False`, the paper's and the notes'
    h_t = z_t ∘ h_{t-1} + (1 - z_t) ∘ n_t

Where z is near 1 both the state and its gradient pass unchanged: ∂h_t/∂h_{t-1} = diag(z_t) + ... The notes write z for
1 - z; as σ(-a) = 1 - σ(a), that is the same network with the signs of W_iz, W_hz and their biases turned.

A GRU has three quarters of an LSTM's weights and no separate cell; it cannot count without bound, as h stays within
(-1, 1) if it begins there. Resetting after the product makes all three products one.

Cost: 3 H (I + H) multiply-adds a row, and twice that on the way back; steps one after the other.

Course notes: 000 §5.6, 002 (GRU), 003 §2.4, 004 §1.
"""

from typing import Any

import torch
from torch import Tensor

from panlearn.nn.gru_scan import GRUScan, gru_scan
from panlearn.nn.recurrent import State
from panlearn.nn.rnn_layer import RecurrentLayer, widened
from panlearn.nn.rnn_scan import Inputs
from panlearn.nn.steps import Steps


class GRU(RecurrentLayer):
    """Gated recurrent units, in torch's convention or the paper's.

    Signature, shapes and parameters are those of `torch.nn.GRU`: weights load from one into the other.

    Parameters
    ----------
    input_size : int
        Width I of the input.
    hidden_size : int
        Units H.
    num_layers : int, default=1
        Layers, one above the other.
    bias : bool, default=True
        Whether there are biases.
    batch_first : bool, default=False
        Whether sequences come as (B, T, I) rather than (T, B, I).
    dropout : float, default=0.0
        Share of the outputs of each layer but the last that are set to zero in training.
    bidirectional : bool, default=False
        Whether a second network reads each sequence from its end; outputs stand side by side.
    reset_after : bool, default=True
        Whether the reset gate works on the product W_hn h + b_hn, as in torch and cuDNN, or on h before it, as in the
        paper and the notes.
    recurrent_dropout : float, default=0.0
        Share of h_{t-1} left out of the recurrent product in training, the same units at all steps of a sequence.
    zoneout : float, default=0.0
        Probability that a unit keeps its value at a step.
    device : torch.device or str, optional
        Where the parameters shall be.
    dtype : torch.dtype, optional
        Their type.

    Attributes
    ----------
    weight_ih_l[k] : Parameter of shape (3H, I)
        W_ir, W_iz, W_in of layer k, one below the other; for k > 0 its inputs are H or 2 H.
        With ending `_reverse` those of the other direction.
    weight_hh_l[k] : Parameter of shape (3H, H)
        W_hr, W_hz, W_hn.
    bias_ih_l[k], bias_hh_l[k] : Parameter of shape (3H,)
        b_ir, b_iz, b_in and b_hr, b_hz, b_hn.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or an input, state or length does not fit.

    References
    ----------
    [cho2014], [chung2014], [gal2016], [krueger2017], notes 002 (GRU), 003 §2.4

    Examples
    --------
    An update gate that is shut keeps the state:

    >>> unit = GRU(3, 2)
    >>> with torch.no_grad():
    ...     _ = unit.bias_ih_l0[2:4].fill_(50.0)
    >>> _, last = unit(torch.randn(100, 1, 3), torch.tensor([[[0.25, -0.5]]]))
    >>> last.tolist()
    [[[0.25, -0.5]]]
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        reset_after: bool = True,
        recurrent_dropout: float = 0.0,
        zoneout: float = 0.0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        sizes = input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional
        super().__init__(*sizes, recurrent_dropout=recurrent_dropout, zoneout=zoneout)
        if not isinstance(reset_after, bool):
            raise ValueError(f"reset_after must be True or False, got {reset_after!r}.")
        self.reset_after = reset_after
        self._make_parameters(device, dtype)

    def _shapes(self, inputs: int) -> dict[str, tuple[int, ...]]:
        H = self.hidden_size
        return {"weight_ih": (3 * H, inputs), "weight_hh": (3 * H, H)} | (
            {"bias_ih": (3 * H,), "bias_hh": (3 * H,)} if self.bias else {}
        )

    def _fused(self) -> Any:
        return torch._VF.gru if self.reset_after else None  # type: ignore[attr-defined]

    def _scan(self, rows: Tensor, steps: Steps, layer: int, reverse: bool, state: State) -> tuple[Tensor, State]:
        w, H = self._weights(layer, reverse), self.hidden_size
        inner, bias = rows.new_zeros(H), rows.new_zeros(3 * H)
        if self.bias:
            bias = w["bias_ih"] + w["bias_hh"]
            if self.reset_after:
                inner = w["bias_hh"][2 * H :]
                bias = torch.cat([bias[: 2 * H], w["bias_ih"][2 * H :]])
        *inputs, weight, inner, first = widened(rows, w["weight_ih"], bias, w["weight_hh"], inner, state[0])
        scan = GRUScan(steps, reverse, self._draw(steps, weight), self.reset_after)
        output, last = gru_scan(Inputs(*inputs), weight, inner, first, scan)
        return output.to(rows.dtype), (last.to(rows.dtype),)
