"""Jordan's network: what is fed back is the output, not the hidden state [jordan1986].

    h_t = f(W_ih x_t + b_ih + W_yh y_{t-1})
    y_t = g(W_hy h_t + b_hy)

x_t is (I,), h_t (H,), y_t (O,). The network remembers only what it has said: y is a narrow memory that can be looked
at, and, where the right outputs are known, be taught. g = softmax feeds back a distribution over labels, as in slot
filling [mesnil2013]; Elman's network (`panlearn.nn.RNN`) feeds back h instead.

Cost: H (I + 2 O) multiply-adds a row, and twice that on the way back.

Course notes: 000 §5.2, 001 §8.2, 003 §2.1.
"""

from typing import Any

from torch import Tensor

from panlearn.nn.jordan_scan import JordanScan, JordanWeights, jordan_scan
from panlearn.nn.recurrent import State
from panlearn.nn.rnn_functions import NONLINEARITIES
from panlearn.nn.rnn_layer import RecurrentLayer, widened
from panlearn.nn.rnn_scan import Inputs
from panlearn.nn.steps import Steps


class JordanRNN(RecurrentLayer):
    """Jordan's recurrent network: h_t = f(W_ih x_t + b_ih + W_yh y_{t-1}), y_t = g(W_hy h_t + b_hy).

    Outputs and states are y; layers above the first read the y of the one below.

    Parameters
    ----------
    input_size : int
        Width I of the input.
    hidden_size : int
        Units H.
    output_size : int
        Outputs O.
    num_layers : int, default=1
        Layers, one above the other.
    nonlinearity : {"tanh", "relu", "sigmoid", "identity"}, default="tanh"
        f.
    output_nonlinearity : {"tanh", "relu", "sigmoid", "identity", "softmax"}, default="tanh"
        g.
    bias : bool, default=True
        Whether there are b_ih and b_hy.
    batch_first : bool, default=False
        Whether sequences come as (B, T, I) rather than (T, B, I).
    dropout : float, default=0.0
        Share of the outputs of each layer but the last that are set to zero in training.
    bidirectional : bool, default=False
        Whether a second network reads each sequence from its end; outputs stand side by side.
    recurrent_dropout : float, default=0.0
        Share of y_{t-1} left out of the recurrent product in training, the same at all steps of a sequence.
    zoneout : float, default=0.0
        Probability that an output keeps its value at a step.
    device : torch.device or str, optional
        Where the parameters shall be.
    dtype : torch.dtype, optional
        Their type.

    Attributes
    ----------
    weight_ih_l[k] : Parameter of shape (H, I)
        W_ih of layer k; for k > 0 its inputs are O or 2 O. With ending `_reverse` that of the other direction.
    weight_yh_l[k] : Parameter of shape (H, O)
        W_yh.
    weight_hy_l[k] : Parameter of shape (O, H)
        W_hy.
    bias_ih_l[k], bias_hy_l[k] : Parameter of shape (H,), (O,)
        b_ih, b_hy.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or an input, state or length does not fit.

    References
    ----------
    [jordan1986], [mesnil2013], notes 000 §5.2, 003 §2.1

    Examples
    --------
    What was said before the first step is all that the past can do: with the same y the future is the same.

    >>> import torch
    >>> network, x = JordanRNN(2, 8, 1), torch.randn(5, 1, 2)
    >>> y, last = network(x)
    >>> y.shape, torch.equal(last[0], y[-1])
    (torch.Size([5, 1, 1]), True)
    >>> rest, _ = network(x[2:], y[1:2])
    >>> torch.allclose(rest, y[2:])
    True
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        output_nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        recurrent_dropout: float = 0.0,
        zoneout: float = 0.0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        sizes = input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional
        super().__init__(*sizes, recurrent_dropout=recurrent_dropout, zoneout=zoneout)
        if isinstance(output_size, bool) or not isinstance(output_size, int) or output_size < 1:
            raise ValueError(f"output_size must be an integer of at least 1, got {output_size!r}.")
        known = list(NONLINEARITIES)
        if nonlinearity not in known or nonlinearity == "softmax":
            raise ValueError(f"nonlinearity must be one of {known[:-1]}, got {nonlinearity!r}.")
        if output_nonlinearity not in known:
            raise ValueError(f"output_nonlinearity must be one of {known}, got {output_nonlinearity!r}.")
        self.output_size = output_size
        self.nonlinearity, self.output_nonlinearity = nonlinearity, output_nonlinearity
        self._make_parameters(device, dtype)

    @property
    def _output_size(self) -> int:
        return self.output_size

    def _state_sizes(self) -> tuple[int, ...]:
        return (self.output_size,)

    def _shapes(self, inputs: int) -> dict[str, tuple[int, ...]]:
        H, O = self.hidden_size, self.output_size
        return {"weight_ih": (H, inputs), "weight_yh": (H, O), "weight_hy": (O, H)} | (
            {"bias_ih": (H,), "bias_hy": (O,)} if self.bias else {}
        )

    def _scan(self, rows: Tensor, steps: Steps, layer: int, reverse: bool, state: State) -> tuple[Tensor, State]:
        w = self._weights(layer, reverse)
        below = w["bias_ih"] if self.bias else rows.new_zeros(self.hidden_size)
        bias = w["bias_hy"] if self.bias else rows.new_zeros(self.output_size)
        given = rows, w["weight_ih"], below, w["weight_yh"], w["weight_hy"], bias, state[0]
        *inputs, feedback, weight, bias, first = widened(*given)
        scan = JordanScan(steps, reverse, self._draw(steps, weight), self.nonlinearity, self.output_nonlinearity)
        output, last = jordan_scan(Inputs(*inputs), JordanWeights(feedback, weight, bias), first, scan)
        return output.to(rows.dtype), (last.to(rows.dtype),)
