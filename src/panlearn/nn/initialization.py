"""Starting weights: as large as keeps signals and gradients alive through the layers.

With f inputs of variance v a unit sum_j w_j x_j has variance f Var(w) v. Ten layers with f Var(w) = 1/2 shrink a signal
a thousandfold, backward as forward. So the variance of the weights is gain^2 / fan:

    scheme               Var(w)              law       for
    xavier_uniform       2 / (f_in + f_out)  uniform   sigmoid, tanh [glorot2010]          ("glorot_uniform")
    xavier_normal        2 / (f_in + f_out)  normal                                        ("glorot_normal")
    he_uniform           g^2 / f_in          uniform   ReLU and its like [he2015]          ("kaiming_uniform")
    he_normal            g^2 / f_in          normal                                        ("kaiming_normal")
    lecun_uniform        1 / f_in            uniform   [lecun1998b]
    lecun_normal         1 / f_in            normal    selu [klambauer2017]
    orthogonal           W W' = g^2 I                  very deep chains [saxe2014]
    identity             W = I                         ReLU and recurrent chains [le2015], note 004 §3
    sklearn              2 or 6 / 3 (f_in + f_out), uniform, biases too: as scikit-learn's MLP draws them
    torch                1 / (3 f_in), uniform, biases too: torch's own start, left as it is
    auto                 he_normal for piecewise linear and smooth ReLUs, lecun_normal for selu, else xavier_uniform

g is the gain of the activation f, 1 / sqrt(E f(z)^2) for normal z: it restores the second moment that the activation
takes away, and is sqrt(2) for ReLU. Biases start at 0. f_in counts the inputs of a unit, f_out the units that read an
input; in a convolution, times the size of its kernel. Zeros would be no start: equal units stay equal for ever.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Generator, Tensor, nn

from panlearn.nn.activations import ACTIVATIONS, activation
from panlearn.nn.blocks.maxout import Maxout

Network = TypeVar("Network", bound=nn.Module)
LAYERS = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)
RELU_LIKE = ("relu", "leaky_relu", "prelu", "elu", "gelu", "silu", "softplus", "maxout")
ALIASES = {
    "glorot_uniform": "xavier_uniform",
    "glorot_normal": "xavier_normal",
    "kaiming_uniform": "he_uniform",
    "kaiming_normal": "he_normal",
}


class Fans(NamedTuple):
    """What the weights of a layer connect."""

    inputs: float  # weights into a unit
    outputs: float  # weights out of an input


def fans(layer: nn.Module) -> Fans:
    """Count the connections of a unit and of an input of a layer."""
    weight: Any = layer.weight
    field = math.prod(weight.shape[2:])
    first, second, groups = weight.shape[0] * field, weight.shape[1] * field, getattr(layer, "groups", 1)
    if getattr(layer, "transposed", False):  # weight: (in, out / groups, ...)
        return Fans(first / groups, second)
    return Fans(second, first / groups)  # weight: (out, in / groups, ...)


def gain(function: str | nn.Module, **settings: Any) -> float:
    """Return 1 / sqrt(E f(z)^2) for an activation f and normal z: what its weights are multiplied by.

    Parameters
    ----------
    function : str or torch.nn.Module
        The activation.
    **settings
        As for `activation`.

    Returns
    -------
    float

    Examples
    --------
    >>> round(gain("relu") ** 2, 6), round(gain("identity"), 6), round(gain("maxout"), 6)
    (2.0, 1.0, 1.0)
    """
    built = activation(function, **settings)
    z = torch.linspace(-12, 12, 24001, dtype=torch.float64)
    density = torch.exp(-z.square() / 2)
    if isinstance(built, Maxout):  # the largest of k normal numbers
        density, values = density * torch.special.ndtr(z) ** (built.pieces - 1), z
    else:
        with torch.no_grad():
            values = built.double()(z[:, None])[:, 0]
    second_moment = float((density * values.square()).sum() / density.sum())
    return 1 / math.sqrt(second_moment) if second_moment else 1.0


def _uniform(weight: Tensor, variance: float, random: Generator | None) -> None:
    """Draw weights of a variance, evenly."""
    bound = math.sqrt(3 * variance)
    weight.uniform_(-bound, bound, generator=random)


def _normal(weight: Tensor, variance: float, random: Generator | None) -> None:
    """Draw weights of a variance from the normal law."""
    weight.normal_(0, math.sqrt(variance), generator=random)


Draw = Callable[[Tensor, float, Generator | None], None]
VARIANCES: dict[str, tuple[Draw, Callable[[Fans, float], float]]] = {
    "xavier_uniform": (_uniform, lambda fan, g: 2 / (fan.inputs + fan.outputs)),
    "xavier_normal": (_normal, lambda fan, g: 2 / (fan.inputs + fan.outputs)),
    "he_uniform": (_uniform, lambda fan, g: g * g / fan.inputs),
    "he_normal": (_normal, lambda fan, g: g * g / fan.inputs),
    "lecun_uniform": (_uniform, lambda fan, g: 1 / fan.inputs),
    "lecun_normal": (_normal, lambda fan, g: 1 / fan.inputs),
}
SCHEMES = tuple(sorted([*VARIANCES, *ALIASES, "auto", "identity", "orthogonal", "sklearn", "torch"]))


@torch.no_grad()
def initialize(
    module: Network,
    scheme: str = "auto",
    activation: str | nn.Module = "relu",
    *,
    random: Generator | None = None,
    **settings: Any,
) -> Network:
    """Draw the starting weights of every linear and convolutional layer of a module, in place.

    Other layers (normalisation, embeddings, recurrent ones) keep the start that torch gave them. A layer with an
    attribute `initial_bias` starts its biases there and not at 0, as the gates of `Highway` do.

    Parameters
    ----------
    module : torch.nn.Module
        The network, or one layer.
    scheme : str, default="auto"
        A name of the table above.
    activation : str or torch.nn.Module, default="relu"
        What follows the layers: it sets the gain, and what "auto" chooses.
    random : torch.Generator, optional
        Where the numbers come from; by default torch's own generator, which a fit has seeded.
    **settings
        Settings of the activation.

    Returns
    -------
    torch.nn.Module
        The same module.

    Raises
    ------
    ValueError
        If there is no such scheme or activation.

    References
    ----------
    [glorot2010], [he2015], [saxe2014], note 004 §3

    Examples
    --------
    Twenty ReLU layers keep the size of a signal under "he_normal", and lose it under torch's own start:

    >>> import torch
    >>> random = torch.Generator().manual_seed(0)
    >>> x = torch.randn(64, 200, generator=random)
    >>> for scheme in ("he_normal", "torch"):
    ...     layers = [layer for _ in range(20) for layer in (torch.nn.Linear(200, 200), torch.nn.ReLU())]
    ...     chain = initialize(torch.nn.Sequential(*layers), scheme, "relu", random=random)
    ...     print(bool(chain(x).square().mean() > 0.1))
    True
    False
    """
    if scheme not in SCHEMES:
        raise ValueError(f"initialization must be one of {list(SCHEMES)}, got {scheme!r}")
    scheme = _chosen(scheme, activation)
    factor = gain(activation, **settings)
    for layer in module.modules():
        if isinstance(layer, LAYERS) and scheme != "torch" and layer.weight.numel():
            _start(layer, scheme, factor, _is_sigmoid(activation), random)
        bias: Any = getattr(layer, "bias", None)
        if bias is not None and hasattr(layer, "initial_bias"):
            bias.fill_(layer.initial_bias)
    return module


def _chosen(scheme: str, function: str | nn.Module) -> str:
    """Resolve "auto" and second names."""
    if scheme != "auto":
        return ALIASES.get(scheme, scheme)
    name = _name(function)
    return "he_normal" if name in RELU_LIKE else "lecun_normal" if name == "selu" else "xavier_uniform"


def _name(function: str | nn.Module) -> str:
    """Name of an activation; "" for a module that has none."""
    if isinstance(function, str):
        return function
    return next((name for name, kind in ACTIVATIONS.items() if type(function) is kind), "")


def _is_sigmoid(function: str | nn.Module) -> bool:
    return _name(function) in ("logistic", "sigmoid")


def _start(layer: Any, scheme: str, factor: float, sigmoid: bool, random: Generator | None) -> None:
    """Draw the weights of one layer."""
    fan = fans(layer)
    draw_bias: Callable[[Tensor], Any] = torch.zero_
    if scheme == "identity":
        (nn.init.eye_ if layer.weight.ndim == 2 else partial(nn.init.dirac_, groups=layer.groups))(layer.weight)
    elif scheme == "orthogonal":
        nn.init.orthogonal_(layer.weight, factor, generator=random)
    elif scheme == "sklearn":
        variance = (2.0 if sigmoid else 6.0) / (fan.inputs + fan.outputs) / 3
        _uniform(layer.weight, variance, random)
        draw_bias = partial(_uniform, variance=variance, random=random)
    else:
        draw, variance_of = VARIANCES[scheme]
        draw(layer.weight, variance_of(fan, factor), random)
    if layer.bias is not None:
        draw_bias(layer.bias)
