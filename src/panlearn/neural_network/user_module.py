"""Any torch module as an estimator: what `NeuralClassifier` and `NeuralRegressor` share.

A module is given as a class (or a function that returns a module), with its arguments in `module_params`, or built. A
class is built anew in each fit; where its constructor has arguments called `n_features` or `n_outputs` that
`module_params` leaves out, it is told the widths that the data ask for. A built module is copied, weights included, and
never changed.

Before training the module is shown two rows: what it answers has to have one row for each, and as many columns as there
are classes or targets. That finds most mistakes within a millisecond, with words, and shapes the layers of torch that
wait for their first rows (`LazyLinear`).
"""

import contextlib
import copy
import inspect
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.utils.validation import validate_data
from torch import Tensor, nn

from panlearn.core.constraints import options
from panlearn.core.errors import DataError, ModelFileError
from panlearn.neural_network.input_rows import Layout, kind_of, layout_of, matching, require_types, rows_of
from panlearn.neural_network.module_storage import Sketch, rebuilt, sketch
from panlearn.neural_network.neural_estimator import NeuralEstimator
from panlearn.neural_network.training.batches import Rows
from panlearn.neural_network.training.objective import Objective, custom

SIZES = ("n_features", "n_outputs")


class Perceptron(nn.Sequential):
    """One hidden layer of 100 rectified units: what is trained where no module is given."""

    def __init__(self, n_features: int, n_outputs: int, n_hidden: int = 100) -> None:
        super().__init__(nn.Linear(n_features, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_outputs))


class UserModule(NeuralEstimator):
    """Base of estimators over a module of the user's."""

    module: Any
    module_params: dict | None
    loss: Any
    dtype: str
    _layout: Layout
    _n_features: int | None = None
    _column: bool = False  # the module answers (b,) rather than (b, 1)

    _expected_failed_checks: ClassVar[dict[str, str]] = {
        **NeuralEstimator._expected_failed_checks,
        "check_sample_weight_equivalence_on_sparse_data": "batches of repeated rows are not those of weighted rows",
    }
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **NeuralEstimator._parameter_constraints,
        "module": [nn.Module, callable, None],
        "module_params": [dict, None],
        "dtype": [options("float32", "float64", "keep")],
    }

    def _rows(self, X: Any, *, reset: bool) -> Rows:
        """Rows of X, which must be what it was in `fit`."""
        kind = kind_of(X) if reset else self._layout.kind
        X = X if reset else matching(X, self._layout)
        if kind in ("array", "sparse") and not _is_deep(X):
            dtype = {"float32": np.float32, "float64": np.float64, "keep": "numeric"}[self.dtype]
            X = validate_data(self, X, reset=reset, dtype=dtype, accept_sparse="csr" if kind == "sparse" else False)
        names = (self._argument_names(X) if kind == "dict" else ()) if reset else self._layout.names
        rows = rows_of(X, kind, names, self.dtype)
        if reset:
            self._layout = layout_of(rows, kind, names)
            width = self._layout.shapes[0]
            self._n_features = width[0] if width else None
            if kind in ("array", "tensor", "sparse") and width:
                self.n_features_in_ = width[0]
        return rows if reset else require_types(rows, self._layout)

    def _argument_names(self, X: Any) -> tuple[str, ...]:
        """Keys of a dict, in the order of the arguments of `forward`."""
        given: Any = self.module if self.module is not None else Perceptron
        forward = getattr(given, "forward", None)
        if forward is None:  # a function that builds modules: the dict has to be in order
            return tuple(X)
        known = [name for name in inspect.signature(forward).parameters if name != "self"]
        if sorted(known[: len(X)]) != sorted(X):
            raise DataError(
                f"the keys of X, {sorted(X)}, must be the first arguments of the module's forward, {known}: rename "
                "them, or pass a tuple."
            )
        return tuple(known[: len(X)])

    def _network(self) -> nn.Module:
        """Copy the module, or build it."""
        if isinstance(self.module, nn.Module):
            network = copy.deepcopy(self.module)
        else:
            build = Perceptron if self.module is None else self.module
            given = dict(self.module_params or {})
            given |= _sizes(build, self._n_features, self._n_outputs, given)
            try:
                network = build(**given)
            except TypeError as error:
                raise DataError(
                    f"module={build!r} cannot be built: {error}. Give its arguments in module_params."
                ) from error
        if not isinstance(network, nn.Module):
            raise DataError(f"module must give a torch.nn.Module, but {self.module!r} gave a {type(network).__name__}.")
        return network.double() if self.dtype == "float64" else network

    def _probe(self, module: nn.Module, rows: Rows, device: torch.device) -> None:
        """Show the module two rows before it is trained."""
        module.to(device).eval()
        inputs = rows.take(torch.arange(min(2, len(rows))))
        shapes = ", ".join(f"{str(t.dtype).removeprefix('torch.')} {tuple(t.shape)}" for t in inputs)
        try:
            with torch.no_grad():
                z = module(*(t.to(device) for t in inputs))
        except (RuntimeError, TypeError, IndexError, ValueError, AttributeError) as error:
            raise DataError(
                f"{type(module).__name__} failed on its first rows, which were ({shapes}): {error}. Check the module's "
                'widths, and the type of X: whole numbers stay whole in a tensor, or with dtype="keep".'
            ) from error
        self._check_answer(module, z, len(inputs[0]))

    def _check_answer(self, module: nn.Module, z: Any, n: int) -> None:
        name = type(module).__name__
        if not isinstance(z, Tensor):
            raise DataError(f"{name} returned a {type(z).__name__}; its forward must return one tensor.")
        self._column = z.ndim == 1
        width = 1 if z.ndim == 1 else z.shape[1] if z.ndim == 2 else -1
        if z.ndim not in (1, 2) or len(z) != n or width != self._n_outputs:
            raise DataError(
                f"{name} returned shape {tuple(z.shape)} for {n} rows, but y needs ({n}, {self._n_outputs}): change "
                "the last layer (for a trained module, fine_tune with reset= does)"
                + (', or set loss="binary_cross_entropy" for one output.' if width == 1 else ".")
            )

    def _objective(self) -> Objective:
        """The loss by name, or the user's own; outputs (b,) are a column."""
        objective = custom(self.loss, self._link()) if not isinstance(self.loss, str) else super()._objective()
        return _of_column(objective) if self._column else objective

    def _float_type(self) -> torch.dtype:
        return torch.float64 if self.dtype == "float64" else torch.float32

    @abstractmethod
    def _link(self) -> Callable[[Tensor], Tensor]:
        """Outputs to predictions, where the loss is the user's own."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """A built module becomes a description of it, where it can; a pickle takes any."""
        state = super().__getstate__()
        if isinstance(self.module, nn.Module):
            with contextlib.suppress(ModelFileError):
                state["module"] = sketch(self.module)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Build it again."""
        given = state["module"]
        super().__setstate__({**state, "module": rebuilt(given)} if isinstance(given, Sketch) else state)


def _sizes(build: Any, n_features: int | None, n_outputs: int, given: dict) -> dict[str, int]:
    """Widths that a constructor asks for by name."""
    try:
        asked = inspect.signature(build).parameters
    except (TypeError, ValueError):  # a builtin says nothing of its arguments
        return {}
    found = {"n_features": n_features, "n_outputs": n_outputs}
    return {name: found[name] for name in SIZES if name in asked and name not in given and found[name] is not None}


def _is_deep(X: Any) -> bool:
    """Whether an array has more than two axes."""
    if hasattr(X, "shape"):
        return len(X.shape) > 2
    return isinstance(X, list) and np.ndim(X) > 2


def _of_column(objective: Objective) -> Objective:
    """The same for outputs without their second axis."""

    def loss(z: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
        return objective.loss(z[:, None] if z.ndim == 1 else z, y, reduction=reduction)

    return Objective(objective.name, loss, objective.link)
