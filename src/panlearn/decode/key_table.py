"""A hash table as one array of records, which kernels read and write.

A record holds its key, a whole number of at least 0, and whatever belongs to it. The table is open: 2^k places, at most
half of them taken; a key that is not at the place of its hash [knuth1998] is at one of the next. A free place has the
key -1.
"""

import numpy as np

from panlearn.core.jit import kernel

FREE = -1
GOLDEN = np.uint64(11400714819323198485)  # 2^64 / golden ratio, odd: neighbouring keys land far apart


@kernel
def place_of(table, key):
    """Where a key is, or the free place where it belongs."""
    mask = table.size - 1
    at = np.int64((np.uint64(key) * GOLDEN) >> np.uint64(32)) & mask
    while table[at].key != key and table[at].key != FREE:
        at = (at + 1) & mask
    return at


@kernel
def place_all(table, keys, places):  # writes table, places
    """Give a place to each of some new keys."""
    for i in range(keys.size):
        places[i] = place_of(table, keys[i])
        table[places[i]].key = keys[i]


KEYS = np.dtype([("key", np.int64)])


def table_of(keys: np.ndarray, kind: np.dtype, room: int = 0, **fields: np.ndarray) -> np.ndarray:
    """Table of different keys.

    Parameters
    ----------
    keys : ndarray of shape (n,)
        Keys.
    kind : dtype
        Of the records; it has a field "key".
    room : int
        Keys that shall find room, at least the n there are.
    **fields : ndarray of shape (n,)
        Other fields.

    Returns
    -------
    ndarray of records
        The table.
    """
    places = np.empty(len(keys), np.int64)
    taken = np.full(1 << max(4, (2 * max(room, len(keys)) - 1).bit_length()), FREE, KEYS.descr)
    place_all(taken, np.ascontiguousarray(keys, dtype=np.int64), places)
    table = np.zeros(len(taken), kind)
    table["key"] = taken["key"]
    for name, values in fields.items():
        table[name][places] = values
    return table


def with_room(table: np.ndarray, n: int) -> np.ndarray:
    """The same table, or a larger one with room for n keys."""
    if 2 * n <= len(table):
        return table
    held = table[table["key"] != FREE]
    fields = {name: held[name] for name in table.dtype.names or () if name != "key"}
    return table_of(held["key"], table.dtype, n, **fields)
