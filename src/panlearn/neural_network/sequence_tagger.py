"""Tagging by a recurrent network: a tag for each token of a sequence [elman1990], [graves2005], [huang2015].

    v_t = vector of token t (word, casing, letters), or frame t        h_t = recurrent layers, one or both directions
    s_t = W h_t + b                                                    score of each tag

    output="softmax"    p(y_t | x) = softmax(s_t)                                   each tag by itself
    output="crf"        p(y | x) = exp(sum_t s_t(y_t) + A(y_{t-1}, y_t)) / Z        whole taggings [lafferty2001]

    min over all weights    - sum log p(y | x) / tokens

Elman's network feeds its state back (cell="rnn"), Jordan's its output (cell="jordan"); both read from left to right and
want a window of the words that follow (`context`) [mesnil2013]. A bidirectional LSTM needs none. The chain pays where
tags constrain their neighbours, as I-x after B-x.

Cost: a token takes 8 H (H + D) multiply-adds a direction of an LSTM forward and twice that backward; the chain L² more.
It fails on few sentences, where a conditional random field on features (`panlearn.sequence.CRF`) is better and faster.

Course notes: 001 §8, 003 §2, 004 §1-§3, §11.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from panlearn.core.constraints import BOOLEAN, COUNT, NATURAL, options, validated, without
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.neural_network.sequence_estimator import CLIPPING, SHARE
from panlearn.neural_network.tagger_learning import TaggerLearning


@method(
    "Recurrent tagger",
    tasks=(),
    notes=("001 8", "003 2", "004 11"),
    cost=lambda n, p, k: 20 * 6 * 8.0 * 128 * (128 + 100) * 2 * 20 * n,
)
class SequenceTagger(TaggerLearning):
    """Recurrent network that tags each token of a sequence.

    Parameters
    ----------
    cell : {"lstm", "gru", "rnn", "jordan"}, default="lstm"
        Recurrent cell; "rnn" is Elman's network.
    variant : str or tuple of str, default="standard"
        Of that cell: "peephole", "coupled", "layer_norm", "ordered" of "lstm", "reset_before" of "gru", "relu",
        "sigmoid", "identity" of "rnn".
    hidden_size : int, default=128
        Units of a layer and direction.
    num_layers : int, default=1
        Layers, one above the other.
    bidirectional : bool, default=True
        Whether sequences are read from both ends.
    dropout : float, default=0.5
        Share of the vectors of tokens, of the outputs, and of the values between layers left out in training.
    recurrent_dropout : float, default=0.0
        Share of the state left out as it enters the recurrent product, the same units throughout a sequence.
    embedding_size : int, default=100
        Of word vectors, where none are given.
    vectors : mapping or KeyedVectors, default=None
        Word vectors to start from: a dict from word to vector, or an object with `key_to_index` and `vectors`.
    output : {"softmax", "crf"}, default="softmax"
        Tag by tag, or whole taggings: a conditional random field on the scores (`panlearn.nn.CRF`).
    constraints : str, array-like, collection of pairs, default=None
        Which tag may follow which, as `panlearn.sequence.CRF` takes it: "BIO", "BIOES", a matrix, forbidden pairs.
    characters : {"cnn", "lstm"}, default=None
        Read the letters of each word as well, with a convolution or in both directions.
    character_size : int, default=50
        Of the vector made of letters.
    casing : bool, default=False
        Whether small letters, capitals and digits are told apart beside the word.
    lowercase : bool, default=False
        Whether words are looked up in small letters; letters and casing are read as they are.
    context : int, default=0
        Neighbours on either side whose vectors stand beside that of each token.
    word_dropout : float, default=0.02
        Share of the words taken for unknown in training, so that unknown words mean something.
    min_df : int, default=1
        Training sequences in which a word must occur to have a vector of its own.
    max_features : int, default=None
        Most words with a vector of their own, the frequent ones first.
    standardize : bool, default=True
        Whether frames of numbers are brought to mean 0 and variance 1, column by column.
    bptt_window : int, default=None
        Steps that gradients reach back; None for all. The state is carried from window to window.
    stateful : bool, default=False
        Whether each batch goes on where the one before ended: long streams cut into `batch_size` parallel pieces.
    optimizer : str or optimiser, default="adam"
        A name, or an instance of `panlearn.optimize`.
    learning_rate : float, default=3e-3
        Size of the steps.
    learning_rate_schedule : str or schedule, default="constant"
        How the rate changes.
    max_epochs : int, default=15
        Passes over the sequences.
    batch_size : int, default=32
        Sequences in a batch.
    l1, l2 : float, default=0.0
        Penalties on all weights and vectors.
    max_norm : float, default=None
        Largest norm of the weights into a unit.
    clipping : GradientClipping, default=GradientClipping(norm=5.0)
        Bound on the gradient.
    early_stopping : bool or EarlyStopping, default=False
        Stop when the score on sequences kept aside (`X_dev`, or `validation_fraction`) no longer grows, and take the
        best epoch. The score is F1 of spans where tags are O, B-x, I-x and the like, else the share of right tokens.
    validation_fraction : float, default=0.1
        Share kept aside, where `fit` is given no `X_dev`.
    precision : {"float32", "bfloat16", "float16"}, default="float32"
        Type of products.
    compile : bool, default=False
        Whether torch.compile is used.
    device : str, default="auto"
        "cpu", "cuda", or the better of those there are.
    warm_start : bool, default=False
        Go on from the last fit, with its words and tags.
    callbacks : sequence of Callback, default=()
        What looks at the run.
    random_state : int, RandomState or None, default=None
        Seed of weights, dropout and order.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    classes_ : list
        Tags, in the order in which they first appear.
    vocabulary_ : dict or None
        From word to row of the table of vectors; row 0 stands for all other words. None for frames.
    module_ : Module
        The network.
    history_ : list of Epoch
        Loss, gradient norm, learning rate and validation of each epoch.
    loss_curve_ : list of float
        Training loss a token of each epoch.
    n_iter_ : int
        Epochs done.
    n_parameters_ : int
        Numbers learnt, vectors included.
    certificate_ : str
        Loss and gradient norm reached, best validation score.

    Raises
    ------
    ValueError
        If sequences are empty, or tags are not one a token.

    References
    ----------
    [elman1990], [graves2005], [huang2015], [lample2016], [ma2016], [mesnil2013]; notes 003 §2, 004 §11

    Examples
    --------
    The same word has another tag behind another word: the state carries what stood before.

    >>> from panlearn.neural_network import SequenceTagger
    >>> X = [["from", "rome", "to", "oslo"], ["to", "rome", "from", "oslo"], ["to", "oslo"], ["from", "oslo"]] * 8
    >>> y = [["O", "B-from", "O", "B-to"], ["O", "B-to", "O", "B-from"], ["O", "B-to"], ["O", "B-from"]] * 8
    >>> model = SequenceTagger(hidden_size=16, learning_rate=0.01, batch_size=4, max_epochs=20, random_state=0)
    >>> model.fit(X, y).predict([["to", "oslo", "from", "rome"]])[0]
    ['O', 'B-to', 'O', 'B-from']
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **without(TaggerLearning._parameter_constraints, "analyzer", "token_pattern"),
        "output": [options("softmax", "crf")],
        "constraints": [object],
        "characters": [options("cnn", "lstm"), None],
        "character_size": [COUNT],
        "casing": [BOOLEAN],
        "lowercase": [BOOLEAN],
        "context": [NATURAL],
        "word_dropout": [SHARE],
    }

    def __init__(
        self,
        cell: str = "lstm",
        variant: str | tuple[str, ...] = "standard",
        hidden_size: int = 128,
        num_layers: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.5,
        recurrent_dropout: float = 0.0,
        embedding_size: int = 100,
        vectors: Any = None,
        *,
        output: str = "softmax",
        constraints: Any = None,
        characters: str | None = None,
        character_size: int = 50,
        casing: bool = False,
        lowercase: bool = False,
        context: int = 0,
        word_dropout: float = 0.02,
        min_df: int = 1,
        max_features: int | None = None,
        standardize: bool = True,
        bptt_window: int | None = None,
        stateful: bool = False,
        optimizer: Any = "adam",
        learning_rate: float = 3e-3,
        learning_rate_schedule: Any = "constant",
        max_epochs: int = 15,
        batch_size: int = 32,
        l1: float = 0.0,
        l2: float = 0.0,
        max_norm: float | None = None,
        clipping: Any = CLIPPING,
        early_stopping: Any = False,
        validation_fraction: float = 0.1,
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
        self.output = output
        self.constraints = constraints
        self.characters = characters
        self.character_size = character_size
        self.casing = casing
        self.lowercase = lowercase
        self.context = context
        self.word_dropout = word_dropout
        self.min_df = min_df
        self.max_features = max_features
        self.standardize = standardize
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
        self.precision = precision
        self.compile = compile
        self.device = device
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None, X_dev: Any = None, y_dev: Any = None) -> "SequenceTagger":
        """Train on tagged sequences.

        Parameters
        ----------
        X : list of list of str, list of str, or list of array-like of shape (T_i, p)
            Sequences of tokens (a string is cut at its blanks), or of frames of numbers.
        y : list of sequences
            A tag for each token.
        sample_weight : array-like of shape (n,), optional
            Weights of the sequences, at least 0.
        X_dev, y_dev : list of sequences, optional
            Tagged sequences to judge each epoch by: for `early_stopping`, and in `history_`.

        Returns
        -------
        SequenceTagger
            The fitted estimator.
        """
        if (X_dev is None) != (y_dev is None):
            raise DataError("X_dev and y_dev go together: pass both, or neither.")
        self._dev = None if X_dev is None else (X_dev, y_dev)
        try:
            super().fit(X, y, sample_weight)
        finally:
            self.__dict__.pop("_dev", None)
        return self

    @validated
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> "SequenceTagger":
        """Go once through these sequences, from where the last call ended.

        Parameters
        ----------
        X : list of sequences
            As in `fit`; words that the first call did not meet stay unknown.
        y : list of sequences
            A tag for each token.
        classes : sequence, optional
            All tags that will ever come; needed in the first call.
        sample_weight : array-like of shape (n,), optional
            Weights of the sequences.

        Returns
        -------
        SequenceTagger
            The fitted estimator.
        """
        if not hasattr(self, "module_"):
            if classes is None:
                raise DataError("classes must be passed on the first call to partial_fit: all tags that will come.")
            self._announced = list(classes)
        try:
            self._partial_fit(X, y, sample_weight)
        finally:
            self.__dict__.pop("_announced", None)
        return self
