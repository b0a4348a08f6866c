"""Linear-chain conditional random field: labels of a sequence, each judged beside its neighbours [lafferty2001].

    p(y | x) = exp s(y, x) / Z(x),     s(y, x) = Σ_t Σ_a v_a(x_t) w[a, y_t] + Σ_t T[y_{t-1}, y_t]

    min over w, T    Σ_x c_x (log Z(x) − s(y_x, x)) + c1 |w|₁ + c2 |w|₂²

v_a(x_t) are attributes of token t, which may look at all of x; w weighs an attribute for a label, T a step. It is the
discriminative twin of the hidden Markov model: the same chain, fitted to p(y | x) and not to p(x, y), so that
attributes may overlap and need no model of their own. Z and the gradient, expected minus observed counts, take one
forward-backward pass (`crf_objective`); the objective is convex, and `crf_training` has five ways down. What a fitted
model answers is in `crf_predictions`, its weights by name in `crf_inspection`, how it learns in `crf_learning`.

Cost: each iteration some A L' + L² multiply-adds a token (A attributes of a token, L' labels each was seen with, L
labels). When it fails: labels that depend on ones farther back than the last; hundreds of labels (L²); few tagged
sequences, where an HMM that also learns from untagged ones may win; unscaled numeric attributes (bring them to [0, 1]).

Course notes: 004 §11; 002 on generative and discriminative models.
"""

import time
from pathlib import Path
from typing import Any, ClassVar

from panlearn.core.constraints import BOOLEAN, COUNT, NATURAL, NONNEGATIVE, POSITIVE, VERBOSE, options, validated
from panlearn.core.errors import ModelFileError
from panlearn.core.persistence import load, save
from panlearn.core.registry import method
from panlearn.sequence.attribute_encoder import AttributeEncoder
from panlearn.sequence.crf_inspection import TrainingLog
from panlearn.sequence.crf_learning import CRFLearning, counting
from panlearn.sequence.crf_training import train
from panlearn.sequence.crfsuite_model import MAGIC, read_crfsuite_model
from panlearn.sequence.tag_codes import tag_lists

ALGORITHMS = ("lbfgs", "l2sgd", "ap", "pa", "arow")


@method(
    "Linear-chain conditional random field",
    tasks=("sequence",),
    notes=("004 11",),
    cost=lambda n, p, k: 100.0 * n * (20 * k + k * k),
)
class CRF(CRFLearning):
    """Linear-chain conditional random field, with the parameters and attributes of sklearn-crfsuite.

    None stands for CRFsuite's default, which is given with each parameter.

    Parameters
    ----------
    algorithm : {"lbfgs", "l2sgd", "ap", "pa", "arow"}, default="lbfgs"
        L-BFGS (OWL-QN with `c1`), stochastic gradient, averaged perceptron, passive-aggressive, or AROW.
    min_freq : float, default=0
        Leave out features that are rarer.
    all_possible_states : bool, default=False
        Give every pair of an attribute and a label a weight, also those never seen together.
    all_possible_transitions : bool, default=False
        Give every step a weight, also those never seen.
    c1 : float, default=0
        Weight of the L1 penalty; lbfgs.
    c2 : float, default=1
        Weight of the L2 penalty; lbfgs and l2sgd.
    max_iterations : int, default=no bound for lbfgs, 1000 for l2sgd, 100 for the others
        Most iterations.
    num_memories : int, default=6
        Steps that L-BFGS remembers.
    epsilon : float, default=1e-5 for lbfgs, 0 for the others
        Stop at a gradient norm, relative to the norm of the weights, or a mean loss, below this.
    period : int, default=10
        Iterations over which the gain is judged; lbfgs and l2sgd.
    delta : float, default=1e-5 for lbfgs, 1e-6 for l2sgd
        Stop at a relative gain over `period` iterations below this.
    linesearch : {"MoreThuente", "Backtracking", "StrongBacktracking"}, default="MoreThuente"
        Accepted for compatibility: there is one line search, for the strong Wolfe conditions.
    max_linesearch : int, default=20
        Most trials of a line search.
    calibration_eta : float, default=0.1
        First learning rate tried; l2sgd.
    calibration_rate : float, default=2
        Factor between learning rates tried; l2sgd.
    calibration_samples : int, default=1000
        Sequences on which they are tried; l2sgd.
    calibration_candidates : int, default=10
        Rates that must have lowered the loss before one is chosen; l2sgd.
    calibration_max_trials : int, default=20
        Most rates tried; l2sgd.
    pa_type : {0, 1, 2}, default=1
        Without slack, PA-I or PA-II; pa.
    c : float, default=1
        Weight of the slack; pa.
    error_sensitive : bool, default=True
        Ask for a margin of the square root of the number of wrong labels; pa.
    averaging : bool, default=True
        Average the weights over all updates; pa.
    variance : float, default=1
        Variance of each weight at the start; arow.
    gamma : float, default=1
        Trade between loss and change of the weights; arow.
    verbose : bool or int, default=False
        Show progress.
    model_filename : str, default=None
        File that `fit` writes in panlearn's own format (a zip as of `panlearn.save`, which CRFsuite cannot read), and
        that an estimator which is not fitted reads; what is read may also be a model of CRFsuite.
    keep_tempfiles : bool, default=False
        Accepted for compatibility: there are no temporary files.
    trainer_cls : object, default=None
        Accepted for compatibility, without effect.
    features : TokenFeatures or AttributeEncoder, default=None
        What turns sequences into attributes. By default tokens are dicts of attributes, lists of their names, or rows
        of a matrix; with `TokenFeatures()` they are words.
    constraints : str, array-like of shape (L, L) or collection of pairs, default=None
        Rules that predictions keep: "BIO", "IOB1", "BIOES" …, which label may follow which in the order of `classes_`,
        or forbidden pairs (label, next label), None for the edge. Training does not look at them.

    Attributes
    ----------
    classes_ : list
        Labels in the order in which they first appeared. As all properties up to `training_log_` None before `fit`.
    attributes_ : list of str
        Attributes that have a weight.
    num_attributes_ : int
        Their number.
    state_features_ : dict
        Weights by (attribute, label); zeros are left out.
    transition_features_ : dict
        Weights by (label, next label); zeros are left out.
    size_ : int
        Size of weights and names, in bytes.
    tagger_ : CRFTagger
        Answers under the names of python-crfsuite's tagger.
    training_log_ : TrainingLog
        Loss at each iteration.
    objective_ : float
        Penalised negative log-likelihood; for ap, pa and arow the mean loss of the last pass.
    gradient_norm_ : float
        Norm of the gradient there, NaN for ap, pa and arow.
    n_iter_ : int
        Iterations done.
    certificate_ : str
        Objective, gradient norm and iterations in words.

    Raises
    ------
    DataError
        If X and y differ in their lengths, an attribute is no finite number or text, or a label is missing.

    References
    ----------
    [lafferty2001], [okazaki2007]; course notes 004 §11

    Examples
    --------
    The word "may" is a verb or a month, by what stands beside it:

    >>> from panlearn.sequence import CRF
    >>> X = [[["you"], ["may"]], [["in"], ["may"]], [["you"], ["go"]], [["in"], ["june"]]]
    >>> y = [["pronoun", "verb"], ["preposition", "month"], ["pronoun", "verb"], ["preposition", "month"]]
    >>> model = CRF(c2=0.1).fit(X, y)
    >>> model.predict_single([["in"], ["may"]]), model.predict_single([["you"], ["may"]])
    (['preposition', 'month'], ['pronoun', 'verb'])
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "algorithm": [options(*ALGORITHMS), None],
        "min_freq": [NONNEGATIVE, None],
        "all_possible_states": [BOOLEAN, None],
        "all_possible_transitions": [BOOLEAN, None],
        "c1": [NONNEGATIVE, None],
        "c2": [NONNEGATIVE, None],
        "max_iterations": [COUNT, None],
        "num_memories": [COUNT, None],
        "epsilon": [NONNEGATIVE, None],
        "period": [COUNT, None],
        "delta": [NONNEGATIVE, None],
        "linesearch": [options("MoreThuente", "Backtracking", "StrongBacktracking"), None],
        "max_linesearch": [COUNT, None],
        "calibration_eta": [POSITIVE, None],
        "calibration_rate": [POSITIVE, None],
        "calibration_samples": [COUNT, None],
        "calibration_candidates": [COUNT, None],
        "calibration_max_trials": [COUNT, None],
        "pa_type": [NATURAL, None],
        "c": [POSITIVE, None],
        "error_sensitive": [BOOLEAN, None],
        "averaging": [BOOLEAN, None],
        "variance": [POSITIVE, None],
        "gamma": [POSITIVE, None],
        "verbose": [VERBOSE],
        "model_filename": [str, Path, None],
        "keep_tempfiles": [BOOLEAN],
        "trainer_cls": [object],
        "features": [object],
        "constraints": [object],
    }

    def __init__(
        self,
        algorithm: str | None = None,
        min_freq: float | None = None,
        all_possible_states: bool | None = None,
        all_possible_transitions: bool | None = None,
        c1: float | None = None,
        c2: float | None = None,
        max_iterations: int | None = None,
        num_memories: int | None = None,
        epsilon: float | None = None,
        period: int | None = None,
        delta: float | None = None,
        linesearch: str | None = None,
        max_linesearch: int | None = None,
        calibration_eta: float | None = None,
        calibration_rate: float | None = None,
        calibration_samples: int | None = None,
        calibration_candidates: int | None = None,
        calibration_max_trials: int | None = None,
        pa_type: int | None = None,
        c: float | None = None,
        error_sensitive: bool | None = None,
        averaging: bool | None = None,
        variance: float | None = None,
        gamma: float | None = None,
        verbose: bool | int = False,
        model_filename: str | None = None,
        keep_tempfiles: bool = False,
        trainer_cls: Any = None,
        *,
        features: Any = None,
        constraints: Any = None,
    ) -> None:
        self.algorithm = algorithm
        self.min_freq = min_freq
        self.all_possible_states = all_possible_states
        self.all_possible_transitions = all_possible_transitions
        self.c1 = c1
        self.c2 = c2
        self.max_iterations = max_iterations
        self.num_memories = num_memories
        self.epsilon = epsilon
        self.period = period
        self.delta = delta
        self.linesearch = linesearch
        self.max_linesearch = max_linesearch
        self.calibration_eta = calibration_eta
        self.calibration_rate = calibration_rate
        self.calibration_samples = calibration_samples
        self.calibration_candidates = calibration_candidates
        self.calibration_max_trials = calibration_max_trials
        self.pa_type = pa_type
        self.c = c
        self.error_sensitive = error_sensitive
        self.averaging = averaging
        self.variance = variance
        self.gamma = gamma
        self.verbose = verbose
        self.model_filename = model_filename
        self.keep_tempfiles = keep_tempfiles
        self.trainer_cls = trainer_cls
        self.features = features
        self.constraints = constraints

    @validated
    def fit(self, X: Any, y: Any, X_dev: Any = None, y_dev: Any = None, sample_weight: Any = None) -> "CRF":
        """Find the weights.

        Parameters
        ----------
        X : iterable of sequences
            Each a list of tokens: dicts {attribute: value}, lists of attributes, or with `features` what those read; or
            a matrix (tokens, attributes); or `Encoded` rows of all. A generator is read once.
        y : list of lists
            A label for each token.
        X_dev : iterable of sequences, optional
            Sequences on which the model is judged; `training_log_` has the scores.
        y_dev : list of lists, optional
            Their labels.
        sample_weight : array-like of shape (s,), optional
            Weights of the sequences, at least 0: 2 counts a sequence twice.

        Returns
        -------
        CRF
            The fitted estimator.
        """
        if (X_dev is None) != (y_dev is None):
            raise ValueError("Pass both X_dev and y_dev to use the holdout data")
        begun, tags = time.perf_counter(), tag_lists(y)
        X, tags, weight = counting(X, tags, sample_weight)
        encoder, encoded = self._first_rows(X)
        problem, classes = self._problem(encoded, tags, weight)
        found = train(problem, self._settings())
        self._stream = None  # of partial_fit
        self._keep(problem, found, classes, encoder)
        course = found.trace[len(found.trace) - found.n_iter :]  # without the start
        losses = [{"num": i, "loss": float(loss)} for i, loss in enumerate(course, 1)]
        if X_dev is not None and losses:
            losses[-1] |= self._judged(X_dev, y_dev)
        self._log = TrainingLog(losses, problem.n_weights, time.perf_counter() - begun)
        if self.model_filename is not None:
            save(self, self.model_filename)
        return self

    def _is_ready(self) -> bool:
        """Whether there are weights; those of a model file are read when they are first wanted."""
        if super()._is_ready():
            return True
        if self.model_filename is None or not Path(self.model_filename).is_file():
            return False
        path = Path(self.model_filename)
        with path.open("rb") as file:
            ours = file.read(len(MAGIC)) != MAGIC
        if ours:
            read = load(path)
            if not isinstance(read, CRF):
                raise ModelFileError(f"{path} holds a {type(read).__name__}, no CRF.")
            self.__dict__.update({**vars(read), **self.get_params(deep=False)})
        else:
            self._chain, names = read_crfsuite_model(path)
            self._encoder, self._names = AttributeEncoder().fit([[names]]), None
            self.certificate_ = f"read from {path.name}"
        return True

    @classmethod
    def _warm_kernels(cls) -> None:
        X, y = [[["a"], ["b"]], [["b"]]] * 2, [["N", "V"], ["V"]] * 2
        for c1 in (0.0, 0.1):
            model = cls(c1=c1).fit(X, y)
        model.predict_proba(X)
        model.predict_n_best(X, 2)
