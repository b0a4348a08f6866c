"""Attributes of tokens to rows of numbers: what a conditional random field is fitted on.

A token has some attributes, each a name with a value ("word:the" = 1). Names are numbered once, in the order in which
they come; a token keeps 4 bytes an attribute, and 8 more only if not all values are 1. Sequences are read one by one,
so that a generator of feature dicts is never in memory as a whole. With `hashed` no name is kept at all: its number is
its hash, and two names may share one, with probability about (number of names) / n_hashed [weinberger2009].

Cost: one look-up of a name an attribute, some 300 ns. Course note: 004 §11.
"""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.utils import murmurhash3_32
from sklearn.utils.validation import check_is_fitted

from panlearn.core.base import Estimator
from panlearn.core.constraints import BOOLEAN, COUNT, validated
from panlearn.core.errors import DataError
from panlearn.sequence.attribute_items import Read, collect, tokens_of
from panlearn.sequence.attribute_lookup import AttributeLookup
from panlearn.sequence.string_table import pack, unpack


class Encoded(NamedTuple):
    """Tokens of all sequences, one after the other, as sparse rows; a number that a row has twice counts twice."""

    indptr: np.ndarray  # (n + 1,) int64: attributes of token t are indptr[t] to indptr[t + 1]
    indices: np.ndarray  # (nnz,) int32
    values: np.ndarray | None  # (nnz,) float64; None where all are 1
    offsets: np.ndarray  # (s + 1,) int64: tokens of sequence i are offsets[i] to offsets[i + 1]
    n_attributes: int
    names: Sequence[str] | None = None  # (n_attributes,), where they are known
    zeros: np.ndarray | None = None  # (z, 2) int32: token and attribute of the values 0, which only ask for a weight


class AttributeEncoder(Estimator):
    """Numbers for the attributes of the tokens of sequences.

    Parameters
    ----------
    hashed : bool, default=False
        Take the hash of a name for its number, and keep no names.
    n_hashed : int, default=2**20
        Numbers there are for hashed names.

    Attributes
    ----------
    names_ : list of str, or None
        Name of each attribute in the order of the numbers; None if hashed.
    n_attributes_ : int
        How many numbers there are.

    Raises
    ------
    DataError
        If a sequence is not one, a name is no text, or a value is no finite number; it says which token of which
        sequence.

    References
    ----------
    [okazaki2007], [weinberger2009], note 004 §11

    Examples
    --------
    An attribute that was not there in `fit` is left out later.

    >>> encoder = AttributeEncoder()
    >>> rows = encoder.fit_transform([[{"word": "the", "title": True}, {"word": "dog"}]])
    >>> encoder.names_, rows.indices.tolist(), rows.indptr.tolist()
    (['word:the', 'title', 'word:dog'], [0, 1, 2], [0, 2, 3])
    >>> encoder.transform([[{"word": "dog"}, {"word": "cat"}]]).indptr.tolist()
    [0, 1, 1]
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {"hashed": [BOOLEAN], "n_hashed": [COUNT]}
    n_attributes_: int
    _lookup: AttributeLookup | None = None  # of `transform`; it is made when wanted, and not saved

    def __init__(self, hashed: bool = False, n_hashed: int = 2**20) -> None:
        self.hashed = hashed
        self.n_hashed = n_hashed

    @property
    def names_(self) -> list[str] | None:
        """Name of each attribute; None if hashed."""
        check_is_fitted(self)
        if self._codes is not None:
            return list(self._codes)
        return None if self.hashed else [f"x{j}" for j in range(self.n_attributes_)]

    def fit(self, X: Iterable, y: Any = None) -> "AttributeEncoder":
        """Number the attributes of some sequences.

        Parameters
        ----------
        X : iterable of sequences
            Each a list of dicts, of lists or sets of str, or a matrix (tokens, attributes), sparse or dense.
        y : ignored
            For pipelines.

        Returns
        -------
        AttributeEncoder
            Itself.
        """
        self.fit_transform(X, y)
        return self

    @validated
    def fit_transform(self, X: Iterable, y: Any = None) -> Encoded:
        """Number the attributes of some sequences, and return the rows.

        Parameters
        ----------
        X : iterable of sequences
            As for `fit`.
        y : ignored
            For pipelines.

        Returns
        -------
        Encoded
            Rows of all tokens.
        """
        self._codes: dict[str, int] | None = None
        self._lookup = None
        first, X = _peeked(X)
        if _is_matrix(first):
            rows = _stacked(X, None)
            self.n_attributes_ = rows.n_attributes
            return rows
        if self.hashed:
            self.n_attributes_ = self.n_hashed
            return _encoded(X, _reader(self._hashes), self.n_hashed)
        codes: defaultdict[str, int] = defaultdict()
        codes.default_factory = codes.__len__  # a new name gets the next number
        rows = _encoded(X, _reader(lambda names: map(codes.__getitem__, names)), 0)
        codes.default_factory = None  # from now on no name is new
        self._codes, self.n_attributes_ = codes, len(codes)
        return rows._replace(n_attributes=len(codes))

    def transform(self, X: Iterable) -> Encoded:
        """Return the rows of other sequences; attributes unknown in `fit` are left out.

        Parameters
        ----------
        X : iterable of sequences
            As for `fit`.

        Returns
        -------
        Encoded
            Rows of all tokens.
        """
        check_is_fitted(self)
        first, X = _peeked(X, least=0)
        if self._codes is not None:
            if self._lookup is None:
                self._lookup = AttributeLookup(self._codes)
            return _encoded(X, self._lookup.read, self.n_attributes_)
        if self.hashed and not _is_matrix(first):
            return _encoded(X, _reader(self._hashes), self.n_hashed)
        return _stacked(X, self.n_attributes_)

    def _hashes(self, names: Iterable[str]) -> Iterable[int]:
        size = self.n_hashed
        return (murmurhash3_32(name, positive=True) % size for name in names)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_attributes_")

    def __sklearn_tags__(self) -> Any:
        """Sequences of dicts come in, no tables."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Names as one array of bytes: a quarter of a million strings would take seconds to save."""
        state = self.__dict__.copy()
        state.pop("_lookup", None)
        if state.get("_codes") is not None:
            state["_codes"] = pack(state["_codes"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state.get("_codes") is not None:
            state = {**state, "_codes": {name: i for i, name in enumerate(unpack(*state["_codes"]))}}
        super().__setstate__(state)


def _peeked(X: Any, least: int = 1) -> tuple[Any, Iterable]:
    """The first sequence, and all of them."""
    if isinstance(X, (str, bytes, dict)) or not hasattr(X, "__iter__") or sparse.issparse(X):
        raise DataError(f"X must be a list of sequences of tokens, got {type(X).__name__}: pass [X] for one sequence.")
    rest = iter(X)
    for first in rest:
        return first, (sequence for part in ((first,), rest) for sequence in part)
    if least:
        raise DataError("X holds no sequence: Found array with 0 sample(s), while a minimum of 1 is required.")
    return None, ()


def _is_matrix(sequence: Any) -> bool:
    return sparse.issparse(sequence) or (isinstance(sequence, np.ndarray) and sequence.dtype.kind in "biuf")


def _encoded(X: Iterable, read: Callable[[int, Any], Read], n_attributes: int) -> Encoded:
    """Rows of sequences of dicts or lists, read one by one; -1 is no attribute, -2 - a is attribute a of value 0."""
    indices, ends, offsets = array("i"), array("q", [0]), array("q", [0])
    places, weights = array("q"), array("d")  # of the values other than 0 and 1
    for i, sequence in enumerate(X):
        codes, values, inner = read(i, sequence)
        first = len(indices)
        indices.extend(codes)
        ends.extend(map(first.__add__, inner))
        offsets.append(len(ends) - 1)
        for place, value in values.items():
            if value:
                places.append(first + place)
                weights.append(value)
            else:
                indices[first + place] = -2 - indices[first + place]
    rows = np.frombuffer(indices, np.int32) if indices else np.empty(0, np.int32)
    kept = np.ones(len(rows)) if places else None
    if kept is not None:
        kept[places] = weights
    return _known_only(
        Encoded(np.frombuffer(ends, np.int64), rows, kept, np.frombuffer(offsets, np.int64), n_attributes)
    )


def _reader(numbers: Callable[[list[str]], Iterable[int]]) -> Callable[[int, Any], Read]:
    """What reads a sequence, from what numbers names."""

    def read(i: int, sequence: Any) -> Read:
        names: list[str] = []
        values: dict[int, float] = {}
        ends: list[int] = []
        for t, token in enumerate(tokens_of(i, sequence)):
            try:
                collect(token, names, values)
            except DataError as error:
                raise DataError(f"token {t} of sequence {i} of X: {error}") from None
            ends.append(len(names))
        return Read(numbers(names), values, ends)

    return read


def _summed(counts: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])


def _known_only(rows: Encoded) -> Encoded:
    """The rows without numbers below 0; values of 0 go into their list."""
    gone = np.flatnonzero(rows.indices < 0)
    if not gone.size:
        return rows
    zero = gone[rows.indices[gone] < -1]
    pairs = [np.searchsorted(rows.indptr, zero, side="right") - 1, -2 - rows.indices[zero]]
    kept = rows.indices >= 0
    return rows._replace(
        indptr=rows.indptr - np.searchsorted(gone, rows.indptr),
        indices=rows.indices[kept],
        values=None if rows.values is None else rows.values[kept],
        zeros=np.column_stack(pairs).astype(np.int32) if zero.size else None,
    )


def _stacked(X: Iterable, n_attributes: int | None) -> Encoded:
    """Rows of matrices, one a sequence."""
    parts: list[Any] = []
    for i, matrix in enumerate(X):
        if not _is_matrix(matrix) or matrix.ndim != 2:
            raise DataError(f"sequence {i} of X must be a matrix (tokens, attributes) as the others are.")
        part: Any = sparse.csr_array(matrix)
        n_attributes = part.shape[1] if n_attributes is None else n_attributes
        if part.shape[1] != n_attributes:
            raise DataError(f"sequence {i} of X has {part.shape[1]} attributes, but {n_attributes} were expected.")
        if not np.isfinite(part.data).all():
            raise DataError(f"sequence {i} of X holds NaN or infinity: leave missing values out.")
        parts.append(part)
    width = n_attributes or 0
    lengths = np.array([part.shape[0] for part in parts], np.int64)
    stacked: Any = sparse.csr_array(sparse.vstack([sparse.csr_array((0, width)), *parts]))
    values = None if (stacked.data == 1).all() else stacked.data.astype(np.float64)
    indptr, indices = stacked.indptr.astype(np.int64), stacked.indices.astype(np.int32)
    return Encoded(indptr, indices, values, _summed(lengths), width)
