"""A forest: trees, or acyclic graphs, whose nodes are worked on by height, all trees at once.

A tree is given by the parent of each node, -1 for the root; the children of a node stand in the order of their numbers:

    parents = [-1, 0, 0, 2, 2]          0 over 1 and 2,   2 over 3 and 4
    heights =  2  0  1  0  0            work: {1, 3, 4}, then {2}, then {0}

A node with several parents takes a list of edges instead. The order of work is found once, in O(N + E)
(`panlearn.nn.forest_schedule`), and serves every layer and every epoch that the forest is used in.

Course note: 003 §2.4.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from panlearn.nn.forest_schedule import schedule


class Forest(NamedTuple):
    """Nodes of some trees in the order of work; made by `of_parents` or `of_edges`.

    References
    ----------
    [tai2015], [goller1996]; note 003 §2.4

    Examples
    --------
    Two trees, a node over two leaves and a single node, are worked on in two steps.

    >>> from panlearn.nn import Forest
    >>> forest = Forest.of_parents([[-1, 0, 0], [-1]])
    >>> forest.leaves.tolist(), forest.roots.tolist(), forest.n_levels
    ([1, 2, 3], [0, 3], 2)
    """

    order: Tensor  # (N,) node at each place of the order of work: leaves first, each in the order of their numbers
    places: Tensor  # (N,) place of each node
    starts: Tensor  # (L + 1,) on the CPU: place at which each height begins; the last is N
    children: Tensor  # (E,) place of the child of each edge; edges by the place of the parent, then as they were given
    parents: Tensor  # (E,) place of the parent of each edge
    positions: Tensor  # (E,) which child of its parent it is: 0, 1, ...
    edge_starts: Tensor  # (N + 1,) on the CPU: first edge to the children of each place
    roots: Tensor  # (r,) nodes without parents, rising

    @classmethod
    def of_parents(cls, parents: Any) -> "Forest":
        """Make a forest of the parents of its nodes.

        Parameters
        ----------
        parents : array-like of int, or sequence of such
            Parent of each node, -1 for a root; one array with any number of roots, or one array a tree, which has one
            root and counts its nodes from 0. Nodes of several trees stand end to end.

        Returns
        -------
        Forest
            The order of work.

        Raises
        ------
        ValueError
            If a parent is no node, a tree has no root or several, or there is a cycle.
        """
        up = _trees(parents) if _is_nested(parents) else _whole("parents", parents)
        if not len(up):
            raise ValueError("parents is empty: a forest has at least one node.")
        odd = np.flatnonzero((up < -1) | (up >= len(up)))
        if len(odd):
            raise ValueError(
                f"parents[{odd[0]}] is {up[odd[0]]}; a parent must be a node from 0 to {len(up) - 1}, or -1 for a root."
            )
        lower = np.flatnonzero(up >= 0)
        return cls._of(lower, up[lower], len(up))

    @classmethod
    def of_edges(cls, children: Any, parents: Any, n_nodes: int) -> "Forest":
        """Make an acyclic graph, in which a node may have several parents.

        Parameters
        ----------
        children, parents : array-like of int, (E,)
            Lower and upper end of each edge. The children of a node keep the order of their edges.
        n_nodes : int
            Nodes, N.

        Returns
        -------
        Forest
            The order of work.

        Raises
        ------
        ValueError
            If an end is no node, or there is a cycle.
        """
        lower, upper = _whole("children", children), _whole("parents", parents)
        if len(lower) != len(upper):
            raise ValueError(f"children and parents must be as many, got {len(lower)} and {len(upper)}.")
        if n_nodes < 1:
            raise ValueError(f"n_nodes must be at least 1, got {n_nodes}.")
        for name, ends in (("children", lower), ("parents", upper)):
            odd = np.flatnonzero((ends < 0) | (ends >= n_nodes))
            if len(odd):
                raise ValueError(f"{name}[{odd[0]}] is {ends[odd[0]]}; a node is from 0 to {n_nodes - 1}.")
        return cls._of(lower, upper, int(n_nodes))

    @classmethod
    def _of(cls, lower: np.ndarray, upper: np.ndarray, n: int) -> "Forest":
        """Arrange checked edges."""
        has_parent = np.zeros(n, bool)
        has_parent[lower] = True
        plan = schedule(lower, upper, n)
        roots = torch.from_numpy(np.flatnonzero(~has_parent))
        return cls(**{name: torch.from_numpy(array) for name, array in plan._asdict().items()}, roots=roots)

    @property
    def n_nodes(self) -> int:
        """Nodes, N."""
        return len(self.order)

    @property
    def n_levels(self) -> int:
        """Different heights, L: 1 where all nodes are leaves."""
        return len(self.starts) - 1

    @property
    def n_leaves(self) -> int:
        """Nodes without children."""
        return int(self.starts[1])

    @property
    def leaves(self) -> Tensor:
        """Nodes without children, rising."""
        return self.order[: self.n_leaves]

    @property
    def max_children(self) -> int:
        """Most children of a node."""
        return int(self.positions.max()) + 1 if len(self.positions) else 0

    def to(self, device: Any) -> "Forest":
        """Put the tensors of nodes and edges on a device; the bounds of levels stay on the CPU, where the loop runs.

        Parameters
        ----------
        device : torch.device or str
            Where to.

        Returns
        -------
        Forest
            This one, if it is there.
        """
        if self.order.device == torch.device(device):
            return self
        on_cpu = ("starts", "edge_starts")
        return Forest(**{k: t if k in on_cpu else t.to(device) for k, t in self._asdict().items()})


def check_input(input: Tensor, forest: Any, width: int, n_children: int) -> None:
    """Refuse what a module over a forest cannot take.

    Parameters
    ----------
    input : Tensor
        Rows of all nodes, or of the leaves.
    forest : Forest
        The nodes.
    width : int
        Of a row.
    n_children : int
        Positions of children; 0 for any number.

    Raises
    ------
    ValueError
        If a shape does not fit, or a node has more children than there are positions.
    """
    if not hasattr(forest, "edge_starts"):
        raise ValueError(f"forest must be a Forest, got {type(forest).__name__}: see Forest.of_parents.")
    sizes = (forest.n_nodes, forest.n_leaves)
    if input.ndim != 2 or input.shape[1] != width or len(input) not in sizes:
        raise ValueError(
            f"input must have shape ({sizes[0]}, {width}), a row for each node, or ({sizes[1]}, {width}), one for each "
            f"leaf; got {tuple(input.shape)}."
        )
    if n_children and forest.max_children > n_children:
        raise ValueError(
            f"a node has {forest.max_children} children, and there are {n_children} positions: raise n_children, or "
            "take ChildSumTreeLSTM, which has any number."
        )


def _is_nested(parents: Any) -> bool:
    """Whether there is one array a tree."""
    return isinstance(parents, Sequence) and len(parents) > 0 and np.ndim(parents[0]) == 1


def _whole(name: str, values: Any) -> np.ndarray:
    """Whole numbers, (n,) int64."""
    found = np.asarray(values.cpu() if isinstance(values, Tensor) else values)
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        raise ValueError(f"{name} must be one row of whole numbers, got shape {found.shape} of {found.dtype}.")
    return found.astype(np.int64)


def _trees(trees: Sequence[Any]) -> np.ndarray:
    """Parents of all trees, end to end."""
    arrays = [_whole(f"parents[{i}]", tree) for i, tree in enumerate(trees)]
    for i, tree in enumerate(arrays):
        n_roots = int((tree == -1).sum())
        if n_roots != 1:
            raise ValueError(f"tree {i} has {n_roots} roots (parents of -1); a tree has one.")
        odd = np.flatnonzero(tree >= len(tree))
        if len(odd):
            raise ValueError(f"tree {i}: the parent of node {odd[0]} is {tree[odd[0]]}, and it has {len(tree)} nodes.")
    starts = np.cumsum([0, *(len(tree) for tree in arrays[:-1])])
    return np.concatenate([np.where(tree >= 0, tree + start, tree) for tree, start in zip(arrays, starts)])
