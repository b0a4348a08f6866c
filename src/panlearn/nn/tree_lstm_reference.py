"""Tree-LSTM level by level in torch operations: on any device, of any type, differentiated as often as one likes.

The same equations as `panlearn.nn.tree_lstm_kernels`. Each level is a product for the gates, one for the forget gates,
and a sum over each node's children; the graph keeps what the way back needs. On a CPU the kernels are faster.

Course note: 003 §2.2, §2.4.
"""

import torch
from torch import Tensor

from panlearn.nn.forest import Forest


def levels(
    gates: Tensor, forget: Tensor, weight: Tensor, weight_forget: Tensor, forest: Forest, n_children: int
) -> tuple[Tensor, Tensor]:
    """States of all nodes in the order of work.

    Parameters
    ----------
    gates : Tensor of shape (N, 3 H)
        Input and bias in the gates i, g, o.
    forget : Tensor of shape (E, H), or (M n, H)
        The same in the forget gates: one an edge; or one a position of each node that has children.
    weight : Tensor of shape (3 H, H), or (3 H, n H)
        Recurrent weights of i, g, o.
    weight_forget : Tensor of shape (H, H), or (n H, n H)
        Recurrent weights of the forget gates.
    forest : Forest
        The nodes, on the device of the tensors.
    n_children : int
        Positions n; 0 where the states of children are summed.

    Returns
    -------
    h, c : Tensor of shape (N, H)
        Hidden and inner states.
    """
    H, n_leaves = gates.shape[1] // 3, forest.n_leaves
    h, c = gates.new_zeros(len(gates), H), gates.new_zeros(len(gates), H)
    bounds = forest.starts.tolist()
    edge_bounds = forest.edge_starts[forest.starts].tolist()
    for low, high, first, last in zip(bounds, bounds[1:], edge_bounds, edge_bounds[1:]):
        children, rows = forest.children[first:last], forest.parents[first:last] - low
        a = gates[low:high]
        states, inner = h[children], c[children]  # (e, H)
        if first == last:
            f = forget[:0]
        elif n_children:
            places = rows * n_children + forest.positions[first:last]
            side_by_side = gates.new_zeros((high - low) * n_children, H).index_copy(0, places, states)
            side_by_side = side_by_side.view(high - low, n_children * H)
            a = a + side_by_side @ weight.T
            own = forget[(low - n_leaves) * n_children : (high - n_leaves) * n_children]
            f = (own + (side_by_side @ weight_forget.T).view(-1, H))[places]
        else:
            a = a + gates.new_zeros(high - low, H).index_add(0, rows, states) @ weight.T
            f = forget[first:last] + states @ weight_forget.T
        i, g, o = a.chunk(3, 1)
        kept = gates.new_zeros(high - low, H).index_add(0, rows, torch.sigmoid(f) * inner)
        inside = torch.sigmoid(i) * torch.tanh(g) + kept  # [tai2015] eq. 7, 13
        c[low:high] = inside
        h[low:high] = torch.sigmoid(o) * torch.tanh(inside)
    return h, c
