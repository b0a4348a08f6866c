"""C4.5 by the book [quinlan1993]: recursion over lists of rows, one row at a time, no tables.

A node is a dict: counts (by class), and, unless it is a leaf, feature, threshold (None for categories), children (by
code, or True/False for "<= threshold"), shares (of the children in the known weight).
"""

from itertools import pairwise
from math import log2
from typing import Any

import numpy as np

TABLE = (0.0, 0.001, 0.005, 0.01, 0.05, 0.10, 0.20, 0.40, 1.00), (4.0, 3.09, 2.58, 2.33, 1.65, 1.28, 0.84, 0.25, 0.00)


def info(counts):
    """Entropy in bits of weights."""
    total = sum(counts)
    return -sum(c / total * log2(c / total) for c in counts if c > 0) if total > 0 else 0.0


def class_counts(rows, y, K):
    """Weight by class of (row, weight) pairs."""
    counts = [0.0] * K
    for i, w in rows:
        counts[y[i]] += w
    return counts


def gain_and_split(parts, missing, y, K):
    """Gain and split information of a division of the rows into lists, and a list with unknown values."""
    weights = [sum(w for _, w in part) for part in parts]
    lost, known = sum(w for _, w in missing), sum(weights)
    whole = known + lost
    after = sum(w / known * info(class_counts(part, y, K)) for w, part in zip(weights, parts))
    before = info(class_counts([row for part in parts for row in part], y, K))
    return known / whole * (before - after), info([*weights, lost])


def best_threshold(X, y, rows, missing, j, K, rules):
    """(gain, split, low, high) of the best cut, None for none."""
    values = sorted({X[i, j] for i, _ in rows})
    known = sum(w for _, w in rows)
    fewest = max(rules["min_leaf"], min(25, 0.1 * known / K)) if rules["spread"] else rules["min_leaf"]
    found, tries = None, 0
    for low, high in pairwise(values):
        parts = [r for r in rows if X[r[0], j] <= low], [r for r in rows if X[r[0], j] > low]
        if min(sum(w for _, w in part) for part in parts) < fewest - 1e-6:
            continue
        tries += 1
        gain, split = gain_and_split(parts, missing, y, K)
        if found is None or gain > found[0] + 1e-10:
            found = gain, split, low, high
    if found is None or not rules["corrected"]:
        return found
    gain = found[0] - log2(tries) / (known + sum(w for _, w in missing))
    return (gain, *found[1:]) if gain > 0 else None


def choose(X, y, rows, categorical, levels, K, rules):
    """(feature, cut) with cut None for categories; None for none."""
    found: dict[int, Any] = {}
    for j in range(X.shape[1]):
        known, missing = [r for r in rows if X[r[0], j] == X[r[0], j]], [r for r in rows if X[r[0], j] != X[r[0], j]]
        if not categorical[j]:
            best = best_threshold(X, y, known, missing, j, K, rules)
            if best is not None:
                found[j] = best
            continue
        parts = [[r for r in known if X[r[0], j] == code] for code in sorted({X[i, j] for i, _ in known})]
        if sum(sum(w for _, w in part) >= rules["min_leaf"] - 1e-6 for part in parts) > 1:
            found[j] = (*gain_and_split(parts, missing, y, K), None, None)
    if not found:
        return None
    counted = [j for j in range(X.shape[1]) if not categorical[j] or levels[j] < 0.3 * rules["whole"]]
    fair = [found[j][0] for j in (counted or range(X.shape[1])) if j in found]
    mean, winner, best = (sum(fair) / len(fair) if fair else 0.0), None, -1.0
    for j, (gain, split, _, _) in found.items():
        if rules["ratio"] and (gain < mean - 1e-3 or split <= 0):
            continue
        worth = gain / split if rules["ratio"] else gain
        if winner is None or worth > best + 1e-10:
            winner, best = j, worth
    if winner is None or (rules["ratio"] and best <= 1e-6):
        return None
    return winner, found[winner][2:]


def grow(X, y, rows, categorical, levels, K, rules):
    """The tree of the (row, weight) pairs."""
    counts = class_counts(rows, y, K)
    node, whole = {"counts": np.array(counts)}, sum(counts)
    if whole < max(rules["min_split"], 2 * rules["min_leaf"]) - 1e-6 or whole - max(counts) < 1e-9:
        return node
    chosen = choose(X, y, rows, categorical, levels, K, rules)
    if chosen is None:
        return node
    j, (low, high) = chosen
    cut = None
    if low is not None:
        middle = (low + high) / 2
        cut = max(v for v in X[:, j] if v <= middle) if rules["from_data"] else middle
    parts = divided(X, rows, j, cut)
    known = sum(w for part in parts.values() for _, w in part)
    missing = [r for r in rows if X[r[0], j] != X[r[0], j]]
    shares = {key: sum(w for _, w in part) / known for key, part in parts.items()}
    full = {key: part + [(i, w * shares[key]) for i, w in missing] for key, part in parts.items()}
    children = {key: grow(X, y, part, categorical, levels, K, rules) for key, part in sorted(full.items())}
    return {**node, "feature": j, "threshold": cut, "children": children}


def divided(X, rows, j, cut):
    """The rows with known values by code, or by "<= cut"."""
    parts: dict[Any, list] = {}
    for i, w in rows:
        if X[i, j] == X[i, j]:
            parts.setdefault(int(X[i, j]) if cut is None else bool(X[i, j] <= cut), []).append((i, w))
    return parts


def probabilities(node, x):
    """Mean of the class shares of the leaves that a row reaches."""
    own = node["counts"] / node["counts"].sum()
    if "feature" not in node:
        return own
    value, children = x[node["feature"]], node["children"]
    if value != value:
        weights = {key: child["counts"].sum() for key, child in children.items()}
        return sum(weights[key] * probabilities(child, x) for key, child in children.items()) / sum(weights.values())
    child = children.get(int(value) if node["threshold"] is None else bool(value <= node["threshold"]))
    return own if child is None else probabilities(child, x)


def added_errors(n, e, confidence):
    """Quinlan's AddErrs."""
    if n <= 0:
        return 0.0
    if e < 1e-6:
        return n * (1 - confidence ** (1 / n))
    if e < 0.9999:
        none = n * (1 - confidence ** (1 / n))
        one = added_errors(n, 1.0, confidence) if n > 1 else n - 1  # a leaf of less than one row errs on no more
        return none + e * (one - none)
    if e + 0.5 >= n:
        return 0.67 * max(n - e, 0)
    z2 = np.interp(confidence, *TABLE) ** 2
    p = (e + 0.5 + z2 / 2 + np.sqrt(z2 * ((e + 0.5) * (1 - (e + 0.5) / n) + z2 / 4))) / (n + z2)
    return n * p - e


def predicted(counts, confidence):
    """Errors of a leaf, and those added."""
    total = float(sum(counts))
    errors = total - max(counts)
    return errors + added_errors(total, errors, confidence)


def sent(node, X, rows):
    """The rows of each child, and those whose category has no branch."""
    j = node["feature"]
    parts = divided(X, rows, j, node["threshold"])
    known = {key: sum(w for _, w in parts.get(key, [])) for key in node["children"]}
    if sum(known.values()) == 0:
        known = {key: float(child["counts"].sum()) for key, child in node["children"].items()}
    total, missing = sum(known.values()), [r for r in rows if X[r[0], j] != X[r[0], j]]
    out = {k: parts.get(k, []) + [(i, w * known[k] / total) for i, w in missing if known[k] > 0] for k in known}
    return out, [row for key, part in parts.items() if key not in known for row in part]


def stuck_errors(stuck, counts, y, confidence):
    """Predicted errors of rows that have no branch and get the majority's class."""
    total = sum(w for _, w in stuck)
    wrong = sum(w for i, w in stuck if y[i] != int(np.argmax(counts)))
    return wrong + added_errors(total, wrong, confidence) if total > 0 else 0.0


def estimate(node, X, y, rows, K, confidence):
    """Predicted errors if these rows went down the node."""
    counts = class_counts(rows, y, K)
    if "feature" not in node:
        return predicted(counts, confidence)
    parts, stuck = sent(node, X, rows)
    below = sum(estimate(child, X, y, parts[key], K, confidence) for key, child in node["children"].items())
    return below + stuck_errors(stuck, counts, y, confidence)


def prune(node, X, y, rows, K, confidence, raising=True):
    """The pruned node and its predicted errors."""
    counts = class_counts(rows, y, K)
    leaf = {"counts": np.array(counts)}
    if "feature" not in node:
        return leaf, predicted(counts, confidence)
    parts, stuck = sent(node, X, rows)
    below, children = stuck_errors(stuck, counts, y, confidence), {}
    for key, child in node["children"].items():
        children[key], errors = prune(child, X, y, parts[key], K, confidence, raising)
        below += errors
    as_leaf, as_branch, largest = predicted(counts, confidence), np.inf, None
    if raising:
        largest = max(children.values(), key=lambda child: child["counts"].sum())
        as_branch = estimate(largest, X, y, rows, K, confidence)
    if as_leaf <= below + 0.1 and as_leaf <= as_branch + 0.1:
        return leaf, as_leaf
    if largest is not None and as_branch <= below + 0.1:
        return prune(largest, X, y, rows, K, confidence, raising)
    return {**node, "counts": np.array(counts), "children": children}, below


def collapsed(node):
    """The node with useless subtrees made leaves, and its training errors."""
    own = float(node["counts"].sum() - node["counts"].max())
    if "feature" not in node:
        return node, own
    pairs = {key: collapsed(child) for key, child in node["children"].items()}
    below = sum(errors for _, errors in pairs.values())
    if own <= below + 1e-3:
        return {"counts": node["counts"]}, own
    return {**node, "children": {key: child for key, (child, _) in pairs.items()}}, below


def leaves(node):
    """Number of leaves."""
    return sum(leaves(child) for child in node["children"].values()) if "feature" in node else 1
