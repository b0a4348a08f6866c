"""All levels of a Tree-LSTM as one node of automatic differentiation.

On a CPU the node runs the kernels, keeps the gates, and finds the gradients of the weights by one product each over all
nodes; a graph level by level would add up as many products as there are levels. Other devices, other types, and second
derivatives take the torch operations of `panlearn.nn.tree_lstm_reference`.

Course note: 003 §2.2, §2.4.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function

from panlearn.core.gemm import routine, single_threaded_products
from panlearn.nn.forest import Forest
from panlearn.nn.tree_lstm_kernels import Memory, Plan, Weights, backward, forward
from panlearn.nn.tree_lstm_reference import levels


def scan(
    gates: Tensor, forget: Tensor, weight: Tensor, weight_forget: Tensor, forest: Forest, n_children: int
) -> tuple[Tensor, Tensor]:
    """States of all nodes in the order of work; arguments as of `tree_lstm_reference.levels`."""
    if gates.device.type == "cpu" and gates.dtype in (torch.float32, torch.float64):
        return _Scan.apply(gates, forget, weight, weight_forget, forest, n_children)  # type: ignore[return-value]
    return levels(gates, forget, weight, weight_forget, forest, n_children)


class _Scan(Function):
    """The kernels, with their way back."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> tuple[Tensor, Tensor]:
        gates, forget, weight, weight_forget, forest, n_children = inputs
        plan, weights = _plan(forest, n_children), _weights(weight, weight_forget)
        memory = _memory(gates, forget, weight.shape[1], plan, n_children)
        h = np.empty_like(memory.c)
        with single_threaded_products():
            forward(plan, weights, memory, h)
        ctx.save_for_backward(gates, forget, weight, weight_forget)
        ctx.plan, ctx.weights, ctx.memory, ctx.forest, ctx.n_children = plan, weights, memory, forest, n_children
        return torch.from_numpy(h), torch.from_numpy(memory.c)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        if torch.is_grad_enabled():  # second derivatives are to come
            inputs = [x if x.requires_grad else x.detach().requires_grad_() for x in ctx.saved_tensors]
            states = levels(*inputs, ctx.forest, ctx.n_children)  # type: ignore[arg-type]
            found = torch.autograd.grad(states, inputs, gradients, create_graph=True, materialize_grads=True)
            return *found, None, None
        plan, memory = ctx.plan, ctx.memory
        dh, dc = (np.array(g.numpy(), order="C") for g in gradients)  # copies: the kernel adds to them
        dgates, dforget = np.empty_like(memory.gates), np.zeros_like(memory.forget)
        room = max(np.diff(plan.starts).max(), np.diff(plan.edge_starts[plan.starts]).max())
        dbelow = np.empty((room, memory.below.shape[1]), dh.dtype)
        with single_threaded_products():
            backward(plan, ctx.weights, memory, dh, dc, dgates, dforget, dbelow)
        dgates, dforget = torch.from_numpy(dgates), torch.from_numpy(dforget)
        below, single = torch.from_numpy(memory.below), torch.from_numpy(memory.single)
        dweight = dgates[plan.starts[1] :].T @ below
        dweight_forget = dforget.view_as(below).T @ below if ctx.n_children else dforget.T @ single
        return dgates, dforget, dweight, dweight_forget, None, None


def _plan(forest: Forest, n_children: int) -> Plan:
    """The forest's arrays; a state's block and its gate's row where positions have some of their own."""
    starts, edge_starts, children = (t.numpy() for t in (forest.starts, forest.edge_starts, forest.children))
    if not n_children:
        return Plan(starts, edge_starts, children, np.zeros_like(children), np.arange(len(children)))
    positions = forest.positions.numpy()
    return Plan(starts, edge_starts, children, positions, (forest.parents.numpy() - starts[1]) * n_children + positions)


def _weights(weight: Tensor, weight_forget: Tensor) -> Weights:
    arrays = [np.ascontiguousarray(w.detach().numpy()) for w in (weight, weight_forget)]
    return Weights(arrays[0], arrays[1], routine(arrays[0].dtype))


def _memory(gates: Tensor, forget: Tensor, width: int, plan: Plan, n_children: int) -> Memory:
    """Room for a pass; the gates are copies, in which their functions are taken."""
    N, H = len(gates), gates.shape[1] // 3
    empty = lambda *shape: np.empty(shape, gates.detach().numpy().dtype)  # noqa: E731
    own = [np.array(t.detach().numpy(), order="C") for t in (gates, forget)]
    n_single = 0 if n_children else len(plan.children)
    return Memory(own[0], own[1], empty(N - plan.starts[1], width), empty(n_single, H), empty(N, H), empty(N, H))
