"""One label for a whole sequence: recurrent layers read it, softmax judges (many-to-one).

    h_t = cell(x_t, h_{t-1}),   P(y = k | x_1..T) = softmax(V pool(h_1, ..., h_T) + c)_k,   loss -log P(y)

x_t are frames of numbers, or vectors of tokens that are learnt along. The pooling is the last state, the mean, or the
maximum of the states.

Cost of an epoch: about 6 G H (I + H) products a step, forward and backward together, with G = 4 for an LSTM, 3 for a
GRU, 1 for a plain network; steps follow each other, so that threads only share the sequences of a batch. It fails
where what decides lies hundreds of steps back and the cell is a plain network, and on few sequences: with less than a
hundred a nearest neighbour or random convolutional features are better.

Course notes: 000 §5, 001 §8, 003 §2, 004 §1.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from panlearn.core.constraints import options
from panlearn.core.registry import method
from panlearn.neural_network.network_classifier import NetworkClassifier
from panlearn.neural_network.sequence_estimator import CLIPPING, SequenceEstimator
from panlearn.neural_network.text_rows import WORDS


@method(
    "Recurrent network, one label a sequence",
    tasks=(),
    notes=("000 5", "001 8", "003 2", "004 1"),
    cost=lambda n, p, k: 20 * 6 * 4 * 128 * (128 + p) * 50.0 * n,
)
class SequenceClassifier(SequenceEstimator, NetworkClassifier):
    """Recurrent network that gives each sequence one label.

    X is a list of arrays (T_i, p) of any lengths, an array (n, T, p) or (n, T), a list of token lists, or strings.

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
    pooling : {"last", "mean", "max"}, default="last"
        What of the states the outputs see: the last, their mean, or the largest value in each coordinate.
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
        Steps that gradients reach back; None for all. Counted from the end of each
        sequence.
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
    class_weight : dict or "balanced", default=None
        Weights of the classes.
    label_smoothing : float, default=0.0
        Share of each label spread over all classes.
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
    classes_ : ndarray of shape (K,)
        Labels.
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
    [elman1990], [hochreiter1997], [graves2012], course notes 003 §2, 004 §1

    Examples
    --------
    Which of two signals came first, twelve steps ago, is what a state must carry:

    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(0, 0.1, (200, 12))
    >>> y = np.arange(200) % 2
    >>> X[:, 0] += 2 * y - 1
    >>> model = SequenceClassifier("gru", hidden_size=16, max_epochs=10, learning_rate=0.01, random_state=0)
    >>> model.fit(X[:100], y[:100]).score(X[100:], y[100:])
    1.0
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **NetworkClassifier._parameter_constraints,
        **SequenceEstimator._parameter_constraints,
        "pooling": [options("last", "mean", "max")],
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
        pooling: str = "last",
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
        class_weight: Any = None,
        label_smoothing: float = 0.0,
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
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.precision = precision
        self.compile = compile
        self.device = device
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose
