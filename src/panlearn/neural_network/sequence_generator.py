"""Writing by a recurrent network: a language model over characters or words, and texts from a vector (one to many).

    p(x_1, ..., x_T) = prod_t p(x_t | x_1, ..., x_{t-1}) = prod_t softmax(W h_{t-1} + b)_{x_t}        [mikolov2010]

    min over all weights    - sum log p(x_t | x_1, ..., x_{t-1}) / tokens

A mark stands before and behind each text, so that the model also learns when to end. To write, a token is drawn from
the last output and read as the next input; what has been written stays in the state [sutskever2011], [graves2013].
Given features z, p(x | z) is learnt: z enters before the first token.

Cost: a token takes 8 H (H + D) + 2 V H multiply-adds of an LSTM with H units over V tokens forward, and twice that
backward. It fails where what decides stands hundreds of tokens back, and on vocabularies of a hundred thousand words,
whose softmax costs more than the rest.

Course notes: 003 §2, 004 §1-§3.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from panlearn.core.constraints import options, validated, without
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.neural_network.generator_learning import GeneratorLearning
from panlearn.neural_network.generator_network import CONDITIONS
from panlearn.neural_network.generator_sampling import Sampling, checked_sampling, write_from
from panlearn.neural_network.neural_estimator import LARGEST_SEED
from panlearn.neural_network.sequence_estimator import CLIPPING
from panlearn.neural_network.text_rows import WORDS


@method(
    "Recurrent language model",
    tasks=(),
    notes=("003 2", "004 1"),
    cost=lambda n, p, k: 20 * 6 * 8.0 * 128 * (128 + 100) * 50 * n,
)
class SequenceGenerator(GeneratorLearning):
    """Recurrent network that writes texts like those it has read.

    Parameters
    ----------
    cell : {"lstm", "gru", "rnn", "jordan"}, default="lstm"
        Recurrent cell.
    variant : str or tuple of str, default="standard"
        Of that cell, as for `SequenceClassifier`.
    hidden_size : int, default=128
        Units of a layer.
    num_layers : int, default=1
        Layers, one above the other.
    dropout : float, default=0.0
        Share of the vectors of tokens, of the outputs, and of the values between layers left out in training.
    recurrent_dropout : float, default=0.0
        Share of the state left out as it enters the recurrent product, the same units throughout a text.
    embedding_size : int, default=100
        Of the vectors of tokens.
    analyzer : {"char", "word"} or callable, default="char"
        How strings become tokens; lists of tokens are left as they are. Words are joined by blanks when written.
    token_pattern : str, default=words and punctuation marks
        Regular expression of a word.
    lowercase : bool, default=False
        Put strings in lower case first.
    min_df : int, default=1
        Texts in which a token must occur to be written; all others are one unknown token, which is not.
    max_features : int, default=None
        Most tokens, the frequent ones first.
    condition : {"input", "state"}, default="input"
        Where features enter, if texts are made from such: in the place of the first mark, or as the first state.
    bptt_window : int, default=None
        Tokens that gradients reach back; None for all of a text. The state is carried from window to window.
    stateful : bool, default=False
        Read all texts as one stream, in `batch_size` pieces side by side: for few long texts. Needs `bptt_window`.
    optimizer : str or optimiser, default="adam"
        A name, or an instance of `panlearn.optimize`.
    learning_rate : float, default=3e-3
        Size of the steps.
    learning_rate_schedule : str or schedule, default="constant"
        How the rate changes.
    max_epochs : int, default=20
        Passes over the texts.
    batch_size : int, default=32
        Texts in a batch, or pieces of the stream.
    l1, l2 : float, default=0.0
        Penalties on all weights and vectors.
    max_norm : float, default=None
        Largest norm of the weights into a unit.
    clipping : GradientClipping, default=GradientClipping(norm=5.0)
        Bound on the gradient.
    early_stopping : bool or EarlyStopping, default=False
        Keep `validation_fraction` of the texts aside (of a stream, the last pieces), stop when they get no likelier,
        and take the best epoch.
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
        Seed of weights, dropout, order, and of what is written.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    vocabulary_ : dict
        From token to number, from 1; 0 stands for all others, the number behind the last for begin and end.
    n_features_in_ : int
        Features that texts are made from, where there are such.
    module_ : Module
        The network.
    history_ : list of Epoch
        Loss, gradient norm, learning rate and validation of each epoch.
    loss_curve_ : list of float
        Training loss a token of each epoch, in nats.
    n_iter_ : int
        Epochs done.
    n_parameters_ : int
        Numbers learnt.
    certificate_ : str
        Loss and gradient norm reached.

    Raises
    ------
    ValueError
        If there are no texts, or settings do not go together.

    References
    ----------
    [elman1990], [mikolov2010], [sutskever2011], [graves2013]; notes 003 §2, 004 §1

    Examples
    --------
    To close as many brackets as were opened, the state has to count.

    >>> from panlearn.neural_network import SequenceGenerator
    >>> texts = ["(" * k + ")" * k for k in (1, 2, 3, 4)] * 8
    >>> model = SequenceGenerator(hidden_size=32, embedding_size=8, batch_size=4, max_epochs=60, random_state=0)
    >>> model.fit(texts).generate(prompt="(((", temperature=0)
    ['((()))']
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **without(GeneratorLearning._parameter_constraints, "bidirectional", "standardize", "vectors"),
        "analyzer": [options("char", "word"), callable],
        "condition": [options(*CONDITIONS)],
    }

    def __init__(
        self,
        cell: str = "lstm",
        variant: str | tuple[str, ...] = "standard",
        hidden_size: int = 128,
        num_layers: int = 1,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        embedding_size: int = 100,
        *,
        analyzer: str | Callable[[str], Sequence[str]] = "char",
        token_pattern: str = WORDS,
        lowercase: bool = False,
        min_df: int = 1,
        max_features: int | None = None,
        condition: str = "input",
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
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.embedding_size = embedding_size
        self.analyzer = analyzer
        self.token_pattern = token_pattern
        self.lowercase = lowercase
        self.min_df = min_df
        self.max_features = max_features
        self.condition = condition
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
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "SequenceGenerator":
        """Learn from texts.

        Parameters
        ----------
        X : list of str, list of list of str, or array-like of shape (n, p)
            Texts; or features, if texts are made from such.
        y : list of str or list of list of str, optional
            The texts, where X holds features.
        sample_weight : array-like of shape (n,), optional
            Weights of the texts, at least 0.

        Returns
        -------
        SequenceGenerator
            The fitted estimator.
        """
        super().fit(X, y, sample_weight)
        return self

    @validated
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "SequenceGenerator":
        """Go once through these texts, from where the last call ended.

        Parameters
        ----------
        X : list of str, list of list of str, or array-like of shape (n, p)
            As in `fit`; tokens that the first call did not meet stay unknown.
        y : list of str or list of list of str, optional
            As in `fit`.
        sample_weight : array-like of shape (n,), optional
            Weights of the texts.

        Returns
        -------
        SequenceGenerator
            The fitted estimator.
        """
        self._partial_fit(X, y, sample_weight)
        return self

    def generate(
        self,
        n_texts: int = 1,
        length: int = 200,
        *,
        X: Any = None,
        prompt: Any = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        random_state: Any = None,
    ) -> list[Any]:
        """Write texts.

        Parameters
        ----------
        n_texts : int, default=1
            Texts, for each row of X if there are features.
        length : int, default=200
            Most tokens of a text, behind the prompt; it may end before.
        X : array-like of shape (n, p), optional
            Features to write from, where the model has learnt from such.
        prompt : str or list of str, optional
            How every text begins.
        temperature : float, default=1.0
            Below 1 keeps to what is likely, above dares more; 0 takes the likeliest token.
        top_k : int, optional
            Draw among the k likeliest tokens.
        top_p : float, optional
            Draw among the likeliest tokens whose probabilities add up to p.
        random_state : int, RandomState or None, default=None
            Seed; None for that of the estimator.

        Returns
        -------
        list of str, or list of list of str
            Texts as they came in `fit`, the prompt included; of n_texts for each row of X.
        """
        check_is_fitted(self, "module_")
        seed = self.random_state if random_state is None else random_state
        sampling = checked_sampling(n_texts, length, Sampling(temperature, top_k, top_p))
        sampling = sampling._replace(seed=int(check_random_state(seed).randint(LARGEST_SEED)))
        if (X is None) != (self._scaling is None):
            raise DataError("X holds features to write from: pass them if, and only if, the model learnt from such.")
        features = None if X is None else self._features(X).repeat_interleave(n_texts, 0)
        begun = [] if prompt is None else list(self._tokens([prompt])[0])
        numbers = [self.module_.mark, *(self.vocabulary_.get(token, 0) for token in begun)]
        words = ["", *self.vocabulary_]
        written = write_from(self.module_, numbers, n_texts if features is None else features, length, sampling)
        texts = [[*begun, *(words[k] for k in each)] for each in written]
        return texts if self._joint is None else [self._joint.join(text) for text in texts]

    def log_likelihood(self, X: Any, y: Any = None) -> np.ndarray:
        """Log-probability of each text, its end included.

        Parameters
        ----------
        X, y : list of texts
            As in `fit`.

        Returns
        -------
        ndarray of shape (n,)
            log p(x), or log p(y | x), in nats. A token that is not known has the probability of all such together.
        """
        return -self._text_losses(X, y)[0]

    def score(self, X: Any, y: Any = None) -> float:
        """Mean log-probability of a token, the end of each text among them.

        Parameters
        ----------
        X, y : list of texts
            As in `fit`.

        Returns
        -------
        float
            In nats; 0 if all were certain.
        """
        loss, lengths = self._text_losses(X, y)
        return -float(loss.sum() / lengths.sum())

    def perplexity(self, X: Any, y: Any = None) -> float:
        """Among how many tokens the model hesitates, exp(-score).

        Parameters
        ----------
        X, y : list of texts
            As in `fit`.

        Returns
        -------
        float
            At least 1.
        """
        return float(np.exp(-self.score(X, y)))
