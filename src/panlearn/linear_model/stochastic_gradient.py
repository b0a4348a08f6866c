"""What `SGDRegressor`, `SGDClassifier` and `Perceptron` share: parameters, start, descent, what is said at the end.

    minimise   1/n sum_i s_i loss(x_i'w + b, y_i) + alpha ((1 - l1_ratio)/2 |w|^2 + l1_ratio |w|_1)

One row at a time goes to the kernels of `panlearn.optimize.stochastic_gradient`, batches and other optimisers to
`panlearn.optimize.mini_batch`. With the same `random_state` the first visits the rows in scikit-learn's order and makes
its steps: the weights agree to rounding.

When it fails: features on different scales. The largest rate that does not diverge is set by the steepest direction,
and the flattest then takes (ratio of the squared scales) times as many steps [bottou2010], note 001 §3.3. A descent
that leaves the range of numbers raises an error, one that ends worse than it began warns; both name the feature.

Course notes: 003 §1.5-1.6, 001 §3 and §7.4, 004 §7.1.
"""

import warnings
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import _check_sample_weight, validate_data

from panlearn.core.blocks import Rows
from panlearn.core.constraints import BOOLEAN, COUNT, NONNEGATIVE, POSITIVE, RANDOM, UNIT, VERBOSE, options
from panlearn.core.errors import DataError
from panlearn.core.linear_classifier import SparseCoefficients
from panlearn.core.progress import progress
from panlearn.losses.epsilon_insensitive import EpsilonInsensitive, SquaredEpsilonInsensitive
from panlearn.losses.hinge import Hinge, LogLoss, ModifiedHuber, SquaredHinge
from panlearn.losses.huber import Huber
from panlearn.losses.squared_error import SquaredError
from panlearn.optimize.first_order import NAG, SGD, Adadelta, AdaGrad, Adam, Momentum, RMSProp

REGRESSION = {
    "squared_error": (SquaredError, 0.0),
    "huber": (Huber, 0.1),
    "epsilon_insensitive": (EpsilonInsensitive, 0.1),
    "squared_epsilon_insensitive": (SquaredEpsilonInsensitive, 0.1),
}
CLASSIFICATION = {
    "hinge": (Hinge, 1.0),
    "squared_hinge": (SquaredHinge, 1.0),
    "perceptron": (Hinge, 0.0),
    "log_loss": (LogLoss, 0.0),
    "modified_huber": (ModifiedHuber, 0.0),
    **REGRESSION,
}
OPTIMIZERS = {
    "sgd": SGD(),
    "momentum": Momentum(),
    "nag": NAG(),
    "adagrad": AdaGrad(),
    "rmsprop": RMSProp(),
    "adadelta": Adadelta(),
    "adam": Adam(),
}
SCHEDULES = {"constant": 0, "optimal": 1, "invscaling": 2, "inverse_sqrt": 2, "adaptive": 3, "pa1": 4, "pa2": 5}
SPARSE_INTERCEPT = 0.01  # on sparse rows b is in every step and each weight in few: smaller steps keep it from swinging
WORSE = 100.0  # an objective that has grown by this factor has diverged, whatever the stopping rule says
NO_VALIDATION_WEIGHT = "The sample weights for validation set are all zero, consider using a different random state."
LARGEST_SEED = np.iinfo(np.int32).max


class Descent(NamedTuple):
    """What a descent starts from, and what it ends with."""

    W: np.ndarray  # (K, p) weights of each problem
    b: np.ndarray  # (K,) intercepts
    mean_W: np.ndarray  # (K, p) average of W over the steps
    mean_b: np.ndarray  # (K,)
    memory: Any = None  # state of the optimiser
    t: float = 1.0  # the next step
    n_iter: int = 0  # most epochs of a problem
    curve: np.ndarray = np.empty(0)  # (n_iter,) mean objective seen in each epoch, mean over problems


class StochasticGradient(SparseCoefficients):
    """Base of the estimators fitted by stochastic gradient descent."""

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "penalty": [options("l2", "l1", "elasticnet"), None],
        "alpha": [NONNEGATIVE],
        "l1_ratio": [UNIT, None],
        "fit_intercept": [BOOLEAN],
        "max_iter": [COUNT],
        "tol": [NONNEGATIVE, None],
        "shuffle": [BOOLEAN],
        "verbose": [VERBOSE],
        "epsilon": [NONNEGATIVE],
        "random_state": [RANDOM],
        "learning_rate": [options(*SCHEDULES)],
        "eta0": [POSITIVE],
        "power_t": [Real],
        "early_stopping": [BOOLEAN],
        "validation_fraction": [UNIT],
        "n_iter_no_change": [COUNT],
        "warm_start": [BOOLEAN],
        "average": [COUNT, BOOLEAN],
        "optimizer": [options(*OPTIMIZERS)],
        "batch_size": [COUNT, options("full")],
    }
    loss_functions: ClassVar[dict[str, tuple]]
    loss: str
    penalty: str | None
    alpha: float
    l1_ratio: float | None
    fit_intercept: bool
    max_iter: int
    tol: float | None
    shuffle: bool
    verbose: int
    epsilon: float
    random_state: Any
    learning_rate: str
    eta0: float
    power_t: float
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int
    warm_start: bool
    average: bool | int
    optimizer: str
    batch_size: int | str
    loss_curve_: np.ndarray
    _expected_failed_checks: ClassVar[dict[str, str]] = {
        f"check_sample_weight_equivalence_on_{kind}_data": "two steps of a row differ from one of double weight"
        for kind in ("dense", "sparse")
    }

    def _check(self, partial: bool = False) -> None:
        """Combinations of parameters that make no sense."""
        if partial and self.early_stopping:
            raise DataError("early_stopping should be False with partial_fit")
        if self.learning_rate == "optimal" and self.alpha == 0:
            raise DataError(
                "alpha must be > 0 since learning_rate is 'optimal'. alpha is used to compute the optimal learning "
                "rate."
            )
        if self.learning_rate in ("pa1", "pa2"):
            only = "epsilon_insensitive" if self.loss_functions is REGRESSION else "hinge"
            if self.loss != only:
                raise DataError(f"Learning rate '{self.learning_rate}' only works with loss '{only}'.")
            if not self._single:
                raise DataError(f"Learning rate '{self.learning_rate}' needs optimizer='sgd' and batch_size=1.")
        if self.penalty == "elasticnet" and self.l1_ratio is None:
            raise DataError("l1_ratio must be set when penalty is 'elasticnet'")
        if self.power_t < 0:
            warnings.warn(
                "Negative values for `power_t` are deprecated: the learning rate would grow. Use values in the range "
                "[0.0, inf).",
                FutureWarning,
                stacklevel=4,
            )

    @property
    def _single(self) -> bool:
        """Whether rows go one by one."""
        return self.optimizer == "sgd" and self.batch_size == 1

    def _data(self, X: Any, y: Any, sample_weight: Any, *, reset: bool, **checks: Any) -> Rows:
        """X, (n, p) contiguous or CSR, y, and the weights of the rows."""
        dtypes = [np.float64, np.float32]
        X, y = validate_data(
            self, X, y, accept_sparse="csr", dtype=dtypes, order="C", accept_large_sparse=False, reset=reset, **checks
        )
        if self.early_stopping and sample_weight is not None and not np.any(sample_weight):
            raise DataError(NO_VALIDATION_WEIGHT)
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        return Rows(X, y, weight)

    def _held_out(self, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Mask of the rows that are kept for early stopping."""
        mask = np.zeros(len(y), dtype=bool)
        if self.early_stopping:
            from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit  # slow to import

            splitter: Any = ShuffleSplit if self.loss_functions is REGRESSION else StratifiedShuffleSplit
            split = splitter(test_size=self.validation_fraction, random_state=self.random_state)
            mask[next(split.split(np.zeros((len(y), 1)), y))[1]] = True
            if not weight[mask].any():
                raise DataError(NO_VALIDATION_WEIGHT)
        return mask

    def _start(self, shape: tuple[int, int], coef: Any, intercept: Any) -> tuple[np.ndarray, np.ndarray]:
        """Weights (K, p) and intercepts (K,) to start from: those given, or zeros."""
        K, p = shape
        W, b = np.zeros(shape), np.zeros(K)
        if coef is not None:
            coef = np.asarray(coef.toarray() if issparse(coef) else coef, dtype=np.float64)
            if coef.shape != shape and not (K == 1 and coef.size == p):
                raise DataError(
                    f"Provided coef_init does not match dataset: it has the shape {coef.shape}, not {shape}."
                )
            W[:] = coef.reshape(shape)
        if intercept is not None:
            intercept = np.asarray(intercept, dtype=np.float64)
            if intercept.shape != (K,) and not (K == 1 and intercept.size == 1):
                raise DataError(
                    f"Provided intercept_init does not match dataset: it has the shape {intercept.shape}, not ({K},)."
                )
            b[:] = intercept
        return W, b

    def _resumed(self, K: int) -> Descent:
        """Where `partial_fit` goes on."""
        coef, intercept = (
            (self._standard_coef, self._standard_intercept) if self.average else (self.coef_, self.intercept_)
        )
        W, b = self._start((K, self.n_features_in_), coef, intercept)
        mean = (self._average_coef, self._average_intercept) if self.average else (None, None)
        return Descent(W, b, *self._start(W.shape, *mean), t=self.t_, memory=self._memory)

    def _fresh(self, shape: tuple[int, int], coef: Any = None, intercept: Any = None) -> Descent:
        """Where `fit` starts: from what is given, from the last fit with `warm_start`, or from 0."""
        if self.warm_start and hasattr(self, "coef_"):
            coef = self.coef_ if coef is None else coef
            intercept = self.intercept_ if intercept is None else intercept
        W, b = self._start(shape, coef, intercept)
        return Descent(W, b, np.zeros_like(W), np.zeros_like(b))

    def _rule(self, seed: int, positive: float, weights: tuple[float, float], sparse: bool) -> Any:
        from panlearn.optimize.stochastic_gradient import Rule

        loss, name = self._loss(), self.learning_rate
        share = {"l2": 0.0, "l1": 1.0, "elasticnet": self.l1_ratio or 0.0, None: 0.0}[self.penalty]
        alpha = 0.0 if self.penalty is None else float(self.alpha)
        if name == "optimal" and self.optimizer != "sgd":
            name = "constant"  # the rule is one for plain steps: the other optimisers scale theirs themselves
        return Rule(
            loss=loss.code,
            parameter=float(loss.parameter),
            l1=alpha * share,
            l2=alpha * (1.0 - share),
            schedule=SCHEDULES[name],
            power=0.5 if name == "inverse_sqrt" else float(self.power_t),
            rate=float(self.eta0),
            # the first rate is that which moves a typical weight, alpha^-1/4, by its own size for a slope of 1
            optimal=(float(self.alpha), float(self.alpha) ** -0.75 if self.alpha > 0 else 0.0),
            intercept=0.0 if not self.fit_intercept else (SPARSE_INTERCEPT if sparse and self._single else 1.0),
            average=float(self.average),
            positive=positive,
            weights=weights,
            tol=-np.inf if self.tol is None else float(self.tol),
            patience=self.n_iter_no_change,
            seed=seed if self.shuffle else -1,
            judged=self.early_stopping,
        )

    def _loss(self) -> Any:
        kind, parameter = self.loss_functions[self.loss]
        return kind(float(self.epsilon) if self.loss in REGRESSION and self.loss != "squared_error" else parameter)

    def _learn(self, rows: Rows, held: np.ndarray, rules: Sequence[Any], start: Descent, epochs: int) -> Descent:
        """Descend from the start over the rows that are not held out; y holds amounts or codes of classes."""
        from panlearn.optimize import stochastic_gradient as kernels

        X, y, weight = rows.X, rows.y, np.asarray(rows.weight)
        targets = np.column_stack([np.where(held, np.nan, y), weight])
        problems = []
        for k, rule in enumerate(rules):
            state = kernels.started(start.W[k].copy(), start.b[k], rule, len(y), step=start.t, epochs=epochs)
            if self.average:
                state.average[:], state.numbers[kernels.MEAN_B] = start.mean_W[k], start.mean_b[k]
            problems.append(kernels.Problem(rule, state))
        score = self._scorer(rows, held) if self.early_stopping else None
        descend = self._by_rows if self._single else self._by_batches
        with np.errstate(over="ignore", invalid="ignore"):  # divergence is found out once for each epoch
            end = descend(X, targets, problems, start, score)
        if any(problem.state.numbers[kernels.STATUS] == kernels.DIVERGED for problem in problems):
            raise DataError(
                f"Floating-point under-/overflow occurred at epoch #{end.n_iter}. Scaling input data with "
                f"StandardScaler or MinMaxScaler might help. {self._advice(X)}"
            )
        return end

    def _by_rows(self, X: Any, targets: np.ndarray, problems: list, start: Descent, score: Any) -> Descent:
        from panlearn.optimize import stochastic_gradient as kernels

        width = X.nnz / len(targets) if issparse(X) else X.shape[1]
        kernels.solve(kernels.rows_of(X), targets, problems, width=width, score=score, verbose=self.verbose)
        states = [problem.state for problem in problems]
        numbers = np.array([state.numbers for state in states])
        n_iters = numbers[:, kernels.EPOCH].astype(int)
        longest = int(n_iters.max())
        curves = [np.pad(state.curve[:e], (0, longest - e), mode="edge") for state, e in zip(states, n_iters)]
        return start._replace(
            W=np.array([state.w for state in states]),
            b=numbers[:, kernels.B],
            mean_W=np.array([state.average for state in states]),
            mean_b=numbers[:, kernels.MEAN_B],
            t=start.t + longest * len(targets),
            n_iter=longest,
            curve=np.mean(curves, axis=0),
        )

    def _by_batches(self, X: Any, targets: np.ndarray, problems: list, start: Descent, score: Any) -> Descent:
        from panlearn.optimize import mini_batch
        from panlearn.optimize import stochastic_gradient as kernels

        order, optimizer, (rule, state) = (
            np.flatnonzero(targets[:, 0] == targets[:, 0]),
            OPTIMIZERS[self.optimizer],
            problems[0],
        )
        size = len(order) if self.batch_size == "full" else int(self.batch_size)
        theta, mean = np.vstack([start.W.T, start.b]), np.vstack([start.mean_W.T, start.mean_b])
        memory = optimizer.init(theta) if start.memory is None else start.memory
        f, walk = mini_batch.Linear(X, targets, self._loss(), problems), mini_batch.Walk(theta, mean, memory)
        rng, numbers = np.random.RandomState(max(rule.seed, 0)), state.numbers
        going = iter(lambda: bool(numbers[kernels.STATUS] == kernels.RUNNING), False)
        for _ in progress(going, "mini-batches", enabled=self.verbose, certificate=lambda: float(state.curve.max())):
            if self.shuffle:
                rng.shuffle(order)
            walk, objective = mini_batch.epoch(f, walk, optimizer, order, size)
            epoch = int(numbers[kernels.EPOCH])
            state.curve[epoch], numbers[kernels.EPOCH] = objective.mean(), epoch + 1
            if not (np.isfinite(walk.theta).all() and np.isfinite(objective).all()):
                numbers[kernels.STATUS] = kernels.DIVERGED
                break
            for k, problem in enumerate(problems):
                problem.state.w[:], problem.state.numbers[kernels.B] = walk.theta[:-1, k], walk.theta[-1, k]
            value = objective.mean() if score is None else -np.mean([score(problem) for problem in problems])
            kernels.judge(value, rule, state)
        n_iter = int(numbers[kernels.EPOCH])
        return Descent(
            W=walk.theta[:-1].T.copy(),
            b=walk.theta[-1].copy(),
            mean_W=walk.mean[:-1].T.copy(),
            mean_b=walk.mean[-1].copy(),
            memory=walk.memory,
            t=float(numbers[kernels.STEP]),
            n_iter=n_iter,
            curve=state.curve[:n_iter],
        )

    def _scorer(self, rows: Rows, held: np.ndarray) -> Callable[[Any], float]:
        """Accuracy of one class against the rest, or R^2, on the rows held out."""
        from sklearn.metrics import r2_score  # slow to import

        X, y, weight = rows[held]  # type: ignore[misc]

        def score(problem: Any) -> float:
            rule, state = problem
            z = np.asarray(X @ state.w) + state.numbers[0]
            if rule.positive >= 0:
                return float(np.average((z > 0) == (y == rule.positive), weights=weight))
            return float(r2_score(y, z, sample_weight=weight))

        return score

    def _advice(self, X: Any) -> str:
        """Which column to scale."""
        spread = np.asarray(abs(X).max(axis=0).todense()).ravel() if issparse(X) else np.ptp(X, axis=0)
        widest, least = int(np.argmax(spread)), float(spread[spread > 0].min(initial=np.inf))
        if not spread[widest] > 10 * max(least, 1.0):
            return f"The columns of X are on like scales: lower eta0 ({self.eta0:g})."
        name = repr(self.feature_names_in_[widest]) if hasattr(self, "feature_names_in_") else widest
        return f"Column {name} spreads over {spread[widest]:.2g}, the narrowest over {least:.2g}: scale it first."

    def _keep(self, end: Descent, dtype: Any, single: bool) -> None:
        """Set the fitted attributes; `single`: weights as a vector, for regression."""
        self.t_, self.n_iter_, self._memory = end.t, end.n_iter, end.memory
        W, mean_W = (end.W[0], end.mean_W[0]) if single else (end.W, end.mean_W)
        self.coef_, self.intercept_ = W.astype(dtype), end.b.astype(dtype)
        if self.average:
            self._standard_coef, self._standard_intercept = self.coef_, self.intercept_
            self._average_coef, self._average_intercept = mean_W.astype(dtype), end.mean_b.astype(dtype)
            if self.average <= self.t_ - 1:
                self.coef_, self.intercept_ = self._average_coef, self._average_intercept
        self.certificate_ = f"mean objective {end.curve[-1]:.4g} over epoch {end.n_iter}"

    def _report(self, X: Any, worst: float) -> None:
        """Say that the descent diverged or did not converge; `worst`: an objective beyond which it has diverged."""
        if self.verbose:
            print(f"{type(self).__name__}: {self.certificate_}")  # noqa: T201
        curve = self.loss_curve_
        if curve[-1] > worst > 0:
            self._warn_unconverged(
                f"the mean objective has risen to {curve[-1]:.2g}, {curve[-1] / worst * WORSE:.1g} times what it is at "
                "zero weights: the descent diverges",
                self._advice(X),
            )
        elif self.tol is not None and self.n_iter_ == self.max_iter:
            change = abs(curve[-1] - curve[-2]) if len(curve) > 1 else curve[-1]
            self._warn_unconverged(
                "Maximum number of iteration reached before convergence",
                "Consider increasing max_iter to improve the fit. "
                f"The mean objective is {curve[-1]:.4g} and changed by {change:.1g} in the last epoch.",
            )
