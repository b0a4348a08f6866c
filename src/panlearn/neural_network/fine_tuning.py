"""Fine-tuning: what a network has learnt on much data serves a task with little [yosinski2014], [howard2018].

The first layers of a trained network compute features that many tasks share; the last ones belong to the task. So:

    theta_0 = weights of the trained network         instead of random ones
    layers named in `reset` start anew               the head, whose outputs are the new classes
    layers named in `freeze` stay as they are        few labels cannot improve many weights, only spoil them
    eta_j = rates_j * eta                            a layer's own rate: small below, large above

A frozen layer costs no backward pass if nothing below it learns. Where batch normalisation is frozen, so are its
running statistics: it goes on normalising as it was trained. Course note: 004 §14.

It does not help where the tasks share nothing, and freezing costs accuracy once there are labels enough.
"""

import copy
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from typing import Any, TypeVar, overload

import numpy as np
import torch
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from panlearn.core.errors import DataError
from panlearn.neural_network.network_classifier import NetworkClassifier
from panlearn.neural_network.network_regressor import NetworkRegressor
from panlearn.neural_network.neural_classifier import NeuralClassifier
from panlearn.neural_network.neural_estimator import NeuralEstimator
from panlearn.neural_network.neural_regressor import NeuralRegressor
from panlearn.neural_network.user_module import UserModule

Fitted = TypeVar("Fitted", bound=NeuralEstimator)
WITH_OUTPUTS = {nn.Linear: "out_features", nn.Conv1d: "out_channels", nn.Conv2d: "out_channels"}


@overload
def fine_tune(
    model: Fitted,
    X: Any,
    y: Any,
    *,
    sample_weight: Any = None,
    freeze: Sequence[str] = (),
    rates: Mapping[str, float] | None = None,
    reset: Sequence[str] = (),
    **settings: Any,
) -> Fitted: ...


@overload
def fine_tune(
    model: nn.Module,
    X: Any,
    y: Any,
    *,
    sample_weight: Any = None,
    freeze: Sequence[str] = (),
    rates: Mapping[str, float] | None = None,
    reset: Sequence[str] = (),
    **settings: Any,
) -> NetworkClassifier | NetworkRegressor: ...


def fine_tune(
    model: Any,
    X: Any,
    y: Any,
    *,
    sample_weight: Any = None,
    freeze: Sequence[str] = (),
    rates: Mapping[str, float] | None = None,
    reset: Sequence[str] = (),
    **settings: Any,
) -> NeuralEstimator:
    """Train a trained network further, on other data.

    Parameters
    ----------
    model : estimator or Module
        A fitted neural estimator, or any torch module; neither is changed.
    X : array-like
        Rows, of the form that the model takes.
    y : array-like
        Labels or numbers; the classes may be others than the model's, if the layer that tells them apart is `reset`.
    sample_weight : array-like of shape (n,), optional
        Weights of the rows.
    freeze : sequence of str, default=()
        Layers or parameters that stay as they are, by name as in `named_parameters`; `*` stands for anything, and
        "0" for all of layer 0.
    rates : dict, optional
        Factors on the learning rate by such names; the first that fits counts.
    reset : sequence of str, default=()
        Layers that start anew; the last of them gets as many outputs as y asks for.
    **settings : object
        Parameters of the estimator to change, as `max_epochs=10`.

    Returns
    -------
    NeuralEstimator
        A new fitted estimator: of the model's class, or a `NeuralClassifier` or `NeuralRegressor` around the module.

    Raises
    ------
    ValueError
        If a name fits no layer, everything is frozen, or a layer's shape is not what y asks for.

    References
    ----------
    [yosinski2014], [howard2018]; course note 004 §14

    Examples
    --------
    Whether two of twenty numbers have the same sign, from 20 labels: hopeless from scratch, but not for a network that
    has learnt from 1,000 labels in which quadrant the two lie.

    >>> import numpy as np
    >>> from torch import nn
    >>> from panlearn.neural_network import NeuralClassifier, fine_tune
    >>> X = np.random.default_rng(0).normal(size=(2000, 20))
    >>> quadrant, same = 2 * (X[:, 0] > 0) + (X[:, 1] > 0), X[:, 0] * X[:, 1] > 0
    >>> layers = [nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU()]
    >>> settings = dict(max_epochs=30, learning_rate=0.01, random_state=0)
    >>> trained = NeuralClassifier(nn.Sequential(*layers, nn.Linear(16, 4)), **settings).fit(X[:1000], quadrant[:1000])
    >>> tuned = fine_tune(trained, X[:20], same[:20], freeze=("0", "2"), reset=("4",), max_epochs=100)
    >>> scratch = NeuralClassifier(nn.Sequential(*layers, nn.Linear(16, 2)), **settings).fit(X[:20], same[:20])
    >>> [bool(model.score(X[1000:], same[1000:]) > 0.7) for model in (scratch, tuned)]
    [False, True]
    """
    names = [name for name, _ in _network_of(model).named_parameters()]
    for patterns, what in ((freeze, "freeze"), (rates or {}, "rates"), (reset, "reset")):
        _check_patterns(patterns, names, what)
    if isinstance(model, NeuralEstimator) and not isinstance(model, UserModule):
        tuned = copy.deepcopy(model).set_params(**settings)
        weights = {k: v.detach().cpu() for k, v in _network_of(model).state_dict().items()}
    else:
        tuned, weights = _around(model, y, reset).set_params(**settings), None
    tuned._tuning = Tuning(weights, tuple(freeze), dict(rates or {}), tuple(reset))
    try:
        return tuned.fit(X, y, sample_weight) if sample_weight is not None else tuned.fit(X, y)
    finally:
        tuned._tuning.release()
        del tuned._tuning


class Tuning:
    """How a new network takes over from a trained one; the base estimator asks it."""

    def __init__(
        self,
        weights: dict[str, Tensor] | None,
        freeze: tuple[str, ...],
        rates: dict[str, float],
        reset: tuple[str, ...],
    ) -> None:
        self.weights, self.freeze, self.rates, self.reset = weights, freeze, rates, reset
        self.hooks: list[Any] = []

    @property
    def keeps_rows(self) -> bool:
        """Whether the estimator reads rows as the trained one did: with its vocabulary, say."""
        return self.weights is not None

    def prepare(self, module: nn.Module) -> None:
        """Fill in trained weights, reset, freeze."""
        if self.weights is None:
            for name, layer in module.named_modules():
                renew = getattr(layer, "reset_parameters", None)
                if renew is not None and fits(name, self.reset):
                    renew()
        else:
            _fill(module, self.weights, self.reset)
        for name, parameter in module.named_parameters():
            parameter.requires_grad_(parameter.requires_grad and not fits(name, self.freeze))
        if not any(p.requires_grad for p in module.parameters()):
            raise DataError(f"freeze={self.freeze!r} leaves nothing to learn: leave out the last layer.")
        for name, layer in module.named_modules():
            if isinstance(layer, _NormBase) and fits(name, self.freeze):
                self.hooks.append(layer.register_forward_pre_hook(_evaluate))

    def rate_of(self, name: str) -> float:
        """Factor on the learning rate of a parameter."""
        return next((rate for pattern, rate in self.rates.items() if fits(name, (pattern,))), 1.0)

    def release(self) -> None:
        """Leave nothing of this in the network."""
        for hook in self.hooks:
            hook.remove()


def fits(name: str, patterns: Sequence[str]) -> bool:
    """Whether a name, or a layer it is in, is one of the patterns."""
    return any(fnmatch(name, pattern) or fnmatch(name, f"{pattern}.*") for pattern in patterns)


def _evaluate(layer: nn.Module, inputs: Any) -> None:
    """Normalise with the statistics that were learnt."""
    layer.eval()


def _network_of(model: Any) -> nn.Module:
    if isinstance(model, nn.Module):
        return model
    if not isinstance(model, NeuralEstimator):
        raise DataError(f"model must be a fitted neural estimator or a torch module, got a {type(model).__name__}.")
    check_is_fitted(model)
    return model.module_


def _check_patterns(patterns: Any, names: list[str], what: str) -> None:
    """Say which names there are, where one fits none."""
    if isinstance(patterns, str):
        raise DataError(f"{what} must be a sequence of names, got the string {patterns!r}: write ({patterns!r},).")
    for pattern in patterns:
        if not any(fits(name, (pattern,)) for name in names):
            raise DataError(f"{what} names {pattern!r}, which fits no parameter; there are {', '.join(names)}.")


def _around(model: Any, y: Any, reset: Sequence[str]) -> UserModule:
    """Unfitted estimator with a copy of the module, its head of the width that y asks for."""
    module = copy.deepcopy(_network_of(model)).cpu()
    labels = np.asarray(y)
    regression = isinstance(model, NeuralRegressor) or (
        not isinstance(model, NeuralClassifier) and type_of_target(labels).startswith("continuous")
    )
    width = labels.shape[1] if labels.ndim == 2 else 1 if regression else len(np.unique(labels))
    if isinstance(model, NeuralClassifier) and model.loss == "binary_cross_entropy" and width == 2 and labels.ndim == 1:
        width = 1
    _widen(module, reset, width)
    if isinstance(model, UserModule):
        return type(model)(**{**model.get_params(deep=False), "module": module, "module_params": None})
    return (NeuralRegressor if regression else NeuralClassifier)(module)


def _widen(module: nn.Module, reset: Sequence[str], width: int) -> None:
    """Give the last layer that is reset another number of outputs."""
    heads = [
        (name, layer) for name, layer in module.named_modules() if type(layer) in WITH_OUTPUTS and fits(name, reset)
    ]
    if not heads:
        return
    head = heads[-1][1]
    if getattr(head, WITH_OUTPUTS[type(head)]) == width:
        return
    parameters = head._parameters
    weight, bias = parameters["weight"], parameters["bias"]
    assert weight is not None  # every such layer has one
    setattr(head, WITH_OUTPUTS[type(head)], width)
    parameters["weight"] = nn.Parameter(torch.zeros(width, *weight.shape[1:], dtype=weight.dtype))
    parameters["bias"] = None if bias is None else nn.Parameter(torch.zeros(width, dtype=weight.dtype))


def _fill(module: nn.Module, weights: dict[str, Tensor], reset: Sequence[str]) -> None:
    """Copy trained weights into a new network, but for what is reset."""
    own = module.state_dict()
    for name, values in own.items():
        if fits(name, reset):
            continue
        if name not in weights or weights[name].shape != values.shape:
            was = tuple(weights[name].shape) if name in weights else "absent"
            raise DataError(
                f"{name} has shape {tuple(values.shape)} for these data, but was {was} in the trained network: name "
                f'its layer in reset=, as reset=("{name.rpartition(".")[0]}",), to start it anew.'
            )
        values.copy_(weights[name])
