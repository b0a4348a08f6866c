"""Forests and cells for the tests of recursive networks."""

from typing import Any

import numpy as np
import torch

from panlearn.nn import Forest

torch.set_num_threads(1)  # the products here are tiny
PARENTS = [-1, 0, 0, 2, 2, -1, -1, 6, 7, 8]  # a tree, a node, a chain
CHILDREN = [[k for k, up in enumerate(PARENTS) if up == v] for v in range(len(PARENTS))]
FOREST = Forest.of_parents(PARENTS)
GRAPH = Forest.of_edges([2, 2, 1, 3, 3], [0, 1, 0, 2, 1], 4)  # nodes 2 and 3 have two parents
GRAPH_CHILDREN = [[2, 1], [2, 3], [3], []]


def filled(cell, seed=0) -> Any:
    """Large weights in float64, so that gates are far from a half."""
    random = torch.Generator().manual_seed(seed)
    cell = cell.double()
    with torch.no_grad():
        for p in cell.parameters():
            p.copy_(torch.randn(p.shape, generator=random, dtype=torch.float64))
    return cell


def rows(n, width, seed=0, dtype=torch.float64):
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def arrays(cell):
    return {name: p.detach().numpy() for name, p in cell.named_parameters()}


def of_leaves(x, children):
    """Rows of all nodes, zeros at inner ones, from rows of the leaves."""
    full = np.zeros((len(children), x.shape[1]))
    full[[v for v, below in enumerate(children) if not below]] = x
    return full


def as_function(cell, forest):
    """The cell as a function of its input and parameters, for gradcheck."""
    names = [name for name, _ in cell.named_parameters()]
    return lambda x, *p: torch.func.functional_call(cell, dict(zip(names, p)), (x, forest))
