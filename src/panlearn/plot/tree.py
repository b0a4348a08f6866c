"""A fitted tree as boxes and arrows: what each node asks, and which rows it holds."""

import itertools
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from sklearn.utils.validation import check_is_fitted

from panlearn.plot.style import INK, QUIET, SURFACE
from panlearn.tree.node_labels import Label, NodeLabels
from panlearn.tree.questions import Branch, branches

DARK, LIGHT = "#1a1a1a", "#ffffff"  # text on a filled box, whatever the page behind it
BESIDE = 1000  # z-order of the words beside arrows
LARGEST = 10.0  # points of the font in a small tree


def plot_tree(
    decision_tree: Any,
    *,
    max_depth: int | None = None,
    feature_names: Any = None,
    class_names: Any = None,
    label: str = "all",
    filled: bool = False,
    impurity: bool = True,
    node_ids: bool = False,
    proportion: bool = False,
    rounded: bool = False,
    precision: int = 3,
    ax: Axes | None = None,
    fontsize: float | None = None,
) -> list[Annotation]:
    r"""Draw a decision tree.

    How to read it: a box is a node, its first line the question; rows for which it holds go left, the others right. A
    node with a branch for each category has the categories beside its arrows. Then the impurity, the number of rows,
    and how they are divided among the classes, or their mean.

    Parameters
    ----------
    decision_tree : estimator
        A fitted tree of `panlearn.tree`.
    max_depth : int, optional
        Deepest questions to draw; all by default.
    feature_names : array-like of shape (p,), optional
        Names of the features; those of the frame that `fit` got, or x[0], x[1], … by default.
    class_names : array-like of shape (K,) or True, optional
        Names of the classes in the order of `classes_`; True for y[0], y[1], …
    label : {"all", "root", "none"}, default="all"
        Nodes that say what their numbers are.
    filled : bool, default=False
        Colour the boxes by majority class, or by value.
    impurity, node_ids : bool, default=True, False
        Show the impurity, and the number of the node.
    proportion : bool, default=False
        Show shares instead of counts.
    rounded : bool, default=False
        Round the corners.
    precision : int, default=3
        Digits after the point.
    ax : matplotlib.axes.Axes, optional
        Where to draw; the current axes by default.
    fontsize : float, optional
        Points; by default as large as fits.

    Returns
    -------
    list of matplotlib.text.Annotation
        The boxes and the words beside arrows.

    Raises
    ------
    ValueError
        If there are fewer names than features or classes.

    References
    ----------
    [breiman1984], note 000 §4.2

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from panlearn.tree import DecisionTreeClassifier, plot_tree
    >>> model = DecisionTreeClassifier().fit([[0.0], [1.0]], [0, 1])
    >>> [box.get_text() for box in plot_tree(model, impurity=False, ax=Figure().subplots())][:2]
    ['x[0] <= 0.5\nsamples = 2\nvalue = [1, 1]', 'samples = 1\nvalue = [1, 0]']
    """
    check_is_fitted(decision_tree)
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.gca()
    ax.clear()
    ax.set_axis_off()
    words = Label(label, impurity, node_ids, proportion, False, precision)
    drawing = _Drawing(_Labels(decision_tree, words, feature_names, class_names), max_depth, ax)
    drawing.filled, drawing.rounded = filled, rounded
    drawing.place(0, 0)
    found = drawing.draw()
    if fontsize is None:
        _fit_font(ax, found, drawing)
    else:
        for text in found:
            text.set_fontsize(fontsize)
    return found


class _Labels(NodeLabels):
    """Labels with plain marks and new lines."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.marks = ("#", "[", "]", "<=", "\n", "", "")
        self.tree = self.tree._replace(impurity=self.tree.impurity + 0.0)  # an entropy of -0 reads as 0

    def escape(self, text: str) -> str:
        return text


class _Drawing:
    """Where the boxes go: leaves side by side, a parent over the middle of its children."""

    filled = rounded = False

    def __init__(self, labels: _Labels, max_depth: int | None, ax: Axes) -> None:
        self.labels, self.max_depth, self.ax = labels, max_depth, ax
        self.leaves, self.deepest = 0, 0
        self.nodes: list[
            tuple[int, float, int, int | None, Branch | None]
        ] = []  # node, x, depth, parent's place, answer

    def place(self, node: int, depth: int, parent: int | None = None, answer: Branch | None = None) -> float:
        """Place a node and all below it, in the order in which they are drawn; its x."""
        here, self.deepest = len(self.nodes), max(self.deepest, depth)
        self.nodes.append((node, 0.0, depth, parent, answer))
        below = branches(self.labels.tree, node) if self.max_depth is None or depth <= self.max_depth else []
        if below:
            x = float(np.mean([self.place(b.child, depth + 1, here, b) for b in below]))
        else:
            x, self.leaves = float(self.leaves), self.leaves + 1
        self.nodes[here] = (node, x, depth, parent, answer)
        return x

    def spot(self, here: int) -> tuple[float, float]:
        """Place in the axes, from 0 to 1."""
        _, x, depth, *_ = self.nodes[here]
        return (x + 0.5) / self.leaves, 1 - (depth + 0.5) / (self.deepest + 1)

    def draw(self) -> list[Annotation]:
        found = []
        edge = matplotlib.rcParams["text.color"]
        for here, (node, _, depth, parent, answer) in enumerate(self.nodes):
            cropped = self.max_depth is not None and depth > self.max_depth
            fill = self.labels.colour(node) if self.filled and not cropped else self._page()
            look: dict[str, Any] = {
                "xycoords": "axes fraction",
                "ha": "center",
                "va": "center",
                "color": _readable(fill) if self.filled and not cropped else INK,
                "zorder": 100 - 10 * depth,
                "bbox": {"fc": fill, "ec": edge, "boxstyle": "round" if self.rounded else "square", "lw": 0.8},
            }
            text = "\n  (...)  \n" if cropped else self.labels.text(node)
            if parent is None or answer is None:
                found.append(self.ax.annotate(text, self.spot(here), **look))
                continue
            arrow = {"arrowstyle": "<-", "edgecolor": QUIET, "lw": 1.0}
            found.append(self.ax.annotate(text, self.spot(parent), self.spot(here), arrowprops=arrow, **look))
            found += self._beside_arrow(here, parent, answer)
        return found

    def _beside_arrow(self, here: int, parent: int, answer: Branch) -> list[Annotation]:
        """The answer that leads here: a category, or at the root true and false."""
        middle = np.mean([self.spot(here), self.spot(parent)], axis=0)
        look: dict[str, Any] = {"xycoords": "axes fraction", "va": "center", "color": INK, "zorder": BESIDE}
        if answer.relation == "=":
            feature = int(self.labels.tree.feature[self.nodes[parent][0]])
            page = {"fc": self._page(), "ec": "none", "boxstyle": "square,pad=0.1"}
            name = self.labels.names.level(feature, int(answer.codes[0]))
            return [self.ax.annotate(name, tuple(middle), ha="center", bbox=page, **look)]
        if parent:
            return []
        left = answer.relation in ("<=", "in")
        side = {"ha": "right" if left else "left"}
        return [self.ax.annotate("True  " if left else "  False", tuple(middle), **side, **look)]

    def _page(self) -> Any:
        """Colour behind the picture: boxes hide the arrows that end in them."""
        colour: Any = self.ax.get_facecolor()
        return SURFACE if colour[3] == 0 else colour


def _readable(fill: str) -> str:
    """Dark or light, whichever stands out from a colour "#rrggbb"."""
    red, green, blue = (int(fill[i : i + 2], 16) for i in (1, 3, 5))
    return DARK if 0.3 * red + 0.59 * green + 0.11 * blue > 115 else LIGHT


def _fit_font(ax: Axes, found: list[Annotation], drawing: _Drawing) -> None:
    """Largest font, up to LARGEST, with which no two boxes touch."""
    figure = ax.get_figure(root=True)
    if figure is None:
        return
    renderer: Any = figure._get_renderer()  # type: ignore[attr-defined]
    boxes = []
    for text in found:
        text.set_fontsize(LARGEST)
        text.update_bbox_position_size(renderer)
        patch = text.get_bbox_patch()
        if patch is not None and text.get_zorder() < BESIDE:
            boxes.append(patch.get_window_extent(renderer))
    page = ax.get_window_extent(renderer)
    size = min(1.0, 0.72 * page.height / (drawing.deepest + 1) / max(box.height for box in boxes))
    rows: dict[int, list[tuple[float, float]]] = {}  # middle and width of the boxes side by side
    for (_, x, depth, *_), box in zip(drawing.nodes, boxes, strict=True):
        rows.setdefault(depth, [(0.0, 0.0)]).append(((x + 0.5) * page.width / drawing.leaves, box.width))
    for row in rows.values():
        for (x, width), (beside, other) in itertools.pairwise([*row, (page.width, 0.0)]):
            size = min(size, 0.95 * (beside - x) / max(1e-9, (width + other) / 2))
    for text in found:
        text.set_fontsize(LARGEST * size)
