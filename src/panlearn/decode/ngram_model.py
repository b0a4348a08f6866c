"""N-gram language models: the probability of a word after the n - 1 before it, as tables for decoders.

    p(w | h) = p~(w | h)            if h w is in the table
             = b(h) p(w | h')       else, h' being h without its first word

An ARPA file holds log10 p~ and log10 b of every n-gram. Here histories become *states* of an automaton: the score of a
word is one look-up of (state, word), and a step back for each word of history that has not been seen with it. A
history without continuations is the same state as its longest ending that has some, so that hypotheses which no future
word can tell apart share a state.

`NGramModel.of` estimates a model from text by interpolated Kneser-Ney smoothing [kneser1995], [chen1999]: counts
less a discount d, and what was taken is given out by the lower order, where a word counts by how many different words
precede it ("Francisco" is frequent, but only after "San"):

    p(w | h) = max(c(h w) - d, 0) / c(h .) + d N(h .) / c(h .) p(w | h'),    d = n_1 / (n_1 + 2 n_2)

with N(h .) the different words after h, n_r the n-grams that occur r times. Course notes: 001 §8.5, 004 §8.
"""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from panlearn.core.errors import DataError
from panlearn.decode.key_table import table_of
from panlearn.decode.ngram_estimates import BEGIN, END, UNKNOWN, Grams, kneser_ney
from panlearn.decode.ngram_kernels import GRAM, STATE, NGramTables, score_word

LN10 = math.log(10)


class NGramModel:
    """N-gram language model.

    Parameters
    ----------
    grams : dict
        From n-grams, as tuples of words, to (ln p~, ln b). The words of all single ones are the vocabulary; "<s>" and
        "</s>" are the ends of a sentence, "<unk>" any other word.

    Attributes
    ----------
    words : list
        The vocabulary.
    index : dict
        From word to number.
    order : int
        Longest n-gram, n.
    tables : NGramTables
        What decoders read.

    Raises
    ------
    ValueError
        If there is no single word, a number is not a log-probability, or an n-gram's words are not in the vocabulary.

    References
    ----------
    [kneser1995], [chen1999], note 001 §8.5

    Examples
    --------
    The probabilities of all that may come first, the end and an unknown word included, sum to one.

    >>> model = NGramModel.of([["a", "b"], ["a", "b"], ["a", "c"]], order=2)
    >>> first = [math.exp(model.log_prob([word], ends=False)) for word in ("a", "b", "c", "<unk>")]
    >>> round(sum(first) + math.exp(model.log_prob([])), 6)
    1.0
    """

    def __init__(self, grams: Grams) -> None:
        self.words: list[Any] = [gram[0] for gram in grams if len(gram) == 1]
        self.index = {word: i for i, word in enumerate(self.words)}
        if not self.words:
            raise DataError("a language model needs single words: no 1-gram is there.")
        self.order = max(map(len, grams))
        self.tables = _tables(grams, self.index)
        self.begin = 0  # state before the first word
        if BEGIN in self.index:
            self.begin = int(score_word(self.tables, 0, self.index[BEGIN])[1])
        self.end = self.index.get(END, -1)
        self.unknown = self.index.get(UNKNOWN, -1)

    @classmethod
    def of(cls, sentences: Iterable[Sequence[Any]], order: int = 3) -> "NGramModel":
        """Estimate a model by interpolated Kneser-Ney smoothing.

        Parameters
        ----------
        sentences : iterable of sequences
            Words, or numbers of tokens; a string is a sequence of characters.
        order : int, default=3
            Longest n-gram.

        Returns
        -------
        NGramModel
            With the ends of sentences and "<unk>" in its vocabulary.
        """
        return cls(kneser_ney(sentences, order))

    @classmethod
    def from_arpa(cls, source: str | Path) -> "NGramModel":
        r"""Read a model in the ARPA format.

        Parameters
        ----------
        source : str or Path
            Name of a file, or the text itself (it holds "\data\").

        Returns
        -------
        NGramModel
            As it stands there.

        Raises
        ------
        ValueError
            If a line cannot be read; the message names it.
        """
        text = str(source) if "\\data\\" in str(source) else Path(source).read_text(encoding="utf-8")
        return cls(_arpa(text))

    def numbers(self, words: Iterable[Any]) -> np.ndarray:
        """Numbers of words in the vocabulary.

        Parameters
        ----------
        words : iterable
            Words.

        Returns
        -------
        ndarray of int64
            That of "<unk>" for others; -1 if the model has none, which makes them impossible.
        """
        return np.array([self.index.get(word, self.unknown) for word in words], dtype=np.int64)

    def log_prob(self, sentence: Sequence[Any], *, begins: bool = True, ends: bool = True) -> float:
        """Logarithm of the probability of a sentence.

        Parameters
        ----------
        sentence : sequence
            Words.
        begins, ends : bool, default=True
            Whether it stands at the beginning, and whether its end counts.

        Returns
        -------
        float
            ln p; -inf if a word is unknown and the model has no "<unk>".
        """
        state, total = self.begin if begins else 0, 0.0
        numbers = [*self.numbers(sentence), *([self.end] if ends and self.end >= 0 else [])]
        for word in numbers:
            found, state = score_word(self.tables, state, int(word))
            total += found
        return float(total)

    def perplexity(self, sentences: Iterable[Sequence[Any]]) -> float:
        """How many words the model hesitates between: exp of minus the mean ln p of a word, ends included.

        Parameters
        ----------
        sentences : iterable of sequences
            Words.

        Returns
        -------
        float
            At least 1.
        """
        sentences = list(sentences)
        n = sum(len(sentence) + (self.end >= 0) for sentence in sentences)
        return math.exp(-sum(map(self.log_prob, sentences)) / n)


def _tables(grams: Grams, index: dict) -> NGramTables:
    """States are the histories that have a continuation or a back-off weight; the empty one is state 0."""
    for gram, numbers in grams.items():
        if not all(word in index for word in gram):
            raise DataError(f"the n-gram {' '.join(map(str, gram))!r} has a word that is no 1-gram.")
        if math.isnan(numbers[0]) or numbers[0] > 1e-6 or math.isnan(numbers[1]):
            raise DataError(f"the n-gram {' '.join(map(str, gram))!r} has {numbers[0]}, which is no log-probability.")
    histories = {gram[:-1] for gram in grams} | {gram for gram, (_, back) in grams.items() if back != 0.0}
    for history in list(histories):  # a model with holes: every ending of a history is one
        histories.update(history[k:] for k in range(1, len(history) + 1))
    states = {history: i for i, history in enumerate(sorted(histories, key=len))}

    def state_of(history: tuple) -> int:
        while history not in states:
            history = history[1:]
        return states[history]

    states_table = np.zeros(len(states), STATE)
    states_table["back"] = [states[history[1:]] if history else 0 for history in states]
    states_table["back_off"] = [grams[history][1] if history in grams else 0.0 for history in states]
    keys = np.array([states[gram[:-1]] * len(index) + index[gram[-1]] for gram in grams], dtype=np.int64)
    log_probs = np.array([numbers[0] for numbers in grams.values()])
    following = np.array([state_of(gram) for gram in grams])
    return NGramTables(table_of(keys, GRAM, log_prob=log_probs, following=following), states_table, len(index))


def _arpa(text: str) -> Grams:
    r"""N-grams of an ARPA file: lines "log10 p <tab> words <tab> log10 b" below "\n-grams:"."""
    grams: Grams = {}
    order = 0
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line.startswith("\\"):
            order = int(line[1:].split("-")[0]) if line.endswith("-grams:") else 0
        elif order and line:
            parts = line.split()
            try:
                gram, back = tuple(parts[1 : order + 1]), parts[order + 1] if len(parts) > order + 1 else "0"
                grams[gram] = float(parts[0]) * LN10, float(back) * LN10
                wrong = len(gram) != order or len(parts) > order + 2
            except (ValueError, IndexError):
                wrong = True
            if wrong:
                raise DataError(f"line {number} of the ARPA file is no {order}-gram: {line!r}.")
    if not grams:
        raise DataError("the ARPA file holds no n-grams: it needs the sections \\data\\, \\1-grams:, ..., \\end\\.")
    return grams
