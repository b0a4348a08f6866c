"""Tree-LSTMs and recursive networks node by node, by recursion and loops over numbers."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def children_of(parents):
    return [[k for k, up in enumerate(parents) if up == v] for v in range(len(parents))]


def tree_lstm(parameters, x, children, n=0):
    """States h and c of all nodes; n positions, or 0 for the sum; `children` of each node, of a graph as well."""
    W, U, b = parameters["weight_ih"], parameters["weight_hh"], parameters["bias_ih"]
    d = parameters["bias_hh"]
    H = len(W) // 4
    blocks = max(n, 1)
    h, c = {}, {}

    def block(a, k):
        return a[k * H : (k + 1) * H]

    def visit(v):
        if v in h:
            return
        for k in children[v]:
            visit(k)
        said = np.zeros(blocks * H)
        for k, child in enumerate(children[v]):
            begin = k * H if n else 0
            said[begin : begin + H] += h[child]
        own = W @ x[v] + b
        places = {"i": 0, "g": 1 + blocks, "o": 2 + blocks}  # blocks of U
        i, g, o = (
            block(own, at) + block(U, places[name]) @ said + block(d, places[name])
            for name, at in zip("igo", (0, 2, 3))
        )
        inside = sigmoid(i) * np.tanh(g)
        for k, child in enumerate(children[v]):
            at = 1 + k if n else 1
            f = block(own, 1) + block(d, at) + block(U, at) @ (said if n else h[child])
            inside = inside + sigmoid(f) * c[child]
        c[v], h[v] = inside, sigmoid(o) * np.tanh(inside)

    for v in range(len(children)):
        visit(v)
    return np.array([h[v] for v in range(len(h))]), np.array([c[v] for v in range(len(c))])


def recursive_network(weight, bias, tensor, x, children, function=np.tanh):
    """States of all nodes; x are those of leaves, and what inner nodes add."""
    H, width = weight.shape
    h = {}

    def visit(v):
        if not children[v]:
            h[v] = x[v]
            return
        a = np.zeros(width)
        for k, child in enumerate(children[v]):
            if child not in h:
                visit(child)
            a[k * H : (k + 1) * H] = h[child]
        z = x[v] + weight @ a + bias
        if tensor is not None:
            z = z + np.array([a @ V @ a for V in tensor])
        h[v] = function(z)

    for v in range(len(children)):
        if v not in h:
            visit(v)
    return np.array([h[v] for v in range(len(h))])


def heights(children):
    """Height of each node."""

    def height(v):
        return 1 + max(map(height, children[v])) if children[v] else 0

    return [height(v) for v in range(len(children))]
