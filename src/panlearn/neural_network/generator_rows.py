"""Texts as a language model reads them: each token, and the one that follows.

    each text by itself       input  <mark> x_1 ... x_T        target  x_1 ... x_T <mark>
    one stream                <mark> text <mark> text <mark>, cut into pieces that are read side by side

Numbers: 0 is every token that is not known, 1 ... V the known ones, the frequent ones first, V + 1 the mark, which
begins and ends a text. Course notes: 003 §2, 004 §1.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from panlearn.neural_network.step_objective import BEHIND
from panlearn.neural_network.text_rows import numbered
from panlearn.neural_network.training.rows import RaggedRows


class Readings(NamedTuple):
    """Tokens to read, and those to foretell."""

    rows: RaggedRows  # tokens
    target: Tensor  # (n, longest) int32, -1 behind the end of a row


class ConditionedRows(NamedTuple):
    """Texts beside the features they are made from."""

    texts: RaggedRows
    features: Tensor  # (n, p)

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of average length."""
        return self.texts.row_bytes + 4 * self.features.shape[1]

    def lengths(self) -> Tensor:
        """Tokens of each text."""
        return self.texts.lengths()

    def take(self, indices: Tensor) -> tuple[Tensor, ...]:
        """Tokens (b, t), lengths (b,), features (b, 1, p), which stand beside one step."""
        return (*self.texts.take(indices), self.features[indices][:, None])


def text_readings(texts: Sequence[Sequence[str]], vocabulary: dict[str, int]) -> Readings:
    """Each text by itself, from its first mark to its last.

    Parameters
    ----------
    texts : sequence of sequence of str
        Tokens; a text may be empty.
    vocabulary : dict
        From token to number.

    Returns
    -------
    Readings
        A row a text.

    Examples
    --------
    >>> found = text_readings([["a", "b"], []], {"a": 1, "b": 2})
    >>> found.rows.values.tolist(), found.target.tolist()
    ([3, 1, 2, 3], [[1, 2, 3], [3, -1, -1]])
    """
    mark = np.array([len(vocabulary) + 1])
    numbers = [np.array([vocabulary.get(token, 0) for token in text], np.int64) for text in texts]
    return _readings([np.concatenate([mark, own, mark]) for own in numbers])


def stream_readings(texts: Sequence[Sequence[str]], vocabulary: dict[str, int], n_pieces: int) -> Readings:
    """All texts as one stream, cut into pieces of equal length; the last may be shorter.

    Parameters
    ----------
    texts : sequence of sequence of str
        Tokens.
    vocabulary : dict
        From token to number.
    n_pieces : int
        Pieces, fewer where there are fewer tokens.

    Returns
    -------
    Readings
        A row a piece: its last token is the first of the next one.

    Examples
    --------
    >>> found = stream_readings([["a", "b"], ["b"]], {"a": 1, "b": 2}, 2)
    >>> found.rows.take(torch.arange(2))[0].tolist(), found.target.tolist()
    ([[3, 1, 2], [3, 2, 0]], [[1, 2, 3], [2, 3, -1]])
    """
    known = numbered([text for text in texts if len(text)], vocabulary, None)
    mark, parts = np.array([len(vocabulary) + 1]), np.split(known.values.numpy(), known.starts.numpy()[1:-1])
    stream = np.concatenate([mark, *(piece for part in parts for piece in (part, mark))])
    length = -(-(len(stream) - 1) // n_pieces)
    return _readings([stream[a : a + length + 1] for a in range(0, len(stream) - 1, length)])


def _readings(pieces: list[np.ndarray]) -> Readings:
    """All but the last token of each piece to read, all but the first to foretell."""
    lengths = np.array([len(piece) - 1 for piece in pieces])
    target = np.full((len(pieces), int(lengths.max())), BEHIND, np.int32)
    target[np.arange(target.shape[1]) < lengths[:, None]] = np.concatenate([piece[1:] for piece in pieces])
    return Readings(RaggedRows.of([piece[:-1] for piece in pieces]), torch.from_numpy(target))
