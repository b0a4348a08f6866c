"""Whatever a user's network takes, as rows: arrays, tensors, several of them, ragged sequences, sparse tables.

    array, frame, list of lists   one argument, (b, ...); numbers become float32
    tensor                        one argument; whole numbers stay whole (tokens for an embedding)
    tuple or dict of those        several arguments, by position or by the names of `forward`
    list of arrays or tensors     sequences of unequal length: (padded (b, t, ...), lengths (b,))
    sparse matrix                 one argument; a batch at a time becomes dense

Which of them X was is learnt in `fit`, and X must be the same at prediction.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
import torch
from sklearn.utils import check_array
from torch import Tensor

from panlearn.core.errors import DataError
from panlearn.neural_network.training.batches import RaggedRows, Rows, TensorRows

FLOATS = {"float32": torch.float32, "float64": torch.float64, "keep": None}


class SparseRows(NamedTuple):
    """Rows of a CSR matrix, made dense a batch at a time."""

    matrix: Any  # (n, p) CSR
    dtype: torch.dtype

    def __len__(self) -> int:
        return self.matrix.shape[0]

    @property
    def row_bytes(self) -> int:
        """Bytes of a dense row."""
        return self.matrix.shape[1] * 4

    def lengths(self) -> Tensor | None:
        """All rows are equally long."""
        return None

    def take(self, indices: Tensor) -> tuple[Tensor, ...]:
        """Dense copies of some rows."""
        return (torch.from_numpy(self.matrix[indices.numpy()].toarray()).to(self.dtype),)


class Layout(NamedTuple):
    """What X was in `fit`."""

    kind: str  # "array", "tensor", "sparse", "ragged", "tuple" or "dict"
    names: tuple[str, ...]  # keys of a dict
    shapes: tuple[tuple[int, ...], ...]  # shape of a row, of each argument; of an element, where rows are ragged
    whole: tuple[bool, ...]  # whether each argument held whole numbers


def kind_of(X: Any) -> str:
    """Which of the forms X has."""
    if isinstance(X, Tensor):
        return "tensor"
    if scipy.sparse.issparse(X):
        return "sparse"
    if isinstance(X, Mapping):
        return "dict"
    if isinstance(X, tuple) and X and all(hasattr(part, "shape") for part in X):
        return "tuple"
    items = list(X) if isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1 else X
    if isinstance(items, list) and items and all(_is_sequence(item) for item in items):
        arrays = any(isinstance(item, (np.ndarray, Tensor)) for item in items)
        return "ragged" if arrays or len({len(item) for item in items}) > 1 else "array"
    return "array"


def rows_of(X: Any, kind: str, names: tuple[str, ...], dtype: str) -> Rows:
    """Turn X into rows.

    Parameters
    ----------
    X : object
        As described above.
    kind : str
        From `kind_of`.
    names : tuple of str
        Keys of a dict, in the order of the network's arguments.
    dtype : {"float32", "float64", "keep"}
        Type of floating-point inputs.

    Returns
    -------
    Rows
        What the engine cuts batches from.

    Raises
    ------
    ValueError
        If parts are not equally many, sequences do not agree in their elements, or something is not finite.
    """
    floats = FLOATS[dtype]
    if kind == "ragged":
        return _ragged(list(X), floats)
    if kind == "sparse":
        return SparseRows(scipy.sparse.csr_matrix(X), floats or torch.float32)
    if kind in ("tuple", "dict"):
        parts = [X[name] for name in names] if kind == "dict" else list(X)
        tensors = tuple(
            tensor_of(part, floats, name) for part, name in zip(parts, names or map(str, range(len(parts))))
        )
        if len({len(t) for t in tensors}) > 1:
            raise DataError(f"the parts of X must have equally many rows, got {[len(t) for t in tensors]}.")
        return TensorRows(tensors)
    return TensorRows((tensor_of(X, floats, "X"),))


def tensor_of(part: Any, floats: torch.dtype | None, name: str) -> Tensor:
    """One argument as a tensor of finite numbers."""
    checked = not isinstance(part, Tensor)
    if checked:
        part = torch.from_numpy(_numbers(part, name))
    if part.ndim == 0:
        raise DataError(f"{name} is a single number; it needs one entry a row.")
    if not part.is_floating_point():
        return part.detach()
    if not (checked or torch.isfinite(part).all()):
        raise DataError(f"Input {name} contains NaN or infinity.")
    return part.detach().to(device="cpu", dtype=floats or part.dtype)


def _numbers(part: Any, name: str) -> np.ndarray:
    """An array that torch can hold."""
    array = check_array(part, ensure_2d=False, allow_nd=True, dtype="numeric", ensure_min_samples=0, input_name=name)
    if array.dtype.kind in "iub":
        return array.astype(np.int64)
    return np.array(array) if not array.flags.writeable or min(array.strides, default=0) < 0 else array


def _ragged(items: list, floats: torch.dtype | None) -> Rows:
    """Sequences end to end."""
    arrays = [item.detach().cpu().numpy() if isinstance(item, Tensor) else np.asarray(item) for item in items]
    widths = {a.shape[1:] for a in arrays}
    if len(widths) > 1:
        raise DataError(
            f"the sequences of X have elements of different shapes, {sorted(widths)[:2]}: all axes but the first must "
            "agree. Images of mixed sizes have to be brought to one size first."
        )
    empty = [i for i, a in enumerate(arrays) if len(a) == 0]
    if empty:
        raise DataError(f"sequence {empty[0]} of X is empty: drop it, or give it one element that means nothing.")
    whole = all(a.dtype.kind in "iub" for a in arrays)
    rows = RaggedRows.of([a.astype(np.int64 if whole else np.float32, copy=False) for a in arrays])
    return RaggedRows(tensor_of(rows.values, floats, "X"), rows.starts)


def _is_sequence(item: Any) -> bool:
    """Whether an entry of a list has entries itself."""
    return isinstance(item, (list, tuple)) or (isinstance(item, (np.ndarray, Tensor)) and item.ndim > 0)


def layout_of(rows: Rows, kind: str, names: tuple[str, ...]) -> Layout:
    """What there is to remember of the X of `fit`.

    Parameters
    ----------
    rows : Rows
        From `rows_of`.
    kind : str
        Form of X.
    names : tuple of str
        Keys of a dict.

    Returns
    -------
    Layout
        Plain values only.
    """
    if isinstance(rows, SparseRows):
        return Layout(kind, names, ((rows.matrix.shape[1],),), (False,))
    tensors = (rows.values,) if isinstance(rows, RaggedRows) else rows.tensors if isinstance(rows, TensorRows) else ()
    shapes = tuple(tuple(t.shape[1:]) for t in tensors)
    return Layout(kind, names, shapes, tuple(not t.is_floating_point() for t in tensors))


def require_types(rows: Rows, layout: Layout) -> Rows:
    """Rows of a prediction with the types of numbers that `fit` saw.

    Parameters
    ----------
    rows : Rows
        From `rows_of`.
    layout : Layout
        Of the X of `fit`.

    Returns
    -------
    Rows
        Whole numbers where there were floats become floats.

    Raises
    ------
    ValueError
        If there were whole numbers in `fit`, tokens say, and there are others now.
    """
    if isinstance(rows, SparseRows):
        return rows
    if isinstance(rows, RaggedRows):
        return RaggedRows(_typed(rows.values, layout.whole[0]), rows.starts, rows.padding)
    assert isinstance(rows, TensorRows)  # there is no other kind
    return TensorRows(tuple(_typed(t, whole) for t, whole in zip(rows.tensors, layout.whole)))


def _typed(values: Tensor, whole: bool) -> Tensor:
    if whole == (not values.is_floating_point()):
        return values
    if whole and not bool((values == values.round()).all()):
        raise DataError("X held whole numbers in fit, but holds others now: pass it as for fit.")
    return values.long() if whole else values.float()


def matching(X: Any, layout: Layout) -> Any:
    """X of a prediction in the form that X had in `fit`."""
    wanted, got = layout.kind, kind_of(X)
    if got == wanted:
        if wanted == "dict" and sorted(X) != sorted(layout.names):
            raise DataError(f"X has the keys {sorted(X)}, {sorted(layout.names)} were fitted.")
        if wanted == "tuple" and len(X) != len(layout.shapes):
            raise DataError(f"X has {len(X)} parts, {len(layout.shapes)} were fitted.")
        return X
    if wanted == "array" and got == "tensor":
        return X.detach().cpu().numpy()
    if wanted == "tensor" and got == "array":
        return torch.from_numpy(_numbers(X, "X"))
    if wanted == "ragged" and got == "array" and hasattr(X, "__len__"):
        return [np.asarray(row) for row in X]
    if wanted == "array" and got == "ragged" and len({np.shape(row) for row in X}) == 1:
        return np.stack([np.asarray(row) for row in X])
    if {wanted, got} == {"array", "sparse"}:
        return scipy.sparse.csr_matrix(X) if wanted == "sparse" else X.toarray()
    raise DataError(f"X is of the form {got!r} but was {wanted!r} in fit: pass it as for fit.")
