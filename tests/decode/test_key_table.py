"""The table against a dict."""

import numpy as np

from panlearn.decode.key_table import FREE, place_of, table_of, with_room

KIND = np.dtype([("key", np.int64), ("value", np.float64)])


def look_up(table, key):
    at = place_of(table, key)
    return None if table["key"][at] == FREE else table["value"][at]


def test_finds_what_was_put_in():
    rng = np.random.default_rng(0)
    for keys in (
        np.arange(100),
        rng.choice(1 << 40, 500, replace=False),
        np.arange(0, 1 << 20, 1 << 12),
        np.array([0]),
    ):
        values = rng.normal(size=len(keys))
        table = table_of(keys, KIND, value=values)
        for larger in (table, with_room(table, 5000)):
            assert [look_up(larger, int(key)) for key in keys] == values.tolist()
            assert look_up(larger, (1 << 41) + 7) is None
    assert len(with_room(table, 1)) == len(table)
    assert look_up(table_of(np.empty(0, np.int64), KIND), 3) is None
