"""Long short-term memory: a recurrent network whose cells keep what they hold until a gate says otherwise.

    i, f, g, o = W x_t + U h_{t-1} + b
    c_t = σ(f) ∘ c_{t-1} + σ(i) ∘ tanh(g),        h_t = σ(o) ∘ tanh(c_t)

Along the cells ∂c_t/∂c_{t-1} is the forget gate, a number and not a matrix: where it is near 1, gradients live on for
hundreds of steps, whereas those of a plain network shrink or grow by a factor at each [hochreiter1997], [gers2000].
They can still explode through h, so that clipping stays useful.

Variants, which may be joined (`variant=("peephole", "coupled")`), all run in the same kernels at the same speed:

    "peephole"      gates see the cell they guard: for exact timing [gers2002]
    "coupled"       i = 1 - f: a quarter of the weights less, and about as good [greff2017]
    "layer_norm"    products and cell normalised over the units: less sensitive to the start, to the scale [ba2016]
    "ordered"       cells are erased in order, so that a hierarchy appears [shen2019]; goes with no other

Gaps of unequal length cost nothing: `lengths=` works on the rows there are. Course notes: 000 §5.4, 003 §2.2.
"""

import math
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from panlearn.nn.lstm_delegate import Settings, torch_lstm
from panlearn.nn.lstm_reference import LSTMWeights, Scan
from panlearn.nn.lstm_scan import lstm_scan
from panlearn.nn.ordered_lstm import ordered_scan, ordered_sizes
from panlearn.nn.recurrent import Recurrent, State
from panlearn.nn.recurrent_noise import draw_noise, noise_settings
from panlearn.nn.steps import Steps

VARIANTS = ("coupled", "layer_norm", "ordered", "peephole", "standard")


class LSTM(Recurrent):
    """Long short-term memory with torch's signature, variants, noise, and sequences of unequal length.

    Parameters
    ----------
    input_size, hidden_size : int
        Width I of the input, and H of the state.
    num_layers : int, default=1
        Layers, one above the other.
    bias : bool, default=True
        Whether gates have biases.
    batch_first : bool, default=False
        Whether sequences come as (B, T, I) rather than (T, B, I).
    dropout : float, default=0.0
        Share of outputs of each layer but the last that are set to zero in training.
    bidirectional : bool, default=False
        Whether a second cell reads each sequence from its end; outputs stand side by side.
    proj_size : int, default=0
        Width of h if it is to be a projection of o ∘ tanh(c); 0 for none.
    variant : str or tuple of str, default="standard"
        "standard", "peephole", "coupled", "layer_norm", or several of these; or "ordered".
    chunk_size : int, optional
        With "ordered": cells that share a master gate.
    recurrent_dropout : float, default=0.0
        Share of h left out as it enters the recurrent product: the same units at all steps of a sequence [gal2016].
    zoneout : float or (float, float), default=0.0
        Probability that a unit keeps its old value at a step, of h and c, or of each [krueger2017].
    device : torch.device or str, optional
        Where the parameters shall be.
    dtype : torch.dtype, optional
        Their type.

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, weight_hr_l0, weight_ih_l0_reverse, ... : Parameter
        As torch's: blocks of H rows for i, f, g, o; without i in the coupled variant.
    peephole_l0, ... : Parameter of shape (3, H)
        Of i, f and o.
    norm_ih_l0, norm_hh_l0, ... : Parameter of shape (G H,)
        Gains of the two products.
    norm_c_l0, ... : Parameter of shape (2, H)
        Gain and bias of the cell.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or variants do not go together.

    References
    ----------
    [hochreiter1997], [gers2000], [gers2002], [greff2017], [ba2016], [sak2014], notes 000 §5.4, 003 §2.2

    Examples
    --------
    The plain one is torch's, weights and all, and needs no packed sequences:

    >>> import torch
    >>> theirs, ours = torch.nn.LSTM(3, 5), LSTM(3, 5)
    >>> _ = ours.load_state_dict(theirs.state_dict())
    >>> x, lengths = torch.randn(7, 2, 3), torch.tensor([4, 7])
    >>> output, (h, c) = ours(x, lengths=lengths)
    >>> torch.allclose(output[:4, :1], theirs(x[:4, :1])[0], atol=1e-6), torch.equal(h[0, 0], output[3, 0])
    (True, True)
    """

    n_states: ClassVar[int] = 2

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        variant: str | tuple[str, ...] = "standard",
        chunk_size: int | None = None,
        recurrent_dropout: float = 0.0,
        zoneout: float | tuple[float, float] = 0.0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        if isinstance(proj_size, bool) or not isinstance(proj_size, int) or not 0 <= proj_size < hidden_size:
            raise ValueError(f"proj_size must be an integer from 0 to hidden_size - 1, got {proj_size!r}.")
        self.proj_size, self.variant, self.chunk_size = proj_size, variant, chunk_size
        self.recurrent_dropout, self.zoneout = recurrent_dropout, zoneout
        self._noise = noise_settings(recurrent_dropout, zoneout, 2)
        self._parts = _parts(variant)
        if chunk_size is not None and "ordered" not in self._parts:
            raise ValueError(f'chunk_size belongs to variant="ordered", got variant={variant!r}.')
        if "ordered" in self._parts and proj_size:
            raise ValueError('variant="ordered" takes no proj_size.')
        self._make_parameters({"device": device, "dtype": dtype})
        self.reset_parameters()

    def _make_parameters(self, factory: dict[str, Any]) -> None:
        for layer in range(self.num_layers):
            for ending in ("", "_reverse")[: 2 if self.bidirectional else 1]:
                for name, shape in self._shapes(layer).items():
                    self.register_parameter(f"{name}_l{layer}{ending}", nn.Parameter(torch.empty(shape, **factory)))

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        """Parameters of one direction of a layer, torch's first and in its order."""
        H, width = self.hidden_size, self._output_size
        inputs = width * (2 if self.bidirectional else 1) if layer else self.input_size
        rows = 3 * H if "coupled" in self._parts else 4 * H
        if "ordered" in self._parts:
            rows, _ = ordered_sizes(H, self.chunk_size)
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, inputs), "weight_hh": (rows, width)}
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, H)
        if "peephole" in self._parts:
            shapes["peephole"] = (3, H)
        if "layer_norm" in self._parts:
            shapes |= {"norm_ih": (rows,), "norm_hh": (rows,), "norm_c": (2, H)}
        return shapes

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw all parameters from U(-1/√H, 1/√H) in torch's order, peepholes after the rest; gains are 1."""
        bound = 1 / math.sqrt(self.hidden_size)
        later = [(name, p) for name, p in self.named_parameters() if name.startswith(("peephole", "norm"))]
        for name, p in [*(x for x in self.named_parameters() if x[0].startswith(("weight", "bias"))), *later]:
            if name.startswith("norm"):
                p.fill_(1.0)
                if p.ndim == 2:
                    p[1].zero_()
            else:
                p.uniform_(-bound, bound)

    @property
    def _output_size(self) -> int:
        return self.proj_size or self.hidden_size

    def _state_sizes(self) -> tuple[int, ...]:
        return self._output_size, self.hidden_size

    def _layers(self, rows: Tensor, steps: Steps, state: list[State]) -> tuple[Tensor, list[State]]:
        if self._parts or not steps.whole or any(self._noise) or (self.training and self.dropout):
            return super()._layers(rows, steps, state)
        directions = "", "_reverse"
        names = [
            f"{name}_l{layer}{ending}"
            for layer in range(self.num_layers)
            for ending in directions[: 1 + self.bidirectional]
            for name in self._shapes(layer)
        ]
        h, c = (torch.stack(kind) for kind in zip(*state))
        settings = Settings(self.bias, self.num_layers, self.bidirectional)
        padded = rows.unflatten(0, (-1, steps.n_sequences))
        weights = [getattr(self, name) for name in names]
        output, h, c = torch_lstm(padded, h, c, weights, settings)
        return output.flatten(0, 1), list(zip(h.unbind(), c.unbind()))

    def _scan(self, rows: Tensor, steps: Steps, layer: int, reverse: bool, state: State) -> tuple[Tensor, State]:
        dtype = torch.promote_types(rows.dtype, torch.float32)  # half precision is kept between layers only
        w = {name: p.to(dtype) for name, p in self._weights(layer, reverse).items()}
        inner = rows.to(dtype)
        h, c = (x.to(dtype) for x in state)
        noise = draw_noise(self._noise, steps, inner, self._state_sizes(), self.training)
        if "ordered" in self._parts:
            gates = linear(inner, w["weight_ih"], w["bias_ih"] + w["bias_hh"] if self.bias else None)
            output, last = ordered_scan(gates, w["weight_hh"], (h, c), steps, reverse, noise)
        else:
            output, last = lstm_scan(inner, (h, c), LSTMWeights(**w), Scan(steps, reverse, noise))
        return output.to(rows.dtype), tuple(x.to(rows.dtype) for x in last)

    def extra_repr(self) -> str:
        """Sizes, and what differs from the default.

        Returns
        -------
        str
            As they would be written in a call.
        """
        said = [f"{self.input_size}, {self.hidden_size}"]
        for name, default in [("num_layers", 1), ("bias", True), ("batch_first", False), ("dropout", 0.0)]:
            said += [f"{name}={getattr(self, name)!r}"] if getattr(self, name) != default else []
        for name, default in [
            ("bidirectional", False),
            ("proj_size", 0),
            ("variant", "standard"),
            ("chunk_size", None),
        ]:
            said += [f"{name}={getattr(self, name)!r}"] if getattr(self, name) != default else []
        for name in ("recurrent_dropout", "zoneout"):
            said += [f"{name}={getattr(self, name)!r}"] if getattr(self, name) != 0.0 else []
        return ", ".join(said)


def _parts(variant: Any) -> frozenset[str]:
    """What the variant departs in from the plain cell."""
    names = tuple(variant) if isinstance(variant, (tuple, list, set, frozenset)) else (variant,)
    for name in names or ("",):
        if name not in VARIANTS:
            raise ValueError(f"variant must be one of {list(VARIANTS)}, or a tuple of these, got {variant!r}.")
    if "ordered" in names and len(set(names)) > 1:
        raise ValueError(f'variant "ordered" goes with no other, got {variant!r}.')
    return frozenset(names) - {"standard"}
