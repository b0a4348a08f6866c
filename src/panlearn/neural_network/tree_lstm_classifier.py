"""Classification of trees: a Tree-LSTM read from the words up to the root [tai2015], [socher2013].

    min over E, cell, V:   mean over labelled nodes v of all trees   -log softmax(V h_v + d)_{y_v}

Nodes of a treebank have labels of their own: each phrase teaches as a sentence does, some forty times as many examples
as there are trees. The root is what `predict` reads. Words start as small random vectors, or as given
ones. The networks are those of `panlearn.nn`: "nary" and "child_sum" Tree-LSTMs, "recursive" networks, and those with a
"tensor" term.

Cost: 3 (4 + n) H² multiply-adds for each node of each epoch, n children. AdaGrad is the default [tai2015]: of the table
of vectors it touches only the rows of a batch. It fails where trees are wrong or absent: a parser's errors are learnt.

Course note: 003 §2.4.
"""

from collections.abc import Callable, Sequence
from functools import partial
from numbers import Real
from typing import Any, ClassVar, cast

import numpy as np
import torch
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted
from torch import Tensor
from torch.nn import functional as F

from panlearn.core.constraints import BOOLEAN, COUNT, options
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.neural_network.examples import Examples
from panlearn.neural_network.network_classifier import NetworkClassifier
from panlearn.neural_network.row_updates import RowOptimizer, divide
from panlearn.neural_network.text_rows import vector_table
from panlearn.neural_network.text_rows import vocabulary as vocabulary_of
from panlearn.neural_network.training.objective import Objective, softmax
from panlearn.neural_network.training.run import Run
from panlearn.neural_network.tree_network import CELLS, TreeNetwork
from panlearn.neural_network.tree_reading import WordTree, as_tree
from panlearn.neural_network.tree_rows import NO_LABEL, TreeRows, node_targets, tree_rows


@method(
    "Tree-LSTM",
    tasks=(),
    notes=("003 2.4",),
    cost=lambda n, p, k: 10 * 6 * 40 * 150 * 150 * 6.0 * n,
)
class TreeLSTMClassifier(NetworkClassifier):
    """Classifier of trees of words.

    Parameters
    ----------
    cell : {"nary", "child_sum", "recursive", "tensor"}, default="nary"
        Tree-LSTM whose children have positions, or are summed; a plain recursive network, or one with a tensor.
    hidden_size : int, default=150
        Width of the states.
    embedding_size : int, default=100
        Of the word vectors, where none are given. "recursive" and "tensor" take that of the states instead.
    vectors : mapping or KeyedVectors, default=None
        Word vectors to start from: a dict from word to vector, or an object with `key_to_index` and `vectors`.
    node_labels : bool, default=True
        Whether the labels of inner nodes and leaves are learnt as well as those of the roots.
    dropout : float, default=0.5
        Share of the components of word vectors and states dropped in training.
    lowercase : bool, default=True
        Put words in lower case first.
    min_df : int, default=1
        Training trees in which a word must occur to have a vector of its own; all others share one.
    max_features : int, default=None
        Most words with a vector of their own, the frequent ones first.
    optimizer : str or optimiser, default="adagrad"
        A name, or an instance of `panlearn.optimize`. With "adagrad", "rmsprop", "adadelta" and "sgd", without
        penalties and clipping, only the vectors of the words in a batch are touched, which is faster.
    learning_rate : float, default=0.05
        That of [tai2015] for AdaGrad.
    learning_rate_schedule : str or schedule, default="constant"
        How the rate changes.
    max_epochs : int, default=10
        Passes over the trees.
    batch_size : int, default=25
        Trees in a batch.
    l1, l2 : float, default=0.0
        Penalties on all weights and vectors.
    max_norm : float, default=None
        Largest norm of the weights into an output.
    clipping : GradientClipping, default=None
        Bound on the gradient.
    early_stopping : bool or EarlyStopping, default=False
        Keep `validation_fraction` of the trees aside, stop when their score no longer grows, and take the best epoch.
    validation_fraction : float, default=0.1
        That share.
    class_weight : dict or "balanced", default=None
        Weights of the trees by the class of their root.
    label_smoothing : float, default=0.0
        Share of each label spread over all classes.
    precision : {"float32", "bfloat16", "float16"}, default="float32"
        Type of the products.
    compile : bool, default=False
        Whether torch.compile is used.
    device : str, default="auto"
        "cpu", "cuda", or the better of those there are.
    warm_start : bool, default=False
        Go on from the last fit, with its vocabulary.
    callbacks : sequence of Callback, default=()
        What looks at the run.
    random_state : int, RandomState or None, default=None
        Seed of vectors, weights, dropout and order.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        Labels of roots, and with `node_labels` of all nodes.
    vocabulary_ : dict
        From word to row of the table of vectors; row 0 stands for all other words.
    module_ : torch.nn.Module
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
        If X is not a list of trees, or a tree is damaged.

    References
    ----------
    [tai2015], [socher2013], note 003 §2.4

    Examples
    --------
    "not" turns round what it stands over, however the words lie.

    >>> from panlearn.neural_network import TreeLSTMClassifier
    >>> trees = ["(0 (_ not) (1 good))", "(1 (_ not) (0 bad))", "(1 good)", "(0 bad)"]  # "_" is no label
    >>> model = TreeLSTMClassifier(hidden_size=20, embedding_size=10, max_epochs=60, random_state=0).fit(trees * 4)
    >>> model.predict(["(_ (_ not) (_ good))", "(_ (_ not) (_ (_ not) (_ good)))"]).tolist()
    [0, 1]
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **NetworkClassifier._parameter_constraints,
        "cell": [options(*CELLS)],
        "hidden_size": [COUNT],
        "embedding_size": [COUNT],
        "vectors": [object],
        "node_labels": [BOOLEAN],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "lowercase": [BOOLEAN],
        "min_df": [COUNT],
        "max_features": [COUNT, None],
    }
    vocabulary_: dict[str, int]

    def __init__(
        self,
        cell: str = "nary",
        hidden_size: int = 150,
        *,
        embedding_size: int = 100,
        vectors: Any = None,
        node_labels: bool = True,
        dropout: float = 0.5,
        lowercase: bool = True,
        min_df: int = 1,
        max_features: int | None = None,
        optimizer: Any = "adagrad",
        learning_rate: float = 0.05,
        learning_rate_schedule: Any = "constant",
        max_epochs: int = 10,
        batch_size: int = 25,
        l1: float = 0.0,
        l2: float = 0.0,
        max_norm: float | None = None,
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
        self.cell = cell
        self.hidden_size = hidden_size
        self.embedding_size = embedding_size
        self.vectors = vectors
        self.node_labels = node_labels
        self.dropout = dropout
        self.lowercase = lowercase
        self.min_df = min_df
        self.max_features = max_features
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
        """Trees come in, no tables."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        return tags

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "TreeLSTMClassifier":
        """Train a network.

        Parameters
        ----------
        X : sequence of trees
            Each a string in brackets, nested tuples, or a `WordTree` of `read_trees`.
        y : array-like of shape (n,), optional
            Labels of the roots; by default those in the trees.
        sample_weight : array-like of shape (n,), optional
            Weights of the trees, at least 0.

        Returns
        -------
        TreeLSTMClassifier
            The fitted estimator.
        """
        super().fit(X, y, sample_weight)
        return self

    def predict_nodes(self, X: Any) -> list[np.ndarray]:
        """Most probable label of every node.

        Parameters
        ----------
        X : sequence of trees
            Trees.

        Returns
        -------
        list of ndarray
            One array a tree, in the order in which nodes open: the root first.
        """
        check_is_fitted(self, "module_")
        rows, network, answers = self._rows(X, reset=False), cast("TreeNetwork", self.module_), []
        with torch.inference_mode():
            for chosen in torch.arange(len(rows)).split(256):
                words, parents, lengths = (t.to(network.table.device) for t in rows.take(chosen))
                best = network.head(network.states(words, parents, lengths)[0]).argmax(1).cpu()
                answers += [self.classes_[part.numpy()] for part in best.split(lengths.tolist())]
        return answers

    # ---- what the engine asks for

    def _examples(self, X: Any, y: Any, sample_weight: Any, *, reset: bool) -> Examples:
        trees = _trees(X)
        if y is None:
            y = [tree.labels[0] for tree in trees]
            if None in y:
                raise DataError(f"the root of tree {y.index(None)} has no label: pass y, or leave such trees out.")
        elif self.node_labels:
            _require_same_roots(trees, y)
        if reset and self.node_labels and not hasattr(self, "_announced"):
            classes = _classes(trees, y)
            if len(classes) > 1:  # of one alone the check of y complains
                self._announced = classes
        try:
            examples = super()._examples(trees, y, sample_weight, reset=reset)
        finally:
            if reset:
                self.__dict__.pop("_announced", None)
        roots = examples.target
        target = (
            node_targets(trees, self.classes_) if self.node_labels else torch.empty(len(trees), 1, dtype=torch.long)
        )
        target[:, 0] = roots
        return examples._replace(target=target)

    def _rows(self, X: Any, *, reset: bool) -> TreeRows:
        trees = _trees(X)
        most = max(_most_children(tree) for tree in trees)
        if reset:
            case = str.lower if self.lowercase else str
            words = [[case(word) for word in tree.words if word is not None] for tree in trees]
            self.vocabulary_ = vocabulary_of(words, self.min_df, self.max_features)
            table = None if self.vectors is None else vector_table(self.vocabulary_, self.vectors)
            plain = self.hidden_size if self.cell in ("recursive", "tensor") else self.embedding_size
            self._table, self._dimension = table, plain if table is None else table.shape[1]
            self._n_children = max(most, 1)
        elif self.cell != "child_sum" and most > self._n_children:
            raise DataError(
                f"a node has {most} children, and no node of the fit had more than {self._n_children}: binarise the "
                'trees, or fit with cell="child_sum", which takes any number.'
            )
        return tree_rows(trees, self.vocabulary_, self.lowercase)

    def _network(self) -> TreeNetwork:
        network = TreeNetwork(
            1 + len(self.vocabulary_),
            self._dimension,
            self._n_outputs,
            cell=self.cell,
            hidden_size=self.hidden_size,
            n_children=self._n_children,
            dropout=self.dropout,
        )
        table = self.__dict__.pop("_table", None)  # in a fit; a stored model has its weights
        if table is not None:
            network.set_vectors(torch.from_numpy(table))
        return network

    def _objective(self) -> Objective:
        return Objective("cross_entropy", partial(node_loss, smoothing=self.label_smoothing), softmax)

    def _strata(self, target: Tensor) -> np.ndarray:
        return target[:, 0].numpy()

    def _score(self, output: Tensor, target: Tensor, weight: Tensor | None) -> float:
        return super()._score(output, target[:, 0], weight)

    def _train(self, run: Run, validate: Callable[[torch.nn.Module], tuple[float, float]] | None) -> None:
        if not isinstance(run.optimizer, RowOptimizer):  # a fit that goes on by partial_fit has one
            divide(run, None)
        with run.optimizer.apart():
            super()._train(run, validate)


def node_loss(z: Tensor, y: Tensor, reduction: str = "mean", smoothing: float = 0.0) -> Tensor:
    """Cross-entropy over the labelled nodes of a batch.

    Parameters
    ----------
    z : Tensor of shape (b, m, K), or (b, K)
        Outputs of all nodes, or of the roots.
    y : Tensor of shape (b, M)
        Codes of the nodes, the roots' first; those behind the last are passed over.
    reduction : {"mean", "none"}
        The mean over labelled nodes, or what each tree has in it, times b: the mean of these is the first.
    smoothing : float
        Share of each label spread over all classes.

    Returns
    -------
    Tensor
        (), or (b,).
    """
    z = z[:, None] if z.ndim == 2 else z
    m = min(z.shape[1], y.shape[1])  # trees of a batch may be small; roots alone may be labelled
    z, y = z[:, :m], y[:, :m]
    each = F.cross_entropy(z.flatten(0, 1), y.flatten(), reduction="none", label_smoothing=smoothing).view(y.shape)
    losses = each.sum(1) * (len(y) / (y != NO_LABEL).sum())
    return losses.mean() if reduction == "mean" else losses


def _trees(X: Any) -> list[WordTree]:
    """Check trees."""
    if isinstance(X, (str, bytes)) or X is None or not hasattr(X, "__iter__") or isinstance(X, (dict, WordTree)):
        raise DataError(f"X must be a list of trees, got one {type(X).__name__}: see read_trees.")
    trees = [as_tree(tree, i) for i, tree in enumerate(X)]
    if not trees:
        raise DataError("Found array with 0 sample(s), while a minimum of 1 is required: X holds no trees.")
    return trees


def _classes(trees: Sequence[WordTree], y: Any) -> np.ndarray:
    """Labels of the roots and of all other nodes."""
    labels = {label for tree in trees for label in tree.labels} | set(np.asarray(y).ravel().tolist())
    labels.discard(None)
    kinds = {isinstance(label, str) for label in labels}
    if len(kinds) > 1:
        raise DataError(
            f"labels are words and numbers, as in {sorted(labels, key=str)[:6]}: map them by read_trees(..., "
            'labels=...), write "_" where a node has none, or set node_labels=False.'
        )
    return np.array(sorted(labels))


def _most_children(tree: WordTree) -> int:
    """Most children of a node."""
    return int(np.bincount(tree.parents[1:]).max()) if len(tree.parents) > 1 else 0


def _require_same_roots(trees: Sequence[WordTree], y: Any) -> None:
    """What is said of the roots twice must agree."""
    for i, (tree, label) in enumerate(zip(trees, np.asarray(y).ravel().tolist())):
        if tree.labels[0] is not None and tree.labels[0] != label:
            raise DataError(
                f"y[{i}] is {label!r}, and the root of tree {i} is labelled {tree.labels[0]!r}: map the labels of all "
                "nodes by read_trees(..., labels=...), or set node_labels=False."
            )
