"""Blocks hold all sequences once, in order; sums over them do not depend on threads."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import panlearn
from panlearn.core.errors import DataError
from panlearn.sequence import hmm_blocks
from panlearn.sequence.hmm_blocks import Block, Stream, blocks_of, over_rows, sum_over


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_blocks_hold_every_sequence_once(lengths):
    n = sum(lengths)
    rows, offsets = np.arange(n, dtype=float)[:, None], np.cumsum([0, *lengths])
    weight, tags = np.arange(len(lengths), dtype=float), np.arange(n)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hmm_blocks, "FRAMES", 20)
        blocks: Any = blocks_of(Block(rows, offsets, weight, tags, 0))
    assert np.concatenate([np.diff(block.offsets) for block in blocks]).tolist() == lengths
    assert np.concatenate([block.rows for block in blocks]).tolist() == rows.tolist()
    assert np.concatenate([block.weight for block in blocks]).tolist() == weight.tolist()
    assert np.concatenate([block.tags for block in blocks]).tolist() == tags.tolist()
    for block in blocks:
        assert block.first == block.weight[0]
        assert len(block.rows) <= 20 or len(block.offsets) == 2


def test_sums_are_the_same_bits_for_any_number_of_threads():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200_000, 1)) ** 5
    offsets = np.arange(0, 200_001, 100)
    blocks = blocks_of(Block(rows, offsets, None, None, 0))
    found = []
    for threads in (1, 2, 3):
        with panlearn.threads(threads):
            found.append(sum_over(lambda block: block.rows.sum(axis=0), [blocks])[0])
    assert found[0] == found[1] == found[2]
    assert found[0] == pytest.approx(rows.sum(), rel=1e-9)


def test_pieces_of_a_long_sequence_cover_it():
    for n in (0, 1, hmm_blocks.FRAMES, 3 * hmm_blocks.FRAMES + 7):
        pieces = over_rows(lambda a, b: (a, b), n)
        assert pieces[0][0] == 0
        assert pieces[-1][1] == n
        assert all(left[1] == right[0] for left, right in pairwise(pieces))


class Again:
    """Sequences that can be gone through again and again."""

    def __iter__(self):
        return iter([np.ones((3, 1)), np.ones((2, 1))])


def test_a_stream_gives_the_same_blocks_in_each_pass():
    stream = Stream(Again(), lambda x: 2 * x, np.array([1.0, 0.5]))
    for _ in range(2):
        found: Any = list(stream)
        ((block,),) = found
        assert block.rows.tolist() == [[2.0]] * 5
        assert block.offsets.tolist() == [0, 3, 5]
        assert block.weight.tolist() == [1.0, 0.5]


def test_what_cannot_be_read_twice_is_refused():
    with pytest.raises(DataError, match="only once"):
        Stream(iter([np.ones((3, 1))]), lambda x: x)
    with pytest.raises(DataError, match="one weight a sequence"):
        list(Stream(Again(), lambda x: x, np.ones(1)))
    with pytest.raises(DataError, match="no sequence"):
        sum_over(lambda block: 1.0, [])
