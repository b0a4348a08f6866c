"""A tree as a drawing in Graphviz's language DOT: `dot -Tsvg tree.dot -o tree.svg` makes the picture.

Cost: one line a node, one a branch. Course note 000 §4.2.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from panlearn.core.errors import DataError
from panlearn.tree.node_labels import Label, NodeLabels
from panlearn.tree.questions import branches
from panlearn.tree.tree_structure import LEAF

GREY = "#C0C0C0"  # a node whose branches are not drawn


class Style(NamedTuple):
    """How the drawing looks."""

    max_depth: float
    filled: bool
    leaves_parallel: bool
    rotate: bool
    rounded: bool
    fontname: str


def export_graphviz(
    decision_tree: Any,
    out_file: Any = None,
    *,
    max_depth: int | None = None,
    feature_names: Any = None,
    class_names: Any = None,
    label: str = "all",
    filled: bool = False,
    leaves_parallel: bool = False,
    impurity: bool = True,
    node_ids: bool = False,
    proportion: bool = False,
    rotate: bool = False,
    rounded: bool = False,
    special_characters: bool = False,
    precision: int = 3,
    fontname: str = "helvetica",
) -> str | None:
    r"""Drawing of a tree, of any kind, in DOT.

    Parameters
    ----------
    decision_tree : estimator
        A fitted tree.
    out_file : path or file, optional
        Where to write; by default the text is returned.
    max_depth : int, optional
        Levels that are drawn.
    feature_names : array-like of shape (p,), optional
        Names of the features; those of the frame that `fit` got, or "x[0]", "x[1]", …, by default.
    class_names : array-like of shape (K,) or bool, optional
        Names of the classes, to show the most frequent one of each node; True for "y[0]", "y[1]", ….
    label : {"all", "root", "none"}, default="all"
        Nodes that say what their numbers are.
    filled : bool, default=False
        Colour the nodes by class, value or, for several outputs, impurity.
    leaves_parallel : bool, default=False
        Draw all leaves at the bottom.
    impurity : bool, default=True
        Show the impurity.
    node_ids : bool, default=False
        Show the number of each node.
    proportion : bool, default=False
        Show shares rather than weights.
    rotate : bool, default=False
        Draw from left to right.
    rounded : bool, default=False
        Round the corners.
    special_characters : bool, default=False
        Use characters that PostScript does not have.
    precision : int, default=3
        Digits of numbers.
    fontname : str, default="helvetica"
        Font.

    Returns
    -------
    str or None
        The text, if `out_file` is None.

    Raises
    ------
    ValueError
        If a number of names is wrong, or an option is not one of those named.

    Examples
    --------
    >>> from panlearn.tree import DecisionTreeClassifier, export_graphviz
    >>> model = DecisionTreeClassifier().fit([[0.0], [1.0]], [0, 1])
    >>> print(export_graphviz(model).splitlines()[3])
    0 [label="x[0] <= 0.5\ngini = 0.5\nsamples = 2\nvalue = [1, 1]"] ;
    """
    check_is_fitted(decision_tree)
    if label not in ("all", "root", "none"):
        raise DataError(f"The 'label' parameter of export_graphviz must be 'all', 'root' or 'none'. Got {label!r}.")
    if precision < 0:
        raise DataError(f"The 'precision' parameter of export_graphviz must be in the range [0, inf). Got {precision}.")
    what = Label(label, impurity, node_ids, proportion, special_characters, precision)
    labels = NodeLabels(decision_tree, what, feature_names, class_names)
    depth = np.inf if max_depth is None else max_depth
    style = Style(depth, filled, leaves_parallel, rotate, rounded, fontname)
    text = "\n".join([*_head(style), *_body(labels, style), "}"])
    if out_file is None:
        return text
    if hasattr(out_file, "write"):
        out_file.write(text)
    else:
        Path(out_file).write_text(text, encoding="utf-8")
    return None


def _head(style: Style) -> list[str]:
    looks = [name for name, on in (("filled", style.filled), ("rounded", style.rounded)) if on]
    box = f', style="{", ".join(looks)}", color="black"' if looks else ""
    lines = ["digraph Tree {", f'node [shape=box{box}, fontname="{style.fontname}"] ;']
    if style.leaves_parallel:
        lines.append("graph [ranksep=equally, splines=polyline] ;")
    lines.append(f'edge [fontname="{style.fontname}"] ;')
    return [*lines, "rankdir=LR ;"] if style.rotate else lines


def _body(labels: NodeLabels, style: Style) -> list[str]:
    tree, lines = labels.tree, []
    ranks: dict[str, list[str]] = {"leaves": []}
    stack: list[tuple[int, int, str]] = [(0, 0, "")]  # node, depth, its edge
    while stack:
        node, depth, edge = stack.pop()
        shown = depth <= style.max_depth
        colour = f', fillcolor="{labels.colour(node) if shown else GREY}"' if style.filled else ""
        text = labels.text(node) if shown else '"(...)"'
        lines.append(f"{node} [label={text}{colour}] ;")
        if edge:
            lines.append(edge)
        is_leaf = tree.children_left[node] == LEAF or not shown
        ranks.setdefault("leaves" if is_leaf else str(depth), []).append(str(node))
        if shown:
            found = [(b.child, depth + 1, _edge(labels, node, k, style)) for k, b in enumerate(branches(tree, node))]
            stack.extend(reversed(found))
    if style.leaves_parallel:
        lines += ["{rank=same ; " + "; ".join(ranks[rank]) + "} ;" for rank in sorted(ranks)]
    return lines


def _edge(labels: NodeLabels, node: int, k: int, style: Style) -> str:
    """The line to the k-th child; categories name their branch, the root its two sides."""
    branch = branches(labels.tree, node)[k]
    arrow = f"{node} -> {branch.child}"
    if branch.relation == "=":
        name = labels.escape(labels.names.level(int(labels.tree.feature[node]), int(branch.codes[0])))
        return f'{arrow} [label="{name}"] ;'
    if node > 0 or style.max_depth < 1:
        return f"{arrow} ;"
    angle = (45 if k == 0 else -45) * (-1 if style.rotate else 1)
    return f'{arrow} [labeldistance=2.5, labelangle={angle}, headlabel="{k == 0}"] ;'
