"""Numbers for sequences: one vector of them for the whole (many-to-one), or one for each step (synchronous).

    one value a sequence      y_i = V pool(h_1, ..., h_T) + c
    one value a step          y_it = V h_t + c                  `pooling=None`

h_t = cell(x_t, h_{t-1}) are the states of recurrent layers. With a value at each step a forward network knows only the
past, as a forecast must; a bidirectional one knows the whole. The loss is the mean over all steps, so that long
sequences weigh more than short ones.

Cost and failures are those of `SequenceClassifier`; numbers of very different size in y want to be standardised first.

Course notes: 000 §5, 001 §8, 003 §2, 004 §1.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.metrics import r2_score
from torch import Tensor

from panlearn.core.constraints import options
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.neural_network.examples import Examples
from panlearn.neural_network.network_regressor import NetworkRegressor
from panlearn.neural_network.sequence_estimator import CLIPPING, SequenceEstimator
from panlearn.neural_network.step_targets import known_steps, over_steps, padded_targets, steps_there
from panlearn.neural_network.text_rows import WORDS
from panlearn.neural_network.training.objective import OBJECTIVES, Objective


@method(
    "Recurrent network, numbers for sequences",
    tasks=(),
    notes=("000 5", "001 8", "003 2", "004 1"),
    cost=lambda n, p, k: 20 * 6 * 4 * 128 * (128 + p) * 50.0 * n,
)
class SequenceRegressor(SequenceEstimator, NetworkRegressor):
    """Recurrent network that gives each sequence, or each of its steps, a number or several.

    X is a list of arrays (T_i, p) of any lengths, an array (n, T, p) or (n, T), a list of token lists, or strings. y is
    of shape (n,) or (n, k); without pooling a list of arrays (T_i,) or (T_i, k), or an array (n, T) or (n, T, k).

    Parameters
    ----------
    cell : {"lstm", "gru", "rnn", "jordan"}, default="lstm"
        The recurrent cell; "rnn" is Elman's network, "jordan" feeds outputs back rather than states.
    variant : str or tuple of str, default="standard"
        Of that cell. LSTM: "peephole", "coupled", "layer_norm", "ordered", or those that go together; GRU:
        "reset_before"; RNN (tanh): "relu", "sigmoid", or "identity" [le2015].
    hidden_size : int, default=128
        Width of the state.
    num_layers : int, default=1
        Recurrent layers, one above the other.
    bidirectional : bool, default=False
        Whether a second cell reads each sequence from its end.
    dropout : float, default=0.0
        Share dropped of the vectors of tokens, between layers, and of the outputs.
    recurrent_dropout : float, default=0.0
        Share of the state dropped on its way into the recurrent product, the same at all steps [gal2016].
    embedding_size : int, default=100
        Of the vectors of tokens, where none are given.
    vectors : mapping or KeyedVectors, default=None
        Vectors of tokens to start from, as for `TextCNNClassifier`.
    pooling : {"last", "mean", "max"} or None, default="last"
        What of the states the outputs see: the last, their mean, or the largest value in each coordinate. None: each
        step has outputs of its own.
    standardize : bool, default=True
        Subtract the mean of each feature over all steps of the training sequences, and divide by its deviation.
    analyzer : {"word", "char"} or callable, default="word"
        How strings become tokens; lists of tokens are left as they are.
    token_pattern : str, default=words and punctuation marks
        Regular expression of a word.
    lowercase : bool, default=True
        Put strings in lower case first.
    min_df : int, default=1
        Training sequences in which a token must occur to have a vector of its own; all others share one.
    max_features : int, default=None
        Most tokens with a vector of their own, the frequent ones first.
    bptt_window : int, default=None
        Steps that gradients reach back; None for all. With one value a
        sequence counted from its end; with one a step, each window is an update.
    stateful : bool, default=False
        Whether sequence i of each batch goes on where sequence i of the batch before ended. Sequences then stay in
        their order, in training and in prediction, which begins from zeros.
    optimizer : str or optimiser, default="adam"
        A name, or an instance of `panlearn.optimize`.
    learning_rate : float, default=3e-3
        First rate.
    learning_rate_schedule : str or schedule, default="constant"
        How the rate changes.
    max_epochs : int, default=20
        Passes over the sequences.
    batch_size : int, default=32
        Sequences in a batch.
    l1, l2 : float, default=0.0
        Penalties on all weights.
    max_norm : float, default=None
        Largest norm of the weights into a neuron.
    clipping : GradientClipping, default=GradientClipping(norm=5.0)
        Bound on the gradient: recurrent networks have cliffs [pascanu2013]. None for no bound.
    early_stopping : bool or EarlyStopping, default=False
        Keep `validation_fraction` of the sequences aside, stop when their loss no longer falls, take the best epoch.
    validation_fraction : float, default=0.1
        That share.
    loss : {"squared_error", "absolute_error", "huber", "poisson"}, default="squared_error"
        What is made small, on the scale of y.
    precision : {"float32", "bfloat16", "float16"}, default="float32"
        Type of the products.
    compile : bool, default=False
        Whether torch.compile is used.
    device : str, default="auto"
        "cpu", "cuda", or the better of those there are.
    warm_start : bool, default=False
        Go on from the last fit.
    callbacks : sequence of Callback, default=()
        What looks at the run.
    random_state : int, RandomState or None, default=None
        Seed of weights, dropout and order.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    vocabulary_ : dict
        From token to row of the table of vectors, where X held tokens; row 0 stands for all others.
    n_features_in_ : int
        Numbers a step, where X held numbers.
    module_ : SequenceHead
        The network.
    history_ : list of Epoch
        Loss, gradient norm, learning rate and validation of each epoch.
    loss_curve_ : list of float
        Training loss of each epoch.
    n_iter_ : int
        Epochs done.
    n_parameters_ : int
        Numbers learnt.
    certificate_ : str
        Loss and gradient norm reached.

    Raises
    ------
    ValueError
        If a parameter or the data cannot be used: a sequence is empty, or holds NaN (named by sequence and step).

    References
    ----------
    [elman1990], [hochreiter1997], course notes 003 §2, 004 §1

    Examples
    --------
    A running mean is a state:

    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(60, 20))
    >>> y = np.cumsum(X, axis=1) / np.arange(1, 21)
    >>> settings = {"hidden_size": 32, "max_epochs": 40, "learning_rate": 0.01, "random_state": 0}
    >>> model = SequenceRegressor("gru", pooling=None, **settings)
    >>> model.fit(X[:40], y[:40]).score(X[40:], y[40:]) > 0.9
    True
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **NetworkRegressor._parameter_constraints,
        **SequenceEstimator._parameter_constraints,
        "pooling": [options("last", "mean", "max"), None],
        "loss": [options("squared_error", "absolute_error", "huber", "poisson")],
    }

    def __init__(
        self,
        cell: str = "lstm",
        variant: Any = "standard",
        *,
        hidden_size: int = 128,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        embedding_size: int = 100,
        vectors: Any = None,
        pooling: str | None = "last",
        standardize: bool = True,
        analyzer: str | Callable[[str], Sequence[str]] = "word",
        token_pattern: str = WORDS,
        lowercase: bool = True,
        min_df: int = 1,
        max_features: int | None = None,
        bptt_window: int | None = None,
        stateful: bool = False,
        optimizer: Any = "adam",
        learning_rate: float = 3e-3,
        learning_rate_schedule: Any = "constant",
        max_epochs: int = 20,
        batch_size: int = 32,
        l1: float = 0.0,
        l2: float = 0.0,
        max_norm: float | None = None,
        clipping: Any = CLIPPING,
        early_stopping: Any = False,
        validation_fraction: float = 0.1,
        loss: str = "squared_error",
        precision: str = "float32",
        compile: bool = False,
        device: str = "auto",
        warm_start: bool = False,
        callbacks: Sequence[Any] = (),
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.cell = cell
        self.variant = variant
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.embedding_size = embedding_size
        self.vectors = vectors
        self.pooling = pooling
        self.standardize = standardize
        self.analyzer = analyzer
        self.token_pattern = token_pattern
        self.lowercase = lowercase
        self.min_df = min_df
        self.max_features = max_features
        self.bptt_window = bptt_window
        self.stateful = stateful
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.l1 = l1
        self.l2 = l2
        self.max_norm = max_norm
        self.clipping = clipping
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.loss = loss
        self.precision = precision
        self.compile = compile
        self.device = device
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    def predict(self, X: Any) -> Any:
        """Means of the targets.

        Parameters
        ----------
        X : sequences
            Of the kind of the fit.

        Returns
        -------
        ndarray of shape (n,) or (n, k), or a list of arrays (T_i,) or (T_i, k)
            As y was in `fit`; a list without pooling.
        """
        if self.pooling is not None:
            return super().predict(X)
        flat = self._outputs(X)
        lengths: Any = self._rows(X, reset=False).lengths()
        ends = np.cumsum(lengths.numpy())[:-1]
        return np.split(flat[:, 0] if self._flat else flat, ends)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R^2 of the predictions; without pooling over the steps of all sequences.

        Parameters
        ----------
        X : sequences
            Of the kind of the fit.
        y : array-like, or list of arrays
            As in `fit`.
        sample_weight : array-like of shape (n,), optional
            Weights of the sequences.

        Returns
        -------
        float
            At most 1.
        """
        if self.pooling is not None:
            return super().score(X, y, sample_weight)
        target, _ = padded_targets(y)
        self._require_steps(self._rows(X, reset=False), target)
        found = np.concatenate(self.predict(X)).reshape(-1, target.shape[2])
        weight = None if sample_weight is None else np.repeat(np.asarray(sample_weight), steps_there(target).numpy())
        return float(r2_score(known_steps(target).numpy(), found, sample_weight=weight))

    def _objective(self) -> Objective:
        return OBJECTIVES[self.loss] if self.pooling is not None else over_steps(OBJECTIVES[self.loss])

    def _target(self, y: Any, *, reset: bool) -> Tensor:
        if self.pooling is not None:
            return super()._target(y, reset=reset)
        target, flat = padded_targets(y)
        if reset:
            self._flat, self._n_outputs = flat, target.shape[2]
        elif target.shape[2] != self._n_outputs:
            raise DataError(f"y has {target.shape[2]} values a step, {self._n_outputs} were fitted.")
        if self.loss == "poisson" and bool((target < 0).any()):
            raise DataError("the poisson loss needs counts: y >= 0.")
        return target

    def _examples(self, X: Any, y: Any, sample_weight: Any, *, reset: bool) -> Examples:
        examples = super()._examples(X, y, sample_weight, reset=reset)
        if self.pooling is None:
            self._require_steps(examples.rows, examples.target)
        return examples

    def _require_steps(self, rows: Any, target: Tensor) -> None:
        """Raise a DataError if a sequence and its targets are not equally long."""
        if len(rows) != len(target):
            raise DataError(
                f"Found input variables with inconsistent numbers of samples: X has {len(rows)} sequences, y "
                f"{len(target)}."
            )
        has, wants = rows.lengths(), steps_there(target)
        odd = (has != wants).nonzero().flatten().tolist()
        if odd:
            i = odd[0]
            raise DataError(
                f"sequence {i} has {int(has[i])} steps, y[{i}] has {int(wants[i])} values: they must be equally many."
            )

    def _judged(self, held: Examples) -> Examples:
        if self.pooling is not None:
            return held
        weight = None if held.weight is None else held.weight.repeat_interleave(steps_there(held.target))
        return held._replace(target=known_steps(held.target), weight=weight)
