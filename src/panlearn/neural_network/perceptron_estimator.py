"""What `MLPClassifier` and `MLPRegressor` share: scikit-learn's parameters, on the engine.

    solver, learning_rate, momentum, beta_1 ...   become an optimiser and a schedule of the engine
    alpha                                         is the engine's l2 times the rows of a batch (of all, with "lbfgs")
    tol, n_iter_no_change, early_stopping         are `Convergence`

Plain chains of dense layers are trained by `DenseChain`, whose gradients are written out; batch or layer normalisation,
shortcuts, activations that learn, and embedded categories go through automatic differentiation.
"""

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor, nn

from panlearn.core.errors import DataError
from panlearn.neural_network.convergence import Convergence
from panlearn.neural_network.neural_estimator import Examples, NeuralEstimator
from panlearn.neural_network.perceptron_parameters import CONSTRAINTS, PerceptronParameters
from panlearn.neural_network.table_rows import TableColumns, learn_table, table_rows
from panlearn.neural_network.training.batches import Batches, Rows
from panlearn.neural_network.training.faults import DivergenceError
from panlearn.neural_network.training.full_batch import fit_lbfgs
from panlearn.neural_network.training.loop import train
from panlearn.neural_network.training.optimizers import AdamW
from panlearn.neural_network.training.run import Epoch, Run
from panlearn.neural_network.training.schedules import Adaptive, InverseScaling
from panlearn.neural_network.training.settings import Settings
from panlearn.nn.blocks.back_propagation import ELEMENTWISE
from panlearn.nn.blocks.category_embedding import CategoryEmbedding
from panlearn.nn.blocks.dense_chain import DenseChain
from panlearn.nn.blocks.multilayer_perceptron import MultilayerPerceptron, TableNetwork
from panlearn.nn.initialization import initialize
from panlearn.optimize import NAG, SGD, Adam, Momentum

AUTO_BATCH = 200  # rows of a batch, scikit-learn's choice
SMALLEST_RATE = 1e-6  # scikit-learn's "adaptive" stops there


class PerceptronEstimator(PerceptronParameters, NeuralEstimator):
    """Base of the two estimators."""

    device: ClassVar[Any] = "auto"
    callbacks: ClassVar[Any] = ()
    _parameter_constraints: ClassVar[dict[str, list]] = CONSTRAINTS
    _columns: TableColumns
    _expected_failed_checks: ClassVar[dict[str, str]] = {
        f"check_sample_weight_equivalence_on_{kind}_data": "batches of repeated rows are not those of weighted rows"
        for kind in ("dense", "sparse")
    }

    # ---- data and network

    def _rows(self, X: Any, *, reset: bool) -> Rows:
        if not reset:
            return table_rows(self, X, self._columns)
        self._columns, rows = learn_table(self, X, self.categorical_features, self.standardize)
        if self.batch_norm and len(rows) < 2:
            raise DataError("batch_norm needs at least 2 rows to learn their spread from, got 1: use layer_norm.")
        return rows

    def _hidden(self) -> list[int]:
        """Units of the hidden layers."""
        hidden = np.atleast_1d(np.asarray(self.hidden_layer_sizes))
        if hidden.ndim != 1 or (hidden.size and hidden.dtype.kind not in "iu") or (hidden <= 0).any():
            raise DataError(
                f"hidden_layer_sizes must be > 0, whole numbers such as (64, 32), got {self.hidden_layer_sizes}."
            )
        return [int(units) for units in hidden]

    def _network(self) -> nn.Module:
        if self.batch_norm and self.layer_norm:
            raise DataError("batch_norm and layer_norm do the same work: choose one of them.")
        norm = "batch" if self.batch_norm else "layer" if self.layer_norm else None
        if norm and self.blocks == "highway":
            raise DataError(
                'blocks="highway" has no normalisation: use "residual", or batch_norm=False, layer_norm=False.'
            )
        embedding = CategoryEmbedding(self._columns.levels)
        inputs = self._columns.n_numbers(self.n_features_in_) + embedding.width
        sizes = [inputs, *self._hidden(), self._n_outputs]
        if self.blocks == "plain" and norm is None and self.activation in ELEMENTWISE:
            body: nn.Module = DenseChain(sizes, self.activation, self.dropout)
        else:
            body = MultilayerPerceptron(sizes, self.activation, self.dropout, norm, self.blocks)
        initialize(body, self.initialization, self.activation)
        module = TableNetwork(embedding, body) if self._columns.levels else body
        return module.to(getattr(torch, self._columns.dtype))

    # ---- training

    def _settings(self) -> Settings:
        return Settings(
            optimizer=self._rule(),
            learning_rate=self.learning_rate_init,
            schedule=self._schedule(),
            max_epochs=self.max_iter,
            verbose=int(bool(self.verbose)),
            description=type(self).__name__,
        )

    def _rule(self) -> Any:
        """The optimiser, with scikit-learn's parameters where it has any."""
        if self.solver in ("sgd", "momentum", "nag"):
            if self.solver == "sgd" and self.momentum == 0:
                return SGD()
            nesterov = self.solver == "nag" or (self.solver == "sgd" and self.nesterovs_momentum)
            return (NAG if nesterov else Momentum)(momentum=self.momentum)
        if self.solver in ("adam", "adamw"):
            kind = Adam if self.solver == "adam" else AdamW
            return kind(beta1=self.beta_1, beta2=self.beta_2, eps=self.epsilon)
        return self.solver

    def _schedule(self) -> Any:
        """The schedule; as in scikit-learn, its own two are for `solver="sgd"`."""
        if self.learning_rate not in ("invscaling", "adaptive"):
            return self.learning_rate
        if self.solver not in ("sgd", "momentum", "nag"):
            return "constant"
        if self.learning_rate == "invscaling":
            return InverseScaling(self.power_t)
        patience: Any = self.n_iter_no_change  # may be inf
        least = SMALLEST_RATE / self.learning_rate_init
        return Adaptive(patience=patience, tol=self.tol, least=least)

    def _size(self, n: int) -> int:
        if self.batch_size == "auto":
            return min(AUTO_BATCH, n)
        if self.batch_size > n:
            warnings.warn(
                f"Got `batch_size` less than 1 or larger than sample size: {self.batch_size} for {n} rows. It is going "
                "to be clipped",
                stacklevel=4,
            )
        return min(self.batch_size, n)

    def _batches(self, examples: Examples, seed: int, device: torch.device) -> Batches:
        batches = super()._batches(examples, seed, device)
        return replace(batches, shuffle=self.shuffle, merge_single=self.batch_norm)

    def _callbacks(self) -> tuple:
        lines = int(self.verbose) > 1
        return (
            ()
            if self.solver == "lbfgs"
            else (Convergence(self.tol, self.n_iter_no_change, self.early_stopping, lines),)
        )

    def _split(self, examples: Examples, y: Any, seed: int) -> tuple[Examples, Examples | None]:
        if self.solver == "lbfgs" or not self.early_stopping:
            return examples, None
        strata = self._strata(examples.target)
        labels, counts = np.unique([] if strata is None else strata, return_counts=True)
        if len(labels) > 1 and counts.min() < 2:
            raise DataError(
                "The least populated classes in y have only 1 member, which is too few for early_stopping=True: rows "
                "to learn from and rows kept aside both need one. Classes with too few members are: "
                f"{[str(label) for label in labels[counts < 2]]}. Leave them out, or set early_stopping=False."
            )
        chosen, held = super()._split(examples, y, seed)
        if held is not None and len(held.rows) < 2:
            raise DataError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        return chosen, held

    def _train(self, run: Run, validate: Callable[[nn.Module], tuple[float, float]] | None) -> None:
        """Train, and warn where training ended before it converged."""
        lbfgs = self.solver == "lbfgs"
        rows = len(run.batches.rows) if lbfgs else run.batches.size
        run.settings = run.settings._replace(l2=self.alpha / rows)
        if lbfgs:
            found = fit_lbfgs(run, max_fun=self.max_fun, tol=self.tol)
            if not run.history:  # the start was a minimum
                run.history.append(Epoch(found.objective, found.gradient_norm, 1.0))
            if not found.converged:
                self._warn_unconverged(
                    f"lbfgs failed to converge after {found.n_iter} iteration(s): gradient norm "
                    f"{found.gradient_norm:.2g}, {found.message}",
                    "Increase max_iter or max_fun, or scale the data (standardize=True).",
                )
            return
        rule = next((c for c in run.settings.callbacks if isinstance(c, Convergence)), None)
        try:
            train(run, validate)
        except DivergenceError as problem:
            if rule is None or not rule.weights:
                raise
            run.stopped = "it diverged, and went back to the weights with the best validation score"
            warnings.warn(f"Training diverged: {problem}", ConvergenceWarning, stacklevel=4)
        if rule is not None:
            self._no_improvement_count = rule.waited
        if rule is not None and not run.stopped and len(run.history) >= self.max_iter:
            self._warn_unconverged(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization hasn't "
                f"converged yet; training loss {run.last.loss:.4g}",
                "Increase max_iter, learning_rate_init or tol.",
            )

    # ---- what was learnt

    def _keep(self, run: Run, before: list[Epoch], done: int = 0) -> None:
        super()._keep(run, before, done)
        passes = run.history[done:]
        self.n_iter_ = len(passes)
        self.t_ = (self.t_ if before else 0) + len(passes) * len(run.batches.rows)
        self.n_layers_, self.n_outputs_ = len(self._hidden()) + 2, self._n_outputs
        self.loss_ = self.loss_curve_[-1]
        scores = [epoch.validation_score for epoch in self.history_ if epoch.validation_score is not None]
        self.validation_scores_ = scores if self.early_stopping and scores else None
        self.best_validation_score_ = max(scores) if self.validation_scores_ else None
        self.best_loss_ = None if self.validation_scores_ else min(self.loss_curve_)

    @property
    def coefs_(self) -> list[np.ndarray]:
        """Weights of the linear maps in their order, each (in, out)."""
        return [layer.weight.detach().cpu().numpy().T for layer in self._linear()]

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """Biases of the linear maps, each (out,)."""
        return [layer.bias.detach().cpu().numpy() for layer in self._linear()]

    def _linear(self) -> list[nn.Linear]:
        return [layer for layer in self.module_.modules() if isinstance(layer, nn.Linear)]

    def _partial_allowed(self) -> bool:
        """Whether the solver takes one pass at a time."""
        if self.solver == "lbfgs":
            raise AttributeError("partial_fit is only available for stochastic optimizers. lbfgs is not stochastic.")
        return True

    def _check_partial(self) -> None:
        if self.early_stopping:
            raise DataError("partial_fit does not support early_stopping=True")

    def _typed(self, target: Tensor) -> Tensor:
        """Targets in the type of the network, codes as they are."""
        return target.to(getattr(torch, self._columns.dtype)) if target.is_floating_point() else target

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
