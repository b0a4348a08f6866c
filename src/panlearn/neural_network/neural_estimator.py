"""A network behind scikit-learn's API: what every neural estimator shares.

    fit            rows and targets to tensors; part of them kept aside if asked; a new network from the seed; `train`
    partial_fit    one pass over some rows, from where the last call ended, moments of the optimiser included
    predict        batches of outputs, and the link from outputs to probabilities or means

A subclass says how its rows become tensors (`_rows`), what the network is (`_network`, from constructor parameters and
shapes learnt in `fit` alone, so that a stored model can be built again), and perhaps how it is trained (`_settings`),
on which loss (`_objective`), and with which changes to each batch (`_transform`).

Training draws from torch's random numbers inside a fork of their state, seeded by `random_state`: a fit is repeated bit
for bit, and nobody else's numbers change. Course notes: 001 §5-§7, 004 §7.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_sample_weight, check_is_fitted
from torch import Tensor, nn

from panlearn.core.base import Estimator
from panlearn.core.constraints import BOOLEAN, COUNT, NONNEGATIVE, POSITIVE, RANDOM, VERBOSE, options, validated
from panlearn.core.errors import DataError
from panlearn.neural_network.examples import Examples, split
from panlearn.neural_network.inference import outputs
from panlearn.neural_network.network_storage import restore_weights, weights_of
from panlearn.neural_network.training.batches import Batches, Rows, TensorRows
from panlearn.neural_network.training.device import choose_device
from panlearn.neural_network.training.distributed import current_group
from panlearn.neural_network.training.early_stopping import EarlyStopping
from panlearn.neural_network.training.full_batch import fit_lbfgs
from panlearn.neural_network.training.loop import start, train
from panlearn.neural_network.training.objective import Objective
from panlearn.neural_network.training.run import Epoch, Run
from panlearn.neural_network.training.settings import Settings

if TYPE_CHECKING:
    from panlearn.neural_network.fine_tuning import Tuning

LARGEST_SEED = 2**31 - 1


class NeuralEstimator(Estimator):
    """Base of neural estimators; the parameters it reads are those of `_settings`."""

    max_epochs: int
    batch_size: int
    early_stopping: Any
    validation_fraction: float
    warm_start: bool
    device: Any
    callbacks: Any
    random_state: Any
    module_: nn.Module
    history_: list[Epoch]
    n_features_in_: int
    _n_outputs: int
    _tuning: "Tuning | None" = None  # set by `fine_tune` while it fits
    _merge_single: ClassVar[bool] = True  # no batch of one row: batch normalisation cannot learn from it

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "optimizer": [str, tuple],
        "learning_rate": [POSITIVE],
        "learning_rate_schedule": [object],
        "max_epochs": [COUNT],
        "batch_size": [COUNT],
        "l1": [NONNEGATIVE],
        "l2": [NONNEGATIVE],
        "max_norm": [POSITIVE, None],
        "clipping": [object],
        "early_stopping": [object],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "precision": [options("float32", "bfloat16", "float16")],
        "compile": [BOOLEAN],
        "device": [str, torch.device],
        "warm_start": [BOOLEAN],
        "callbacks": [list, tuple],
        "random_state": [RANDOM],
        "verbose": [VERBOSE],
    }
    _expected_failed_checks: ClassVar[dict[str, str]] = {
        "check_sample_weight_equivalence_on_dense_data": "batches of repeated rows are not those of weighted rows",
    }

    # ---- what a subclass gives

    @abstractmethod
    def _rows(self, X: Any, *, reset: bool) -> Rows:
        """Rows as tensors; with `reset`, learn `n_features_in_` and whatever the architecture depends on."""

    @abstractmethod
    def _network(self) -> nn.Module:
        """Build the network, from constructor parameters and learnt shapes alone."""

    @abstractmethod
    def _objective(self) -> Objective:
        """What is made small."""

    @abstractmethod
    def _target(self, y: Any, *, reset: bool) -> Tensor:
        """Targets as a tensor of n rows; with `reset`, learn `_n_outputs`."""

    @abstractmethod
    def _score(self, output: Tensor, target: Tensor, weight: Tensor | None) -> float:
        """How good outputs are: the larger, the better."""

    def _probe(self, module: nn.Module, rows: Rows, device: torch.device) -> None:
        """Look at a new network before it is trained; a network of the user's own may not fit the data."""

    def _transform(self) -> Callable[[tuple[Tensor, ...]], tuple[Tensor, ...]] | None:
        """Change the inputs of each batch of training: augmentation."""
        return None

    def _settings(self) -> Settings:
        """How it is trained."""
        parameters: Any = self
        names = ("optimizer", "learning_rate", "max_epochs", "l1", "l2", "max_norm", "clipping", "precision", "compile")
        return Settings(
            **{name: getattr(parameters, name) for name in names},
            schedule=parameters.learning_rate_schedule,
            verbose=parameters.verbose,
            description=type(self).__name__,
        )

    def _size(self, n: int) -> int:
        """Rows of a batch."""
        return min(self.batch_size, n)

    def _row_weights(self, rows: Rows, y: Any, sample_weight: Any) -> np.ndarray | None:
        """Weights of the rows, at least 0, not all 0; None for ones."""
        if sample_weight is None:
            return None
        # only the number of rows is looked at
        return _check_sample_weight(sample_weight, np.empty((len(rows), 0)), dtype=np.float64, ensure_non_negative=True)

    # ---- training

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "NeuralEstimator":
        """Train a network.

        Parameters
        ----------
        X : array-like
            Rows.
        y : array-like of shape (n,) or (n, k)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0: factors on their losses.

        Returns
        -------
        NeuralEstimator
            The fitted estimator.
        """
        resumed = self.warm_start and hasattr(self, "module_") and self._tuning is None
        examples = self._examples(X, y, sample_weight, reset=not resumed)
        device = choose_device(self.device)
        drawn = int(check_random_state(self.random_state).randint(LARGEST_SEED))
        seed = current_group(device).from_first(drawn)  # one split and one order for all processes
        chosen, held = self._split(examples, y, seed)
        settings = self._settings()._replace(seed=seed, callbacks=self._callbacks())
        if self._tuning is not None:
            settings = settings._replace(rate_of=self._tuning.rate_of)
        with _Seeded(seed, device):
            module = self.module_ if resumed else self._first_network(examples.rows, device)
            run = start(module.to(device), self._batches(chosen, seed, device), self._objective(), settings)
            self._train(run, None if held is None else self._judge(held, device))
        self._keep(run, self.history_ if resumed else [])
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any) -> "NeuralEstimator":
        """Go once through some rows."""
        first = not hasattr(self, "module_")
        examples = self._examples(X, y, sample_weight, reset=first)
        device, epoch = choose_device(self.device), len(getattr(self, "history_", ()))
        drawn = check_random_state(self.random_state).randint(LARGEST_SEED)
        seed = int(drawn) if first else (int(drawn) + epoch) % LARGEST_SEED
        settings = self._settings()._replace(seed=seed, callbacks=tuple(self.callbacks))
        with _Seeded(seed, device):
            module = self._first_network(examples.rows, device) if first else self.module_
            batches = self._batches(examples, seed, device)
            before: Run | None = getattr(self, "_run", None)
            if before is None:
                run = start(module.to(device), batches, self._objective(), settings)
                run.settings = settings._replace(max_epochs=1)
            else:  # the optimiser and the schedule go on
                settings = settings._replace(max_epochs=before.epoch + 1)
                run = replace(before, batches=batches, settings=settings, batch=0, total=0.0, seen=0, stopped="")
            done = len(run.history)
            self._train(run, None)
        self._keep(run, getattr(self, "history_", []), done)
        self._run = replace(
            run, batches=Batches(TensorRows((torch.empty(0),)), torch.empty(0), None, 1)
        )  # data not kept
        return self

    def _first_network(self, rows: Rows, device: torch.device) -> nn.Module:
        """Build a network and look at it."""
        module = self._network()
        if self._tuning is not None:
            self._tuning.prepare(module)
        self._probe(module, rows, device)
        return module

    def _train(self, run: Run, validate: Callable[[nn.Module], tuple[float, float]] | None) -> None:
        """Hand a run to the engine."""
        if run.settings.optimizer != "lbfgs":
            train(run, validate)
            return
        fit = fit_lbfgs(run, validate=validate)
        if not fit.converged:
            self._warn_unconverged(
                f"the largest component of the gradient is {fit.gradient_norm:.1e} ({fit.message})", "Raise max_epochs."
            )

    def _examples(self, X: Any, y: Any, sample_weight: Any, *, reset: bool) -> Examples:
        """Check and convert the data of a fit."""
        if y is None:
            raise DataError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y is None: pass y."
            )
        rows = self._rows(X, reset=reset and not (self._tuning and self._tuning.keeps_rows))
        target = self._target(y, reset=reset)
        if len(rows) != len(target):
            raise DataError(
                f"Found input variables with inconsistent numbers of samples: X has {len(rows)} rows, y {len(target)}."
            )
        weight = self._row_weights(rows, y, sample_weight)
        if weight is None:
            return Examples(rows, target, None)
        if not weight.sum() > 0:
            raise DataError("all weights are 0 (sample_weight, class_weight): at least one row must count.")
        scaled = torch.from_numpy(weight / weight.mean())
        return Examples(rows, target, scaled.to(target.dtype if target.is_floating_point() else torch.float32))

    def _batches(self, examples: Examples, seed: int, device: torch.device) -> Batches:
        """How the data are cut."""
        return Batches(
            *examples,
            size=self._size(len(examples.rows)),
            seed=seed,
            merge_single=self._merge_single,
            device=device,
            transform=self._transform(),
        )

    def _split(self, examples: Examples, y: Any, seed: int) -> tuple[Examples, Examples | None]:
        """Rows to learn from, and rows to stop by."""
        if not self.early_stopping:
            return examples, None
        return split(examples, self.validation_fraction, seed, self._strata(examples.target))

    def _strata(self, target: Tensor) -> np.ndarray | None:
        """Labels whose shares a split keeps."""
        return None

    def _callbacks(self) -> tuple:
        """The user's callbacks, and early stopping."""
        if not self.early_stopping:
            return tuple(self.callbacks)
        return (*self.callbacks, EarlyStopping() if self.early_stopping is True else self.early_stopping)

    def _judge(self, held: Examples, device: torch.device) -> Callable[[nn.Module], tuple[float, float]]:
        """Loss and score on rows kept aside."""
        objective = self._objective()

        def validate(module: nn.Module) -> tuple[float, float]:
            z = outputs(module, held.rows, device)
            return float(objective(z, held.target, held.weight)), self._score(z, held.target, held.weight)

        return validate

    # ---- what was learnt

    def _keep(self, run: Run, before: list[Epoch], done: int = 0) -> None:
        """Set the fitted attributes."""
        self.module_ = run.module.eval()
        self.history_ = [*before, *run.history[done:]]
        self.loss_curve_ = [epoch.loss for epoch in self.history_]
        self.n_iter_ = len(self.history_)
        self.n_parameters_ = sum(p.numel() for p in self.module_.parameters())
        self.certificate_ = _certificate(self.history_, run.stopped)
        self.__dict__.pop("_run", None)

    def _outputs(self, X: Any, *, link: bool = True) -> np.ndarray:
        """What the network says about rows, (n, ...), through the link if asked."""
        check_is_fitted(self, "module_")
        rows = self._rows(X, reset=False)
        device = next((p.device for p in self.module_.parameters()), torch.device("cpu"))
        answer = outputs(self.module_, rows, device, self._objective().link if link else None)
        return (answer.float() if answer.dtype == torch.bfloat16 else answer).numpy()

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the module, and its weights as bytes; the optimiser's moments stay behind."""
        state: dict[str, Any] = {**super().__getstate__()}  # pyright: ignore[reportGeneralTypeIssues]
        state.pop("_run", None)
        module = state.pop("module_", None)
        return state if module is None else {**state, "_weights": weights_of(module)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Build the network again and fill it."""
        state = dict(state)
        weights = state.pop("_weights", None)
        super().__setstate__(state)
        if weights is not None:
            with _Seeded(0, torch.device("cpu")):  # the first weights are drawn, and thrown away
                self.module_ = restore_weights(self._network(), weights)

    def __sklearn_is_fitted__(self) -> bool:
        """Whether there is a network."""
        return hasattr(self, "module_")


class _Seeded:
    """Torch's random numbers from a seed, inside; as they were, after."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self.seed = seed
        self.fork = torch.random.fork_rng([device] if device.type == "cuda" else [])

    def __enter__(self) -> None:
        self.fork.__enter__()
        torch.manual_seed(self.seed)

    def __exit__(self, *error: Any) -> None:
        self.fork.__exit__(*error)


def _certificate(history: list[Epoch], stopped: str) -> str:
    """Loss, gradient norm, validation score and why training ended, in words."""
    if not history:
        return "not trained"
    last = history[-1]
    text = f"training loss {last.loss:.4g} after {len(history)} epochs, last gradient norm {last.gradient_norm:.2g}"
    scores = [epoch.validation_score for epoch in history if epoch.validation_score is not None]
    text += f"; best validation score {max(scores):.4g}" if scores else ""
    return text + (f"; {stopped}" if stopped else "")
