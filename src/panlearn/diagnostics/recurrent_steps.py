"""Every recurrent layer of a network, one step at a time, so that its states can be seen on their way.

The layers of `panlearn.nn` and of torch run all steps inside one node of the graph, and the gradient of what they
return is only what later layers send back: what flows back through time stays inside. Two sequences of one step, the
state of the first handed to the second, are the same as one sequence of two steps,

    (h_t, c_t) = scan(x_t, h_{t-1}, c_{t-1})

so a layer of `panlearn.nn` is given one step at a time, with the kernels it always has, whatever its variant; a module
of torch is run by `panlearn.diagnostics.unrolled_recurrence`. Each h_t is then a tensor of its own, and dL/dh_t the sum
over both ways out of it: up to the next layer, and on to h_{t+1}. A cell is seen as it enters a step, c_{t-1}, and what
leaves it by way of h_{t-1} is counted there; that of a module of torch with all that leaves it, c_t. Masks of recurrent
dropout are drawn anew for each step. Course notes: 002, 003 §2.1.3.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from panlearn.diagnostics.unrolled_recurrence import Watch, unrolled
from panlearn.nn.recurrent import Recurrent, State
from panlearn.nn.steps import Steps

Watcher = Callable[[str, str], Watch]  # name of a module, of its layer ("layer 0", "layer 0 reversed")


@contextmanager
def step_by_step(module: nn.Module, watcher: Watcher) -> Iterator[None]:
    """Run the recurrent layers of a module step by step inside a `with` block.

    Parameters
    ----------
    module : Module
        A recurrent layer, or a network that holds some; it computes what it always does.
    watcher : callable
        Maps the name of a module and of its layer to a function that sees each state.

    Examples
    --------
    >>> layer = nn.LSTM(2, 3)
    >>> seen = []
    >>> with step_by_step(layer, lambda *name: lambda state, step, value: seen.append((*name, state, step))):
    ...     output, _ = layer(torch.ones(2, 1, 2))
    >>> seen
    [('', 'layer 0', 'h', 0), ('', 'layer 0', 'c', 0), ('', 'layer 0', 'h', 1), ('', 'layer 0', 'c', 1)]
    """
    with ExitStack() as stack:
        for name, part in module.named_modules():
            watch = partial(watcher, name)
            if isinstance(part, nn.RNNBase):
                changes: dict[str, Any] = {"forward": partial(_unrolled, part, watch)}
            elif isinstance(part, Recurrent):  # a layer that hands whole stacks to torch is asked for its steps
                changes = {"_layers": partial(Recurrent._layers, part), "_scan": partial(_stepped, part._scan, watch)}
            else:
                continue
            for method, changed in changes.items():
                part.__dict__[method] = changed
                stack.callback(part.__dict__.pop, method)
        yield


def _unrolled(module: nn.RNNBase, watch: Callable[[str], Watch], inputs: Any, state: Any = None) -> tuple[Any, Any]:
    return unrolled(module, inputs, state, watch)


def _stepped(
    scan: Callable[..., Any],
    watch: Callable[[str], Watch],
    rows: Tensor,
    steps: Steps,
    layer: int,
    reverse: bool,
    state: State,
) -> tuple[Tensor, State]:
    """Go through the rows of one layer and direction, a scan for each step."""
    see = watch(f"layer {layer}" + (" reversed" if reverse else ""))
    T = len(steps.sizes)
    outputs: list[Tensor] = [rows.new_empty(0)] * T
    for t in reversed(range(T)) if reverse else range(T):
        n, start = int(steps.sizes[t]), int(steps.starts[t])
        one = Steps(torch.tensor([n]), torch.tensor([0, n]), None, True)
        before = tuple(kind[:n] for kind in state)
        if len(before) == 2:
            before = (before[0], _entering(before[1]))
            see("c", t, before[1])
        _, after = scan(rows[start : start + n], one, layer, reverse, before)
        see("h", t, after[0])
        outputs[t] = after[0]
        state = tuple(torch.cat([new, old[n:]]) if n < len(old) else new for new, old in zip(after, state))
    return torch.cat(outputs), state


def _entering(c: Tensor) -> Tensor:
    """A cell as it is handed on: a place of its own in the graph, apart from the way by h."""
    return c.view_as(c) if c.requires_grad else c.detach().requires_grad_()
