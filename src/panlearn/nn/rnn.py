"""The plain recurrent network: each state is made of the input and of the state before.

    h_t = f(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)

x_t is (I,), h_t (H,); f is tanh [elman1990], ReLU or the sigmoid. The last state is a summary of the sequence; the
outputs are all states.

Gradients come back through time [werbos1990] by the product of the Jacobians ∂h_j/∂h_{j-1} = diag(f') W_hh, one a step,

    ∂h_t/∂h_k = Π_{j=k+1..t} ∂h_j/∂h_{j-1}

whose norm is at most (max f' · ‖W_hh‖)^{t-k}: it vanishes or explodes in the distance t - k [bengio1994]. f' is at most
1/4 for the sigmoid, 1 for tanh. ReLU with W_hh = I at the start keeps both state and gradient as they are: `"identity"`
[le2015]. What else helps: gates (`panlearn.nn.LSTM`, `panlearn.nn.GRU`); clipping, against explosion alone.

Cost: 2 H (I + H) multiply-adds a row, and twice that on the way back; steps one after the other.

Course notes: 000 §5.1-§5.2, 001 §8.2, 002 (RNN), 003 §2.1.
"""

from typing import Any

import torch
from torch import Tensor

from panlearn.nn.recurrent import State
from panlearn.nn.rnn_layer import RecurrentLayer, widened
from panlearn.nn.rnn_scan import Inputs, Scan, rnn_scan
from panlearn.nn.steps import Steps

FUSED = {"tanh": torch._VF.rnn_tanh, "relu": torch._VF.rnn_relu}  # type: ignore[attr-defined]
SMALL = 0.001  # standard deviation of the input weights beside W_hh = I [le2015] §3


class RNN(RecurrentLayer):
    """Plain (Elman) recurrent network: h_t = f(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh).

    Signature, shapes and parameters are those of `torch.nn.RNN`: weights load from one into the other.

    Parameters
    ----------
    input_size : int
        Width I of the input.
    hidden_size : int
        Units H.
    num_layers : int, default=1
        Layers, one above the other.
    nonlinearity : {"tanh", "relu", "sigmoid"}, default="tanh"
        f.
    bias : bool, default=True
        Whether there are b_ih and b_hh.
    batch_first : bool, default=False
        Whether sequences come as (B, T, I) rather than (T, B, I).
    dropout : float, default=0.0
        Share of the outputs of each layer but the last that are set to zero in training.
    bidirectional : bool, default=False
        Whether a second network reads each sequence from its end; outputs stand side by side.
    recurrent_dropout : float, default=0.0
        Share of h_{t-1} left out of the recurrent product in training, the same units at all steps of a sequence.
    zoneout : float, default=0.0
        Probability that a unit keeps its value at a step.
    init : {None, "identity"}, default=None
        None: all parameters from U(-1/√H, 1/√H), as torch draws them. "identity": W_hh = I, biases 0, input weights
        normal with standard deviation 0.001, for `nonlinearity="relu"`.
    device : torch.device or str, optional
        Where the parameters shall be.
    dtype : torch.dtype, optional
        Their type.

    Attributes
    ----------
    weight_ih_l[k] : Parameter of shape (H, I)
        W_ih of layer k; for k > 0 its inputs are H or 2 H. With ending `_reverse` that of the other direction.
    weight_hh_l[k] : Parameter of shape (H, H)
        W_hh.
    bias_ih_l[k], bias_hh_l[k] : Parameter of shape (H,)
        b_ih, b_hh.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or an input, state or length does not fit.

    References
    ----------
    [elman1990], [werbos1990], [le2015], [gal2016], [krueger2017], notes 003 §2.1, 002

    Examples
    --------
    With the identity and ReLU a state without input stays as it is, and so does its gradient:

    >>> network = RNN(3, 4, nonlinearity="relu", init="identity")
    >>> first = torch.ones(1, 1, 4, requires_grad=True)
    >>> _, last = network(torch.zeros(100, 1, 3), first)
    >>> last.sum().backward()
    >>> last.flatten().tolist(), first.grad.flatten().tolist()
    ([1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        recurrent_dropout: float = 0.0,
        zoneout: float = 0.0,
        init: str | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        sizes = input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional
        super().__init__(*sizes, recurrent_dropout=recurrent_dropout, zoneout=zoneout)
        if nonlinearity not in ("tanh", "relu", "sigmoid"):
            raise ValueError(f'nonlinearity must be "tanh", "relu" or "sigmoid", got {nonlinearity!r}.')
        if init not in (None, "identity"):
            raise ValueError(f'init must be None or "identity", got {init!r}.')
        self.nonlinearity, self.init = nonlinearity, init
        self._make_parameters(device, dtype)

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        super().reset_parameters()
        for name, parameter in self.named_parameters() if self.init == "identity" else ():
            if name.startswith("weight_hh"):
                torch.nn.init.eye_(parameter)
            elif name.startswith("weight_ih"):
                parameter.normal_(0, SMALL)
            else:
                parameter.zero_()

    def _shapes(self, inputs: int) -> dict[str, tuple[int, ...]]:
        H = self.hidden_size
        return {"weight_ih": (H, inputs), "weight_hh": (H, H)} | (
            {"bias_ih": (H,), "bias_hh": (H,)} if self.bias else {}
        )

    def _fused(self) -> Any:
        return FUSED.get(self.nonlinearity)

    def _scan(self, rows: Tensor, steps: Steps, layer: int, reverse: bool, state: State) -> tuple[Tensor, State]:
        w = self._weights(layer, reverse)
        bias = w["bias_ih"] + w["bias_hh"] if self.bias else rows.new_zeros(self.hidden_size)
        *inputs, weight, first = widened(rows, w["weight_ih"], bias, w["weight_hh"], state[0])
        scan = Scan(steps, reverse, self._draw(steps, weight), self.nonlinearity)
        output, last = rnn_scan(Inputs(*inputs), weight, first, scan)
        return output.to(rows.dtype), (last.to(rows.dtype),)
