r"""The best threshold of a numeric column, from the histogram of a leaf [chen2016].

With G and H the sums of gradients and curvatures in the leaf, and those of a part to the left, a split gains

    G_l^2 / (H_l + lambda) + G_r^2 / (H_r + lambda) - G^2 / (H + lambda)

(twice the fall of the loss's second-order model), with |G| lowered by the L1 penalty first. Missing values are tried on
both sides. Where several thresholds gain the same, the lowest wins.

The codes are walked once for the running sums, keeping only the last codes of bins that hold rows of the leaf; the
gains of those are then computed several at a time. In a leaf so small that its sums fit into the fields of one packed
number, which are most leaves, the running sums stay packed: one addition a code, and all else several at a time.

Under a monotone constraint, leaf values w are held within bounds, and a part's term is -2 G w - (H + lambda) w^2: the
same at the best w, less at another. A split whose values are in the wrong order is none.
"""

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.numerics import to_float

ROOM = (4, 257)  # code, G, H to the left, and gain, of the thresholds of a column


@kernel
def best_threshold(hist, column, sign, node, rules, room, found):
    """Put the best threshold of one column into `found`; gain -inf: there is none.

    `hist` (256,) holds missing values at `n_codes`; `sign` is the monotone constraint (0: none; 2: none, but values
    have bounds); `room` is this thread's.
    """
    found.gain, found.missing_left = -np.inf, 0
    missing = hist[column.n_codes]
    packed = sign == 0 and node.rows <= rules.c_mask and column.spread == 0 and rules.l1 == 0.0
    for left in range(2 if column.has_missing != 0 and missing != 0 else 1):
        if packed:
            _search_packed(hist, column, missing if left == 1 else np.int64(0), node, rules, room, found, left)
            continue
        count = _collect(hist, column, missing if left == 1 else np.int64(0), node, rules, room)
        if sign == 0:
            _fill_gains(count, node, rules, room)
        else:
            _fill_bounded_gains(count, sign, node, rules, room)
        best, at = found.gain, np.int64(-1)
        for k in range(np.uint64(count)):
            if room[3, k] > best:
                best, at = room[3, k], np.int64(k)
        if at >= 0:
            found.gain, found.code, found.missing_left = best, np.int64(room[0, at]), left


@kernel
def _collect(hist, column, start, node, rules, room):
    """Sums to the left of each threshold that leaves enough rows on both sides; returns how many there are."""
    count = np.uint64(0)
    g_shift, h_shift, h_mask, c_mask = rules.g_shift, rules.h_shift, rules.h_mask, rules.c_mask
    g, h, c = start >> g_shift, (start >> h_shift) & h_mask, start & c_mask
    least, most = rules.min_rows, node.rows - rules.min_rows
    ends, filled = column.ends, False  # filled: the bin holds rows, in this code or an earlier one
    for i in range(np.uint64(column.n_codes)):
        value = hist[i]
        g += value >> g_shift
        h += (value >> h_shift) & h_mask
        c += value & c_mask
        if c > most:
            break
        room[0, count] = i
        room[1, count] = g
        room[2, count] = h
        filled |= value != 0
        last = ends[i] != 0
        count += np.uint64((c >= least) & filled & last)
        filled &= not last
    return np.int64(count)


@kernel
def _search_packed(hist, column, start, node, rules, room, found, left):
    """The best threshold of a column whose bins have one code each, in a leaf whose sums fit into a packed number."""
    g_shift, h_shift, h_mask, c_mask = rules.g_shift, rules.h_shift, rules.h_mask, rules.c_mask
    sums, gains, bits = room[0].view(np.int64), room[3], room[3].view(np.int64)
    least, most = max(rules.min_rows, 1), node.rows - max(rules.min_rows, 1)
    first, stop, total = np.uint64(0), np.uint64(0), start
    for i in range(np.uint64(column.n_codes)):
        total += hist[i]
        sums[i] = total
        first += np.uint64(total & c_mask < least)
        stop += np.uint64(total & c_mask <= most)
    total_g, total_h, l2, low = np.float64(node.g), np.float64(node.h), rules.l2, rules.min_hessian
    own = total_g * total_g / (total_h + l2)
    low = max(low, 5e-324) if l2 == 0.0 else low  # nothing is divided by 0
    for i in range(first, stop):
        g, h = to_float(sums[i] >> g_shift), to_float((sums[i] >> h_shift) & h_mask)
        other_g, other_h = total_g - g, total_h - h
        hl, hr = h + l2, other_h + l2
        gain = (g * g * hr + other_g * other_g * hl) / (hl * hr) - own
        gains[i] = gain if (h >= low) & (other_h >= low) else -np.inf
    best = np.int64(
        0
    )  # positive numbers and their bits have one order; the last eight bits tell where, the lowest first
    for i in range(first, stop):
        best = max(best, (bits[i] | 255) - np.int64(i))
    at = np.uint64(255 - (best & 255))
    if best > 0 and gains[at] > found.gain:
        found.gain, found.code, found.missing_left = gains[at], np.int64(at), left


@kernel
def _fill_gains(count, node, rules, room):
    total_g, total_h = np.float64(node.g), np.float64(node.h)
    l1, l2, least = rules.l1, rules.l2, rules.min_hessian
    own = shrink(total_g, l1) ** 2 / (total_h + l2)
    gs, hs, gains = room[1], room[2], room[3]
    for k in range(np.uint64(count)):
        g, h = gs[k], hs[k]
        other_g, other_h = shrink(total_g - g, l1), total_h - h
        g = shrink(g, l1)
        hl, hr = h + l2, other_h + l2
        gain = (g * g * hr + other_g * other_g * hl) / (hl * hr) - own
        gains[k] = gain if (h >= least) & (other_h >= least) else -np.inf


@kernel
def _fill_bounded_gains(count, sign, node, rules, room):
    total_g, total_h = np.float64(node.g), np.float64(node.h)
    l2, least = rules.l2, rules.min_hessian
    own = bounded_term(total_g, total_h, leaf_value(total_g, total_h, node, rules), rules)
    for k in range(np.uint64(count)):
        g, h = room[1, k], room[2, k]
        other_g, other_h = total_g - g, total_h - h
        left, right = leaf_value(g, h, node, rules), leaf_value(other_g, other_h, node, rules)
        wrong = (sign == 1 and left > right) or (sign == -1 and left < right)
        gain = bounded_term(g, h, left, rules) + bounded_term(other_g, other_h, right, rules) - own
        room[3, k] = -np.inf if wrong or h < least or other_h < least or h + l2 <= 0.0 else gain


@kernel(inline=True)
def shrink(g, l1):
    """Soft threshold."""
    return max(g - l1, 0.0) + min(g + l1, 0.0)


@kernel(inline=True)
def leaf_value(g, h, node, rules):
    """Value of least penalised loss within the bounds of a node; 0 where curvature vanishes."""
    h += rules.l2
    value = -shrink(g, rules.l1) / h if h > 0.0 else 0.0
    return min(max(value, node.lower), node.upper)


@kernel(inline=True)
def bounded_term(g, h, value, rules):
    """Twice the fall of the penalised second-order model at a leaf value."""
    return -2.0 * (g * value + rules.l1 * abs(value)) - (h + rules.l2) * value * value
