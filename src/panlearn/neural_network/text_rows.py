"""Texts to numbers: words, their vocabulary, and the start of their vectors.

A text is a string, which scikit-learn's analyzers cut into words ("word", by `token_pattern`) or characters ("char", as
for Chinese, whose words no blank divides), or it is a list of words already. The vocabulary holds the words of the
training texts in the order of their counts; number 0 is every other word. A text without words is the one word 0: it
is judged by what the network says of nothing.

Course note: 004 §6.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from panlearn.core.errors import DataError
from panlearn.neural_network.training.batches import RaggedRows

WORDS = r"(?u)\w+(?:['’]\w+)?|[^\w\s]"  # words with their apostrophes, and each punctuation mark: it carries mood


def documents(X: Any) -> list:
    """Check texts, and return them as a list.

    Parameters
    ----------
    X : sequence
        Strings, or sequences of words; an array or a column of a data frame as well.

    Returns
    -------
    list
        The same texts.

    Raises
    ------
    DataError
        If X is one string, a table, empty, or holds something else than texts.

    Examples
    --------
    >>> documents("one text")
    Traceback (most recent call last):
    panlearn.core.errors.DataError: X must be a list of texts, got one string: pass [text].
    """
    if isinstance(X, (str, bytes)):
        raise DataError("X must be a list of texts, got one string: pass [text].")
    if X is None or not hasattr(X, "__iter__") or isinstance(X, dict):
        raise DataError(f"X must be a list of texts, got {type(X).__name__}.")
    if getattr(X, "ndim", 1) == 2:
        if X.shape[1] != 1:
            raise DataError(f"X must be texts, one a row; got a table of shape {X.shape}: pass its text column.")
        X = np.asarray(X)[:, 0]
    texts = list(X)
    if not texts:
        raise DataError("Found array with 0 sample(s), while a minimum of 1 is required: X holds no texts.")
    for i, text in enumerate(texts):
        if isinstance(text, (list, tuple, np.ndarray)):
            odd = next((word for word in text if not isinstance(word, str)), None)
            if odd is not None:
                raise DataError(f"text {i} is a list that holds {odd!r}; its words must be strings.")
        elif not isinstance(text, str):
            raise DataError(
                f"text {i} is a {type(text).__name__} ({text!r}); texts are strings or lists of words: fill missing "
                'ones with "", decode bytes.'
            )
    return texts


def tokenizer(analyzer: Any, token_pattern: str, lowercase: bool) -> Callable[[Any], Sequence[str]]:
    """Return the function that cuts a text into words; lists of words are passed through.

    Parameters
    ----------
    analyzer : str or callable
        "word", "char", or a function from string to words.
    token_pattern : str
        Regular expression of a word.
    lowercase : bool
        Whether strings are put in lower case first.

    Returns
    -------
    callable
        From a string, or a list of words, to a sequence of words.

    Examples
    --------
    >>> tokenizer("word", WORDS, True)("Don't go!"), tokenizer("char", WORDS, True)("房间 很大")
    (["don't", 'go', '!'], ['房', '间', ' ', '很', '大'])
    """
    from sklearn.feature_extraction.text import CountVectorizer

    cut = CountVectorizer(analyzer=analyzer, token_pattern=token_pattern, lowercase=lowercase).build_analyzer()
    return lambda text: cut(text) if isinstance(text, str) else text


def vocabulary(texts: Iterable[Sequence[str]], min_df: int, max_features: int | None) -> dict[str, int]:
    """Number the words of some texts from 1, the frequent ones first.

    Parameters
    ----------
    texts : iterable of sequence of str
        Words of each text.
    min_df : int
        Texts that a word must occur in.
    max_features : int or None
        Most words kept.

    Returns
    -------
    dict
        From word to number.

    Examples
    --------
    >>> vocabulary([["a", "b"], ["b", "b"]], 1, None)
    {'b': 1, 'a': 2}
    """
    counts = Counter(chain.from_iterable(texts))
    if min_df > 1:
        spread = Counter(chain.from_iterable(map(set, texts)))
        counts = Counter({word: n for word, n in counts.items() if spread[word] >= min_df})
    chosen = sorted(counts, key=lambda word: (-counts[word], word))[:max_features]
    return {word: i for i, word in enumerate(chosen, 1)}


def numbered(texts: Sequence[Sequence[str]], words: dict[str, int], max_length: int | None) -> RaggedRows:
    """Numbers of the words of each text, end to end.

    Parameters
    ----------
    texts : sequence of sequence of str
        Words of each text.
    words : dict
        From `vocabulary`.
    max_length : int or None
        Words read of a text.

    Returns
    -------
    RaggedRows
        At least one number a text.
    """
    number = words.get
    lengths = np.array([max(1, len(text) if max_length is None else min(len(text), max_length)) for text in texts])
    flat = (number(word, 0) for text in texts for word in (text[:max_length] if len(text) else ("",)))
    values = np.fromiter(flat, np.int64, int(lengths.sum()))
    return RaggedRows.of(np.split(values, np.cumsum(lengths)[:-1]))


def vector_table(words: dict[str, int], vectors: Any) -> np.ndarray:
    """Vectors of a vocabulary: those given, and numbers of the same variance for words without one.

    Parameters
    ----------
    words : dict
        From `vocabulary`.
    vectors : mapping or KeyedVectors
        From word to vector; or an object with `key_to_index` and `vectors`.

    Returns
    -------
    ndarray of shape (1 + len(words), d), float32
        Row 0, the unknown word, is 0. Rows without a vector are NaN.

    Raises
    ------
    DataError
        If the vectors are of unlike lengths, not finite, or none is of a word in the vocabulary.

    Examples
    --------
    >>> vector_table({"good": 1, "odd": 2}, {"good": [3.0, 4.0]}).tolist()
    [[0.0, 0.0], [3.0, 4.0], [nan, nan]]
    """
    rows, known = found_vectors(words, vectors)
    if not np.isfinite(known).all():
        raise DataError("vectors hold NaN or infinity.")
    table = np.full((1 + len(words), known.shape[1]), np.nan, np.float32)
    table[0], table[rows] = 0.0, known
    return table


def found_vectors(words: dict[str, int], vectors: Any) -> tuple[np.ndarray, np.ndarray]:
    """Find the given vectors of a vocabulary.

    Parameters
    ----------
    words : dict
        From `vocabulary`.
    vectors : mapping or KeyedVectors
        From word to vector.

    Returns
    -------
    rows : ndarray of int
        Numbers of the words found.
    known : ndarray of shape (len(rows), d), float32
        Their vectors.
    """
    if hasattr(vectors, "key_to_index"):
        places, table = vectors.key_to_index, vectors.vectors
        found = {i: table[places[word]] for word, i in words.items() if word in places}
    elif hasattr(vectors, "__contains__") and hasattr(vectors, "__getitem__") and not isinstance(vectors, (str, list)):
        found = {i: vectors[word] for word, i in words.items() if word in vectors}
    else:
        raise DataError(
            "vectors must map words to vectors (a dict), or have key_to_index and vectors (KeyedVectors), got "
            f"{type(vectors).__name__}."
        )
    if not found:
        raise DataError(f"vectors hold none of the {len(words)} words of the training texts: check the case of words.")
    shapes = {np.shape(vector) for vector in found.values()}
    if len(shapes) > 1 or len(next(iter(shapes))) != 1:
        raise DataError(f"vectors must be of one length each, got shapes {sorted(shapes)[:3]}.")
    return np.array(list(found)), np.array(list(found.values()), dtype=np.float32)
