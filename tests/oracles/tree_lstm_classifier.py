"""A trained classifier's probabilities at a root, node by node."""

import numpy as np

from tests.oracles.tree_lstm import recursive_network, tree_lstm


def probabilities(parameters, cell, parents, words):
    """Softmax of the outputs at node 0; `words` are rows of the table, -1 where there is none."""
    children = [[k for k, up in enumerate(parents) if up == v] for v in range(len(parents))]
    own = {name.removeprefix("cell."): p for name, p in parameters.items() if name.startswith("cell.")}
    x = np.array([parameters["table"][w] if w >= 0 else 0 * parameters["table"][0] for w in words])
    if cell in ("nary", "child_sum"):
        n = 2 if cell == "nary" else 0
        h, _ = tree_lstm(own, x, children, n)
    else:
        h = recursive_network(own["weight"], own["bias"], own.get("tensor"), x, children)
    z = parameters["head.weight"] @ h[0] + parameters["head.bias"]
    e = np.exp(z - z.max())
    return e / e.sum()
