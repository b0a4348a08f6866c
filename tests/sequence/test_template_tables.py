"""Tables of templates: keys of many parts, places beyond the ends."""

import numpy as np

from panlearn.sequence.template_tables import Seen, fitted_table, numbers_in, shifted


def test_shift_beyond_every_end():
    codes, offsets = np.arange(10, 15), np.array([0, 2, 2, 5])
    for place in range(-6, 7):
        expected = []
        for start, stop in ((0, 2), (2, 5)):
            for t in range(start, stop):
                at = t + place
                inside = start <= at < stop
                expected.append(codes[at] if inside else start - at - 1 if at < start else 6 + at - stop)
        assert shifted(codes, place, offsets, 6).tolist() == expected


def test_many_parts_do_not_overflow():
    rng = np.random.default_rng(0)
    size = 2**31 - 2
    parts = [Seen(rng.choice([-1, 0, 5, size - 1], 50, p=[0.1, 0.3, 0.3, 0.3]), size) for _ in range(5)]
    table, numbers = fitted_table(parts, 7, 1, 50)
    tuples = list(zip(*(part.codes.tolist() for part in parts), strict=True))
    whole = [row for row in tuples if min(row) >= 0]
    assert len(table.keys) == len(set(whole))
    assert {row: number for row, number in zip(tuples, numbers.tolist(), strict=True) if min(row) >= 0} == dict(
        zip(sorted(set(whole)), range(7, 7 + len(set(whole))), strict=True)
    )
    assert (numbers[[min(row) < 0 for row in tuples]] == -1).all()
    np.testing.assert_array_equal(numbers_in(table, parts, 50), numbers)


def test_what_was_never_seen_has_no_number():
    table, _ = fitted_table([Seen(np.array([3, 4]), 9), Seen(np.array([1, 1]), 9)], 0, 1, 2)
    assert numbers_in(table, [Seen(np.array([3, 3, -1, 8]), 9), Seen(np.array([1, 2, 1, 8]), 9)], 4).tolist() == [
        0,
        -1,
        -1,
        -1,
    ]
    empty, _ = fitted_table([Seen(np.array([-1]), 9)], 0, 1, 1)
    assert numbers_in(empty, [Seen(np.array([2]), 9)], 1).tolist() == [-1]
