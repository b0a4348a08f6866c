"""What a language model reads and foretells: each token once, the next one beside it."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.neural_network.generator_rows import ConditionedRows, stream_readings, text_readings

TEXTS = st.lists(st.text("abc", max_size=7), min_size=1, max_size=6)
NUMBERS = {"a": 1, "b": 2}  # c is not known
MARK = 3


def coded(text: str) -> list[int]:
    return [NUMBERS.get(letter, 0) for letter in text]


@settings(deadline=None)
@given(TEXTS)
def test_texts(texts):
    rows, target = text_readings(texts, NUMBERS)
    tokens, lengths = rows.take(torch.arange(len(texts)))
    for i, text in enumerate(texts):
        n = int(lengths[i])
        assert tokens[i, :n].tolist() == [MARK, *coded(text)]
        assert target[i, :n].tolist() == [*coded(text), MARK]
        assert (target[i, n:] == -1).all()


@settings(deadline=None)
@given(TEXTS.filter(lambda texts: any(texts)), st.integers(1, 5))
def test_streams(texts, n_pieces):
    rows, target = stream_readings(texts, NUMBERS, n_pieces)
    stream = [MARK]
    for text in texts:
        stream += [*coded(text), MARK] if text else []
    read, foretold = rows.values.tolist(), target[target >= 0].tolist()
    assert read == stream[:-1]
    assert foretold == stream[1:]
    assert len(rows) <= n_pieces
    assert len(set(rows.lengths()[:-1].tolist())) <= 1


def test_features_come_along():
    rows = ConditionedRows(text_readings(["ab", "b"], NUMBERS).rows, torch.tensor([[1.0, 2], [3, 4]]))
    tokens, lengths, features = rows.take(torch.tensor([1, 0]))
    assert features.tolist() == [[[3, 4]], [[1, 2]]]
    assert lengths.tolist() == rows.lengths()[[1, 0]].tolist() == [2, 3]
    assert tokens.shape == (2, 3)
    assert len(rows) == 2
