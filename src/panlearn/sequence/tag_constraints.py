"""Which tag may follow which: span schemes, a matrix, or a list of forbidden pairs.

A chain model scores any path. Tags that mark spans follow rules, and a path that breaks one stands for no spans:

    scheme                  a tag of type x …
    BIO, IOB2               I-x follows B-x or I-x
    IOB1                    B-x follows B-x or I-x (it parts two spans of one type; else a span begins with I-x)
    IOE2                    I-x is followed by I-x or E-x
    IOE1                    E-x is followed by I-x or E-x
    BIOES, IOBES, BILOU     B-x and I-x are followed by I-x or E-x, and these follow nothing else (L and U: E and S)

The edge of a sequence counts as the tag O. A forbidden step has the score -inf, so that the best path under the rules
is found by the same recursion, at no cost; the marginals are those of p(y | x, y keeps the rules).

Course notes: 004 §11. Schemes: [ramshaw1995], [tjongkimsang1999].
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from panlearn.core.errors import DataError

SCHEMES = {
    "BIO": "IOB2",
    "IOB2": "IOB2",
    "IOB1": "IOB1",
    "IOE1": "IOE1",
    "IOE2": "IOE2",
    "BIOES": "IOBES",
    "IOBES": "IOBES",
    "BILOU": "IOBES",
}
PREFIXES = {"IOB1": "IOB", "IOB2": "IOB", "IOE1": "IOE", "IOE2": "IOE", "IOBES": "IOBES"}


class Allowed(NamedTuple):
    """Scores that forbid: 0 where a step is allowed, -inf where not."""

    start: np.ndarray  # (L,) of the first tag
    transitions: np.ndarray  # (L, L) from row to column
    end: np.ndarray  # (L,) of the last tag


def allowed(constraints: Any, classes: Sequence[Any]) -> Allowed:
    """Read constraints as scores of 0 and -inf.

    Parameters
    ----------
    constraints : str, array-like of shape (L, L), collection of pairs, or None
        Name of a scheme; whether the column's tag may follow the row's, in the order of `classes`; or forbidden pairs
        (tag, next tag), where None stands for the edge of the sequence. Pairs with tags that are not in `classes` have
        no effect.
    classes : sequence
        Tags.

    Returns
    -------
    Allowed
        Scores of the first tag, of the steps and of the last tag.

    Raises
    ------
    DataError
        If the scheme is unknown, a tag does not belong to it, or the matrix has another shape.

    Examples
    --------
    >>> allowed("BIO", ["O", "B-LOC", "I-LOC"]).start  # no span begins with I
    array([  0.,   0., -inf])
    """
    if constraints is None:
        may = np.ones((len(classes) + 1,) * 2, dtype=bool)
    elif isinstance(constraints, str):
        may = _by_scheme(constraints, classes)
    elif isinstance(constraints, (set, frozenset, list, tuple)) and _are_pairs(constraints):
        may = _by_pairs(constraints, classes)
    else:
        may = _by_matrix(constraints, len(classes))
    with np.errstate(divide="ignore"):
        scores = np.log(may.astype(np.float64))
    return Allowed(scores[-1, :-1].copy(), scores[:-1, :-1].copy(), scores[:-1, -1].copy())


def follows(scheme: str, a: tuple[str, str], b: tuple[str, str]) -> bool:
    """Whether tag b, as (prefix, type), may follow tag a."""
    if scheme == "IOBES":
        left, right = a[0] in "BI", b[0] in "IE"
        return (left and right and a[1] == b[1]) if left or right else True
    if scheme[2] == "B":
        rule, joined = b[0] == ("I" if scheme == "IOB2" else "B"), a[0] in "BI"
    else:
        rule, joined = a[0] == ("I" if scheme == "IOE2" else "E"), b[0] in "IE"
    return not rule or (joined and a[1] == b[1])


def _by_scheme(name: str, classes: Sequence[Any]) -> np.ndarray:
    """May (L + 1, L + 1): the last row and column are the edge."""
    if name not in SCHEMES:
        raise DataError(f"constraints must be one of {sorted(SCHEMES)}, a matrix, or forbidden pairs. Got {name!r}.")
    scheme = SCHEMES[name]
    tags = [*(_parsed(tag, scheme, name) for tag in classes), ("O", "")]
    return np.array([[follows(scheme, a, b) for b in tags] for a in tags], dtype=bool)


def _parsed(tag: Any, scheme: str, name: str) -> tuple[str, str]:
    prefix, _, kind = str(tag).partition("-")
    if name == "BILOU":
        prefix = {"L": "E", "U": "S"}.get(prefix, prefix)
    if len(prefix) != 1 or prefix not in PREFIXES[scheme]:
        raise DataError(f'the tag {tag!r} is none of {name}: tags are "O", or a letter of the scheme, "-" and a type.')
    return prefix, kind


def _are_pairs(constraints: Iterable[Any]) -> bool:
    return all(
        isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(tag, (str, type(None))) for tag in pair)
        for pair in constraints
    )


def _by_pairs(pairs: Iterable[tuple[Any, Any]], classes: Sequence[Any]) -> np.ndarray:
    place = {tag: i for i, tag in enumerate(classes)} | {None: len(classes)}
    may = np.ones((len(place),) * 2, dtype=bool)
    for a, b in pairs:
        if a in place and b in place:
            may[place[a], place[b]] = False
    return may


def _by_matrix(matrix: Any, L: int) -> np.ndarray:
    matrix = np.asarray(matrix)
    if matrix.shape != (L, L) or matrix.dtype.kind not in "biuf":
        raise DataError(
            f"constraints must be a matrix of shape ({L}, {L}), a row and a column for each label in the order of "
            f"classes_. Got one of shape {matrix.shape} and type {matrix.dtype}."
        )
    may = np.ones((L + 1, L + 1), dtype=bool)
    may[:L, :L] = matrix != 0
    return may
