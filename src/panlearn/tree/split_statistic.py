r"""What a statistic of a node can do: the interface between a criterion and the search for splits.

The rows of a node are moved one after the other from the right side to the left; the state of the left side is a tuple
whose first entry is its weight, kept in registers, and perhaps arrays of the statistic. A statistic is a NamedTuple of
arrays; for each of the functions below it registers its own body, so that a fit compiles the one it needs:

    load        read the rows of a node                     → weight, impurity, whether all targets agree
    empty       nothing is on the left                      → state
    move        add a row to the left, or take it away      → state
    score       larger is better, -inf if not allowed       → number
    gain        a score as decrease of weighted impurity    → number
    middle      values of both sides (monotone constraints) → left, right
    write       value of the node, clipped to the bounds
    accumulate  add a row's weight and targets to a category's sums
"""

from collections.abc import Callable
from typing import Any

from numba.extending import overload

from panlearn.tree.inner_kernel import OPTIONS


def load(stat, rows, start, m, work) -> Any:
    """Read rows[start : start + m]: fills the node's buffers, returns (weight, impurity, pure)."""


def empty(stat) -> Any:
    """State with nothing on the left."""


def move(stat, state, i, sign) -> Any:
    """State after row i of the node came to the left (sign 1) or left it (sign -1)."""


def score(stat, state) -> Any:
    """Quality of the state as a split; larger is better, -inf if one side has no value."""


def gain(stat, best) -> Any:
    """Decrease of weight times impurity that a score stands for."""


def middle(stat, state) -> Any:
    """Values of the left and the right side, for monotone constraints."""


def write(stat, value, lower, upper) -> Any:
    """Write the value of the loaded node to `value` (outputs * classes,), clipped to the bounds."""


def accumulate(stat, i, sums) -> Any:
    """Add row i's weight to sums[0] and its weighted targets to the rest."""


def method_of(kind: type, stub: Callable) -> Callable[[Callable], Callable]:
    """Register the decorated function as the body of `stub` for statistics of type `kind`."""
    options: Any = {**OPTIONS, "forceinline": True}

    def register(body: Callable) -> Callable:
        @overload(stub, jit_options=options, strict=False)
        def choose(stat: Any, *rest: Any) -> Callable | None:
            return body if getattr(stat, "instance_class", None) is kind else None

        return body

    return register
