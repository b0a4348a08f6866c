"""Transcription without alignments: connectionist temporal classification [graves2006].

Frames are many, tokens few, and nobody says which frame is which. The network gives each frame probabilities of the
tokens and of a blank; a path collapses to a string when repeats are merged and blanks dropped (`panlearn.decode`). The
likelihood of a string is the sum over all its paths,

    p(y | x) = sum over paths that collapse to y of prod_t p_t(path_t)            loss: -log p(y | x) / |y|

which a forward-backward recursion over the 2 |y| + 1 states - y_1 - y_2 - ... - gives in t |y| steps. What the network
learns is spikes: mostly blank, and each token for a frame or two somewhere inside its sound.

Cost of an epoch: that of the recurrent layers, t H (H + D) products, and t |y| for the sums. It fails where strings are
longer than their frames (the message names them), where tokens hang on each other more than on their frames (give a
language model), and it needs epochs before the first spike:
the loss first falls to that of blanks alone and rests. Course note: 001 §8.5.
"""

from collections.abc import Sequence
from numbers import Real
from typing import Any, ClassVar

from panlearn.core.constraints import BOOLEAN, COUNT, NATURAL, NONNEGATIVE, options
from panlearn.core.registry import method
from panlearn.neural_network.ctc_learning import CTCLearning
from panlearn.neural_network.neural_estimator import NeuralEstimator
from panlearn.neural_network.sequence_estimator import CLIPPING, SHARE
from panlearn.neural_network.sequence_network import VARIANTS


@method(
    "Connectionist temporal classification",
    tasks=(),
    notes=("001 8.5",),
    cost=lambda n, p, k: 30 * 6 * 8.0 * 128 * (128 + p) * 100 * n,
)
class CTCTranscriber(CTCLearning):
    """Recurrent network that transcribes sequences of frames.

    Parameters
    ----------
    cell : {"lstm", "gru", "rnn", "jordan"}, default="lstm"
        Recurrent cell.
    variant : str or tuple of str, default="standard"
        Of that cell, as for `SequenceClassifier`.
    hidden_size : int, default=128
        Units of a layer and direction.
    num_layers : int, default=1
        Layers, one above the other.
    bidirectional : bool, default=True
        Whether frames are read from both ends.
    dropout : float, default=0.0
        Share of the outputs, and of the values between layers, left out in training.
    recurrent_dropout : float, default=0.0
        Share of the state left out as it enters the recurrent product.
    stacking : int, default=1
        Neighbouring frames made one, before the recurrent layers.
    n_filters : int, default=0
        Filters over neighbouring frames in front of that; 0 for none.
    filter_width : int, default=5
        Frames that a filter sees, odd.
    standardize : bool, default=True
        Whether features are brought to mean 0 and variance 1, column by column.
    beam_width : int, default=None
        Prefixes kept by the search of `predict`; None for the best path, frame by frame.
    language_model : NGramModel, default=None
        Of the tokens, or of the words of `lexicon`; the search counts it in. Needs `beam_width`.
    alpha : float, default=0.5
        Factor on its log-probabilities.
    beta : float, default=1.5
        Bonus of each token, or word of the lexicon.
    lexicon : Lexicon or sequence of str, default=None
        Words that transcripts are made of; strings are spelt by their characters, with a blank space between words
        if there is one among the tokens. Needs `beam_width`.
    optimizer : str or optimiser, default="adam"
        A name, or an instance of `panlearn.optimize`.
    learning_rate : float, default=3e-3
        Size of the steps.
    learning_rate_schedule : str or schedule, default="constant"
        How the rate changes.
    max_epochs : int, default=30
        Passes over the utterances.
    batch_size : int, default=16
        Utterances in a batch.
    l1, l2 : float, default=0.0
        Penalties on all weights.
    max_norm : float, default=None
        Largest norm of the weights into a unit.
    clipping : GradientClipping, default=GradientClipping(norm=5.0)
        Bound on the gradient.
    early_stopping : bool or EarlyStopping, default=False
        Keep `validation_fraction` of the utterances aside, stop when their loss no longer falls, and take the best
        epoch.
    validation_fraction : float, default=0.1
        That share.
    precision : {"float32", "bfloat16", "float16"}, default="float32"
        Type of products.
    compile : bool, default=False
        Whether torch.compile is used.
    device : str, default="auto"
        "cpu", "cuda", or the better of those there are.
    warm_start : bool, default=False
        Go on from the last fit, with its tokens.
    callbacks : sequence of Callback, default=()
        What looks at the run.
    random_state : int, RandomState or None, default=None
        Seed of weights, dropout and order.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    labels_ : list
        Names of the tokens; the first, "", is the blank's.
    module_ : CTCNetwork
        The network.
    history_ : list of Epoch
        Loss, gradient norm, learning rate and validation of each epoch; the score is 1 less the share of edits.
    loss_curve_ : list of float
        Training loss a token of each epoch.
    n_features_in_ : int
        Numbers a frame.
    n_iter_ : int
        Epochs done.
    n_parameters_ : int
        Numbers learnt.
    certificate_ : str
        Loss and gradient norm reached.

    Raises
    ------
    ValueError
        If sequences are empty or hold NaN, or a string is too long for its frames.

    References
    ----------
    [graves2006], [hannun2014], note 001 §8.5

    Examples
    --------
    Two sounds of any length, one after the other; nobody says where one ends.

    >>> from panlearn.neural_network import CTCTranscriber
    >>> import numpy as np
    >>> def say(word, rng):
    ...     return np.concatenate([[[c == "a", c == "b"]] * rng.integers(3, 6) for c in word])
    >>> rng = np.random.default_rng(0)
    >>> y = ["ab", "ba"] * 16
    >>> X = [say(word, rng) for word in y]
    >>> model = CTCTranscriber(hidden_size=8, learning_rate=0.03, max_epochs=20, random_state=0).fit(X, y)
    >>> model.predict([say("ab", rng), say("ba", rng)])
    ['ab', 'ba']
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **NeuralEstimator._parameter_constraints,
        "cell": [options(*VARIANTS)],
        "variant": [str, tuple, list],
        "hidden_size": [COUNT],
        "num_layers": [COUNT],
        "bidirectional": [BOOLEAN],
        "dropout": [SHARE],
        "recurrent_dropout": [SHARE],
        "stacking": [COUNT],
        "n_filters": [NATURAL],
        "filter_width": [COUNT],
        "standardize": [BOOLEAN],
        "beam_width": [COUNT, None],
        "language_model": [object],
        "alpha": [NONNEGATIVE],
        "beta": [Real],
        "lexicon": [object],
    }

    def __init__(
        self,
        cell: str = "lstm",
        variant: str | tuple[str, ...] = "standard",
        hidden_size: int = 128,
        num_layers: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        *,
        stacking: int = 1,
        n_filters: int = 0,
        filter_width: int = 5,
        standardize: bool = True,
        beam_width: int | None = None,
        language_model: Any = None,
        alpha: float = 0.5,
        beta: float = 1.5,
        lexicon: Any = None,
        optimizer: Any = "adam",
        learning_rate: float = 3e-3,
        learning_rate_schedule: Any = "constant",
        max_epochs: int = 30,
        batch_size: int = 16,
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
        self.stacking = stacking
        self.n_filters = n_filters
        self.filter_width = filter_width
        self.standardize = standardize
        self.beam_width = beam_width
        self.language_model = language_model
        self.alpha = alpha
        self.beta = beta
        self.lexicon = lexicon
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

    def __sklearn_tags__(self) -> Any:
        """Sequences come in, no tables."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array, tags.input_tags.two_d_array = True, False
        tags.target_tags.required = True
        return tags
