r"""Gradients as integers: one 64-bit number a row, whose sums are exact, so that their order does not matter.

A boosting round fits a tree to the gradients g and the curvatures (hessians) h of the loss at the current predictions
[friedman2001], [chen2016]. Histograms need sums of g, of h and of rows. One integer holds all three,

    packed = G 2^(a+b) + H 2^a + 1,       G = round(g / unit_g),     H = round(h / unit_h)

and one addition adds all three. `a` and `b` are as small as the fullest code of the table allows (`bin_layout.py`), so
that no sum over one code runs over; the rest of the 64 bits goes to G and H. At 200,000 rows of continuous columns that
is 16 bits each for one row, at a constant curvature (b = 0, H = 1 for all rows) more than the mantissa of float32.
Integer sums are the same in any order: a tree is the same, bit for bit, for any number of threads.

Where curvatures differ, the values of leaves are computed from g and h themselves.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.threads import map_chunks
from panlearn.ensemble.gradient_boosting.bin_layout import BinnedRows

SMALL_LEAF = 1023  # rows of a leaf whose sums fit into the fields as well, which makes its search faster
MOST_BITS = 40  # of one G: sums of a small leaf stay below 2^51, and twice as many bits as float32 has are no gain
ROOM = 62  # bits that the sum of |G| over all rows may need


class Gradients(NamedTuple):
    """Gradients and curvatures of one round (of one output)."""

    packed: np.ndarray  # (n,) int64
    gradient: np.ndarray  # (n,) float32 or float64
    hessian: np.ndarray | None  # (n,) float32 or float64; None: the same for all rows, `unit_h`
    unit_g: float  # g = G unit_g
    unit_h: float  # h = H unit_h
    count_bits: int  # a
    hessian_bits: int  # b; 0: H is the number of rows


def quantise(
    gradient: np.ndarray, hessian: np.ndarray | None, binned: BinnedRows, *, constant: float = 1.0
) -> Gradients:
    """Pack gradients and curvatures for `grow_boosted_tree`.

    Parameters
    ----------
    gradient : ndarray of shape (n,)
        Derivative of the loss by the prediction of each row, times its weight; float32 or float64.
    hessian : ndarray of shape (n,) or None
        Second derivative, at least 0, times the weight; None where it is `constant` for all rows.
    binned : BinnedRows
        The table that the tree will be grown on.
    constant : float
        The curvature of all rows where `hessian` is None.

    Returns
    -------
    Gradients
    """
    n = gradient.size
    packed = np.empty(n, np.int64)
    largest_g = _largest(gradient)
    largest_h = 0.0 if hessian is None else _largest(hessian)
    units, bits = field_sizes(
        n, int(binned.frequency.max(initial=1)), largest_g, None if hessian is None else largest_h
    )
    if hessian is None:
        map_chunks(lambda a, b: pack_constant(gradient[a:b], 1 / units[0], bits[0], packed[a:b]), n, work=3.0 * n)
        return Gradients(packed, gradient, None, units[0], constant, bits[0], 0)
    map_chunks(
        lambda a, b: pack_both(gradient[a:b], hessian[a:b], 1 / units[0], 1 / units[1], bits, packed[a:b]),
        n,
        work=4.0 * n,
    )
    return Gradients(packed, gradient, hessian, *units, *bits)


def field_sizes(
    n: int, fullest: int, largest_g: float, largest_h: float | None
) -> tuple[tuple[float, float], tuple[int, int]]:
    """Units of g and h, and the bits of the fields of the number of rows and of h.

    Parameters
    ----------
    n : int
        Rows.
    fullest : int
        Rows of the fullest code.
    largest_g : float
        Bound of abs(g).
    largest_h : float or None
        Bound of h; None: h is constant.

    Returns
    -------
    tuple
        (unit_g, unit_h), (count_bits, hessian_bits)
    """
    count_bits = max(fullest, min(n, SMALL_LEAF)).bit_length()
    room = 63 - count_bits  # for G and H, without the sign
    if largest_h is None:
        hessian_bits, unit_h = 0, 1.0
        g_bits = min(room - count_bits, ROOM - n.bit_length(), MOST_BITS)
    else:
        each = (room - 2 * count_bits) // 2  # bits of H, and of G, of one row
        hessian_bits = count_bits + each
        unit_h = largest_h / (2.0**each - 1) or 1.0
        g_bits = min(room - hessian_bits - count_bits, ROOM - n.bit_length())
    return (largest_g / (2.0**g_bits - 1) or 1.0, unit_h), (count_bits, hessian_bits)


def _largest(values: np.ndarray) -> float:
    return max(map_chunks(lambda a, b: largest_size(values[a:b]), values.size, work=1.0 * values.size))


@kernel
def largest_size(values):
    """Largest absolute value, as float64."""
    largest = np.zeros(8, values.dtype)
    whole = np.uint64(values.size) & ~np.uint64(7)
    for i in range(np.uint64(0), whole, np.uint64(8)):
        for k in range(np.uint64(8)):
            size = abs(values[i + k])
            largest[k] = size if size > largest[k] else largest[k]
    best = 0.0
    for k in range(8):
        best = max(best, np.float64(largest[k]))
    for i in range(whole, np.uint64(values.size)):
        best = max(best, abs(np.float64(values[i])))
    return best


@kernel
def pack_constant(gradient, scale, count_bits, packed):
    """Fill `packed` where curvatures are constant."""
    for i in range(np.uint64(packed.size)):
        packed[i] = (np.int64(np.rint(np.float64(gradient[i]) * scale)) << count_bits) + 1


@kernel
def pack_both(gradient, hessian, scale_g, scale_h, bits, packed):
    """Fill `packed`."""
    a, b = bits
    for i in range(np.uint64(packed.size)):
        h = np.int64(np.rint(np.float64(hessian[i]) * scale_h))
        g = np.int64(np.rint(np.float64(gradient[i]) * scale_g))
        packed[i] = (g << (a + b)) + (h << a) + 1
