"""The tournament finds the weakest link that looking at all nodes finds."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.tree.weakest_links import subtree_risks, weakest_links


def random_tree(rng, n):
    """Parents of nodes of which inner ones have two or three children, and risks that fall downwards."""
    parent, open_nodes = [-1], [0]
    while len(parent) < n:
        t = open_nodes.pop(int(rng.integers(len(open_nodes))))
        for _ in range(int(rng.integers(2, 4))):
            open_nodes.append(len(parent))
            parent.append(t)
    risk = np.ones(len(parent))
    for t in range(1, len(parent)):
        risk[t] = risk[parent[t]] * rng.choice([0.1, 0.25, 0.4])
    return np.array(parent), risk


def by_looking_at_all(parent, risk):
    """Collapse the inner node of least alpha until only the root is left."""
    n, alive, path = len(parent), set(range(len(parent))), []

    def leaves(t):
        below = [c for c in range(n) if parent[c] == t and c in alive]
        return [leaf for c in below for leaf in leaves(c)] if below else [t]

    while len(leaves(0)) > 1:
        alphas = {}
        for t in sorted(alive):
            below = leaves(t)
            if below != [t]:
                alphas[t] = (risk[t] - risk[below].sum()) / (len(below) - 1)
        t = min(alphas, key=lambda t: alphas[t])
        path.append((alphas[t], t))
        stack = [c for c in alive if parent[c] == t]
        while stack:
            c = stack.pop()
            alive.discard(c)
            stack += [d for d in alive if parent[d] == c]
    return path


@settings(max_examples=30)
@given(st.integers(0, 1000), st.integers(3, 25))
def test_matches_oracle(seed, n):
    parent, risk = random_tree(np.random.default_rng(seed), n)
    risk += np.arange(len(risk)) * 1e-7  # no ties
    children = np.argsort(parent, kind="stable")[1:]
    start = np.searchsorted(parent[children], np.arange(len(parent) + 1))
    path, nodes = weakest_links(risk, parent, start, children)
    expected = by_looking_at_all(parent, risk)
    np.testing.assert_allclose(path[1:, 0], [alpha for alpha, _ in expected], atol=1e-12)
    assert nodes[1:].tolist() == [t for _, t in expected]
    assert (path[0, 0], nodes[0]) == (0, -1)
    below, leaves = subtree_risks(risk, parent, start)
    assert leaves[0] == (np.diff(start) == 0).sum() == path[0, 2]
    np.testing.assert_allclose(below[0], path[0, 1])
