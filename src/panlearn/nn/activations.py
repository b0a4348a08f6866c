"""Activation functions by name, the same names in every neural estimator: without one, all layers are one linear map.

    identity     z
    sigmoid      1 / (1 + e^-z)           slope at most 1/4: n layers shrink a gradient by 4^n     ("logistic" as well)
    tanh         2 sigmoid(2z) - 1        slope at most 1, output centred at 0
    relu         max(0, z)                slope 1 or 0; a unit negative on all rows is dead [nair2010]
    leaky_relu   z or 0.01 z              no unit dies [maas2013]
    prelu        z or a z                 a is learned, from 0.25 [he2015]
    elu          z or e^z - 1             smooth, mean nearer 0 [clevert2016]
    selu         1.05 z or 1.76 (e^z - 1) keeps mean 0 and variance 1 through layers [klambauer2017]
    gelu         z Phi(z)                 Phi: distribution function of the normal law [hendrycks2016]
    silu         z sigmoid(z)             "swish" [elfwing2018]
    softplus     log(1 + e^z)             smooth ReLU; its slope is the sigmoid [dugas2001]
    maxout       max of k units           learns its own convex, piecewise linear form [goodfellow2013]

All but Maxout are torch's own modules, and all but Maxout keep the shape. Maxout takes `k = pieces` units for each
output: a layer that is to have m outputs needs `units_per_output("maxout", pieces=k) * m` units before it.

Notes 001 §7.1.1, 003 §2.1.4.2, 004 §3.
"""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from panlearn.nn.blocks.maxout import Maxout

ACTIVATIONS: dict[str, Callable[..., nn.Module]] = {
    "identity": nn.Identity,
    "logistic": nn.Sigmoid,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "prelu": nn.PReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "maxout": Maxout,
}


def activation(name: str | nn.Module, **settings: Any) -> nn.Module:
    """Return a new module for an activation function.

    Parameters
    ----------
    name : str or torch.nn.Module
        One of the names above; a module is copied, for a PReLU must not be shared between layers.
    **settings
        Arguments of torch's module (`negative_slope` of "leaky_relu", `num_parameters` of "prelu", `alpha` of "elu"),
        or `pieces` and `dim` of "maxout".

    Returns
    -------
    torch.nn.Module
        The function, with its own parameters if it learns any.

    Raises
    ------
    ValueError
        If there is no such name, or it has no such setting.

    References
    ----------
    [nair2010], [goodfellow2013], notes 001 §7.1.1, 004 §3

    Examples
    --------
    >>> import torch
    >>> z = torch.zeros((), requires_grad=True)  # where the sigmoid is steepest
    >>> activation("sigmoid")(z).backward()
    >>> z.grad
    tensor(0.2500)
    """
    if isinstance(name, nn.Module):
        return copy.deepcopy(name)
    if name not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {sorted(ACTIVATIONS)} or a torch module, got {name!r}")
    try:
        return ACTIVATIONS[name](**settings)
    except TypeError as error:
        raise ValueError(f"activation {name!r} cannot be built with {settings}: {error}") from error


def units_per_output(name: str | nn.Module, **settings: Any) -> int:
    """Return how many units a layer needs for each output of its activation: 1, for Maxout its pieces.

    Parameters
    ----------
    name : str or torch.nn.Module
        The activation.
    **settings
        As for `activation`.

    Returns
    -------
    int

    Examples
    --------
    >>> units_per_output("relu"), units_per_output("maxout", pieces=3)
    (1, 3)
    """
    built = activation(name, **settings)
    return built.pieces if isinstance(built, Maxout) else 1


def activation_curve(name: str | nn.Module, z: np.ndarray, **settings: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return values and slopes of an activation function, to look at them.

    Parameters
    ----------
    name : str or torch.nn.Module
        A function of one number: any but "maxout".
    z : ndarray of shape (m,)
        Arguments.
    **settings
        As for `activation`.

    Returns
    -------
    values, slopes : ndarray of shape (m,)
        f(z) and f'(z), in float64.

    Raises
    ------
    ValueError
        If the function mixes units.

    Examples
    --------
    Through ten layers a sigmoid leaves at most a millionth of a gradient:

    >>> values, slopes = activation_curve("sigmoid", np.linspace(-5, 5, 101))
    >>> bool(slopes.max() ** 10 < 1e-6)
    True
    """
    if units_per_output(name, **settings) != 1 or name == "maxout":
        raise ValueError("activation_curve draws functions of one number; maxout takes several units: compare them")
    x = torch.tensor(np.asarray(z), dtype=torch.float64)[:, None].requires_grad_()
    values = activation(name, **settings).double()(x)
    (slopes,) = torch.autograd.grad(values.sum(), x)
    return values.detach()[:, 0].numpy(), slopes[:, 0].numpy()
