"""Text classification by convolution over words [kim2014]: each filter finds phrases, pooling keeps the best of them.

    min over vectors E, filters W, outputs V:   mean_i -log softmax(V m * pool(a(conv_W(E[x_i]))))_{y_i},   |V_k| <= c

with m the dropout mask (half of the features) and c = 3 the bound on the weights into an output. Words start from
vectors learnt elsewhere, or from small random numbers. The network is `nn.blocks.text_convolution`, where the poolings
are described. [kim2014] trains by AdaDelta; RMSProp reaches the same accuracy in a third of the epochs.

Cost: an epoch takes about 3 H F d products for each different word of each batch (H: sum of the widths, F filters, d
dimensions), forward and backward together. It fails where the order of distant words decides, and on few texts: a
thousand sentences are better served by naive Bayes or a linear machine on counts.

Course note: 004 §6.
"""

from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from sklearn.utils._param_validation import Interval

from panlearn.core.constraints import BOOLEAN, COUNT, POSITIVE, options
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.neural_network.network_classifier import NetworkClassifier
from panlearn.neural_network.row_updates import RowOptimizer, divide
from panlearn.neural_network.text_rows import WORDS, documents, found_vectors, numbered, tokenizer, vector_table
from panlearn.neural_network.text_rows import vocabulary as vocabulary_of
from panlearn.neural_network.training.rows import Rows
from panlearn.neural_network.training.run import Run
from panlearn.neural_network.training.settings import Settings
from panlearn.nn.blocks.text_convolution import POOLINGS, TextConvolution


class WordVectors(NamedTuple):
    """Vectors of some words, in the form of `KeyedVectors`."""

    key_to_index: dict[str, int]
    vectors: np.ndarray  # (n, d)


@method(
    "Convolutional network over words",
    tasks=(),
    notes=("004 6",),
    cost=lambda n, p, k: 10 * 6 * 1200 * 300 * 10.0 * n,
)
class TextCNNClassifier(NetworkClassifier):
    """Convolutional network over the words of texts.

    Parameters
    ----------
    widths : sequence of int, default=(3, 4, 5)
        Words in the windows of the filters.
    n_filters : int, default=100
        Filters of each width.
    pooling : {"max", "k_max", "dynamic_k_max", "average"}, default="max"
        What is kept of a filter's scores: the best, the `k` best in their order, first the best half and behind a
        second layer the `k` best [kalchbrenner2014], or the mean.
    k : int, default=3
        Scores kept by the two k-max poolings.
    activation : str or torch.nn.Module, default="relu"
        Behind the filters; any name of `panlearn.nn.activations` but "maxout".
    dropout : float, default=0.5
        Share of the features dropped in training.
    dimension : int, default=300
        Of the word vectors, where none are given.
    vectors : mapping or KeyedVectors, default=None
        Word vectors to start from: a dict from word to vector, or an object with `key_to_index` and `vectors`. Words
        of the training texts that it lacks get numbers of the same variance.
    spread : float, default=0.05
        Vectors that are not given are drawn in [-spread, spread], where no vectors are given. Small ones leave the word
        to training; 0.25 is that of [kim2014], which takes twice the epochs.
    channels : {"trainable", "static", "both"}, default="trainable"
        Whether word vectors are learnt, kept, or there twice, one learnt and one kept.
    analyzer : {"word", "char"} or callable, default="word"
        How strings become words: by `token_pattern`, by characters (Chinese), or by a function. Texts that are lists
        of words are left as they are.
    token_pattern : str, default=words and punctuation marks
        Regular expression of a word.
    lowercase : bool, default=True
        Put strings in lower case first.
    min_df : int, default=1
        Training texts in which a word must occur to have a vector of its own; all others share one.
    max_features : int, default=None
        Most words with a vector of their own, the frequent ones first.
    max_length : int, default=1000
        Words read of a text; None for all.
    optimizer : str or optimiser, default="rmsprop"
        A name, or an instance of `panlearn.optimize`. With "rmsprop", "adadelta", "adagrad" and "sgd", without
        penalties and clipping, only the vectors of the words in a batch are touched, which is faster.
    learning_rate : float, default=1e-3
        1.0 for "adadelta" [kim2014], which then takes three times the epochs.
    learning_rate_schedule : str or schedule, default="constant"
        How the rate changes.
    max_epochs : int, default=5
        Passes over the texts; more for few texts, 3 for some ten thousand sentences.
    batch_size : int, default=50
        Texts in a batch.
    l1, l2 : float, default=0.0
        Penalties on all weights and vectors.
    max_norm : float, default=3.0
        Largest norm of the weights into an output; None for no bound.
    clipping : GradientClipping, default=None
        Bound on the gradient.
    early_stopping : bool or EarlyStopping, default=False
        Keep `validation_fraction` of the texts aside, stop when their score no longer grows, and take the best epoch.
    validation_fraction : float, default=0.1
        That share.
    class_weight : dict or "balanced", default=None
        Weights of the classes.
    label_smoothing : float, default=0.0
        Share of each label spread over all classes.
    precision : {"float32", "bfloat16", "float16"}, default="float32"
        Type of the products of the last layer; the filters always take float32.
    compile : bool, default=False
        Whether torch.compile is used.
    device : str, default="auto"
        "cpu", "cuda", or the better of those there are.
    warm_start : bool, default=False
        Go on from the last fit, with its vocabulary.
    callbacks : sequence of Callback, default=()
        What looks at the run.
    random_state : int, RandomState or None, default=None
        Seed of vectors, filters, dropout and order.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        Labels.
    vocabulary_ : dict
        From word to row of the table of vectors; row 0 stands for all other words.
    module_ : TextConvolution
        The network.
    history_ : list of Epoch
        Loss, gradient norm, learning rate and validation of each epoch.
    loss_curve_ : list of float
        Training loss of each epoch.
    n_iter_ : int
        Epochs done.
    n_parameters_ : int
        Numbers learnt, vectors included.
    certificate_ : str
        Loss and gradient norm reached.

    Raises
    ------
    ValueError
        If X is not a list of texts, or no text has a word.

    References
    ----------
    [kim2014], [kalchbrenner2014], note 004 §6

    Examples
    --------
    Filters of width 2 tell "not good" from "good", which counts of words cannot do in "good, not bad".

    >>> texts = ["not good", "good not bad", "bad", "not bad", "good", "bad not good"] * 5
    >>> model = TextCNNClassifier((1, 2), 20, dimension=20, learning_rate=0.01, max_epochs=20, random_state=0)
    >>> model.fit(texts, [0, 1, 0, 1, 1, 0] * 5).predict(["good not bad", "bad not good"]).tolist()
    [1, 0]
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **NetworkClassifier._parameter_constraints,
        "widths": ["array-like"],
        "n_filters": [COUNT],
        "pooling": [options(*POOLINGS)],
        "k": [COUNT],
        "activation": [str, torch.nn.Module],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "dimension": [COUNT],
        "vectors": [object],
        "spread": [POSITIVE],
        "channels": [options("trainable", "static", "both")],
        "analyzer": [options("word", "char"), callable],
        "token_pattern": [str],
        "lowercase": [BOOLEAN],
        "min_df": [COUNT],
        "max_features": [COUNT, None],
        "max_length": [COUNT, None],
    }
    vocabulary_: dict[str, int]

    def __init__(
        self,
        widths: Sequence[int] = (3, 4, 5),
        n_filters: int = 100,
        *,
        pooling: str = "max",
        k: int = 3,
        activation: str | torch.nn.Module = "relu",
        dropout: float = 0.5,
        dimension: int = 300,
        vectors: Any = None,
        spread: float = 0.05,
        channels: str = "trainable",
        analyzer: str | Callable[[str], Sequence[str]] = "word",
        token_pattern: str = WORDS,
        lowercase: bool = True,
        min_df: int = 1,
        max_features: int | None = None,
        max_length: int | None = 1000,
        optimizer: Any = "rmsprop",
        learning_rate: float = 1e-3,
        learning_rate_schedule: Any = "constant",
        max_epochs: int = 5,
        batch_size: int = 50,
        l1: float = 0.0,
        l2: float = 0.0,
        max_norm: float | None = 3.0,
        clipping: Any = None,
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
        self.widths = widths
        self.n_filters = n_filters
        self.pooling = pooling
        self.k = k
        self.activation = activation
        self.dropout = dropout
        self.dimension = dimension
        self.vectors = vectors
        self.spread = spread
        self.channels = channels
        self.analyzer = analyzer
        self.token_pattern = token_pattern
        self.lowercase = lowercase
        self.min_df = min_df
        self.max_features = max_features
        self.max_length = max_length
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

    def __sklearn_tags__(self) -> Any:
        """Texts come in, no tables."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        return tags

    def _rows(self, X: Any, *, reset: bool) -> Rows:
        cut = tokenizer(self.analyzer, self.token_pattern, self.lowercase)
        texts = [cut(text) for text in documents(X)]
        if reset:
            self._check_settings()
            self.vocabulary_ = vocabulary_of(texts, self.min_df, self.max_features)
            if not self.vocabulary_:
                raise DataError(
                    f"no word is left of {len(texts)} texts: they are empty, or token_pattern or min_df is too strict."
                )
            self._table = None if self.vectors is None else vector_table(self.vocabulary_, self.vectors)
            self._dimension = self.dimension if self._table is None else self._table.shape[1]
        return numbered(texts, self.vocabulary_, self.max_length)

    def _check_settings(self) -> None:
        """What a single constraint cannot say."""
        widths = list(self.widths)
        if not widths or not all(isinstance(h, Integral) and h >= 1 for h in widths):
            raise DataError(f"widths must be whole numbers of at least 1, got {widths}.")
        if self.activation == "maxout":
            raise DataError('activation="maxout" joins filters; the pooling does that here: choose another.')

    def _network(self) -> TextConvolution:
        network = TextConvolution(
            1 + len(self.vocabulary_),
            self._dimension,
            self._n_outputs,
            widths=tuple(int(h) for h in self.widths),
            n_filters=self.n_filters,
            pooling=self.pooling,
            k=self.k,
            activation=self.activation,
            dropout=self.dropout,
            channels=self.channels,
            spread=self.spread,
        )
        table = self.__dict__.pop("_table", None)  # in a fit; a stored model has its weights
        if table is not None:
            network.set_vectors(torch.from_numpy(table))
        return network

    def _settings(self) -> Settings:
        return super()._settings()._replace(max_norm=None)  # of the outputs alone, see `divide`

    def _train(self, run: Run, validate: Any) -> None:
        if not isinstance(run.optimizer, RowOptimizer):  # a fit that goes on by partial_fit has one
            divide(run, self.max_norm)
        with run.optimizer.apart():
            super()._train(run, validate)

    def __getstate__(self) -> dict[str, Any]:
        """Of millions of given vectors, a fitted model keeps those of its words."""
        state = super().__getstate__()
        if hasattr(self, "vocabulary_") and self.vectors is not None:
            rows, known = found_vectors(self.vocabulary_, self.vectors)
            words = list(self.vocabulary_)
            state["vectors"] = WordVectors({words[row - 1]: i for i, row in enumerate(rows)}, known)
        return state
