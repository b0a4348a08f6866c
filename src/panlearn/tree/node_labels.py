"""What a box of a drawn tree says, and its colour.

A class has a hue; the purer the node, the stronger the colour: the share of its class, less that of the second, between
white and the hue. A value between the least and the largest of a regression tree does the same with one hue.
"""

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import is_classifier

from panlearn.core.errors import DataError
from panlearn.tree.questions import branches, names_of

WHITE = 255
SATURATION, VALUE = 0.75, 0.9


class Label(NamedTuple):
    """What is shown."""

    words: str  # "all", "root" or "none": nodes that say what their numbers are
    impurity: bool
    node_ids: bool
    proportion: bool
    special_characters: bool
    precision: int


class NodeLabels:
    """Labels and colours of the nodes of one fitted tree."""

    def __init__(self, model: Any, label: Label, feature_names: Any = None, class_names: Any = None) -> None:
        self.tree, self.label = model.tree_, label
        # number sign, brackets, at most, new line, first and last character
        html = ("&#35;", "<SUB>", "</SUB>", "&le;", "<br/>", "<", ">")
        self.marks = html if label.special_characters else ("#", "[", "]", "<=", "\\n", '"', '"')
        self.names = names_of(model, feature_names, f"x{self.marks[1]}{{}}{self.marks[2]}")
        self.named = feature_names is not None or hasattr(model, "feature_names_in_")
        self.criterion = getattr(model, "criterion", "impurity")
        self.classifies = is_classifier(model)
        single = self.classifies and self.tree.n_outputs == 1
        self.classes = class_names if single and class_names is not False else None
        count = int(self.tree.n_classes[0])
        if self.classes is not None and self.classes is not True and len(self.classes) < count:
            raise DataError(f"class_names must contain {count} elements, got {len(self.classes)}")
        self.hues = hues(count)

    def escape(self, text: str) -> str:
        """Text between the marks of a label."""
        if self.label.special_characters:
            return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return text.replace('"', r"\"")

    def text(self, node: int) -> str:
        """The label with its marks."""
        tree, label = self.tree, self.label
        number, *_, line, first, last = self.marks
        words = label.words == "all" or (label.words == "root" and node == 0)
        parts = [("node " if words else "") + f"{number}{node}"] if label.node_ids else []
        parts += self._question(node)
        if label.impurity:
            parts.append((f"{self.criterion} = " if words else "") + str(round(tree.impurity[node], label.precision)))
        share = 100.0 * tree.n_node_samples[node] / tree.n_node_samples[0]
        rows = f"{round(share, 1)}%" if label.proportion else str(tree.n_node_samples[node])
        parts += [("samples = " if words else "") + rows, ("value = " if words else "") + self._value(node)]
        if self.classes is not None:
            best = int(tree.value[node, 0].argmax())
            name = f"y{self.marks[1]}{best}{self.marks[2]}" if self.classes is True else self.classes[best]
            parts.append(("class = " if words else "") + (name if self.classes is True else self.escape(str(name))))
        return first + line.join(parts) + last

    def _question(self, node: int) -> list[str]:
        found, tree = branches(self.tree, node), self.tree
        if not found:
            return []
        feature = int(tree.feature[node])
        name = self.escape(self.names.features[feature]) if self.named else self.names.features[feature]
        if found[0].relation == "=":
            return [name]
        if found[0].relation == "in":
            return [f"{name} in {self.escape(self.names.subset(feature, found[0].codes))}"]
        return [f"{name} {self.marks[3]} {round(tree.threshold[node], self.label.precision)}"]

    def _value(self, node: int) -> str:
        tree, label = self.tree, self.label
        value = tree.value[node][0] if tree.n_outputs == 1 else tree.value[node]
        regression = not self.classifies
        if not label.proportion and not regression:
            value = value * tree.weighted_n_node_samples[node]
        whole = not regression and not label.proportion and np.allclose(value, np.round(value), rtol=0, atol=1e-6)
        shown = np.round(value).astype(int) if whole else np.around(value, label.precision)
        if regression and tree.n_outputs == 1:
            return str(shown[0])
        rows = ["[" + ", ".join(map(str, row)) + "]" for row in np.atleast_2d(shown)]
        return rows[0] if tree.n_outputs == 1 else "[" + self.marks[4].join(rows) + "]"

    def colour(self, node: int) -> str:
        """Colour of the box as "#rrggbb"."""
        tree = self.tree
        if tree.n_outputs > 1:
            hue, alpha = self.hues[0], _position(-tree.impurity[node], -tree.impurity)
        elif not self.classifies:
            hue, alpha = self.hues[0], _position(tree.value[node, 0, 0], tree.value)
        else:
            shares = np.sort(tree.value[node, 0])[::-1]
            hue = self.hues[int(tree.value[node, 0].argmax())]
            alpha = 0.0 if len(shares) == 1 else (shares[0] - shares[1]) / (1.0 - shares[1])
        return "#" + "".join(f"{round(alpha * c + (1.0 - alpha) * WHITE):02x}" for c in hue)


def _position(value: float, values: np.ndarray) -> float:
    """Where a value lies between the least, 0, and the largest, 1."""
    low, high = values.min(), values.max()
    return float((value - low) / (high - low)) if high > low else 0.0


def hues(count: int) -> list[tuple[int, int, int]]:
    """Evenly spaced colours.

    Parameters
    ----------
    count : int
        How many.

    Returns
    -------
    list of tuple of int
        Red, green and blue, 0 to 255.
    """
    chroma = SATURATION * VALUE
    grey = VALUE - chroma
    colours = []
    for hue in np.arange(25, 385, 360.0 / count).astype(int):
        sixth = hue / 60.0
        second = chroma * (1 - abs((sixth % 2) - 1))
        c, x = int(255 * (chroma + grey)), int(255 * (second + grey))
        low = int(255 * grey)
        colours.append([(c, x, low), (x, c, low), (low, c, x), (low, x, c), (x, low, c), (c, low, x)][int(sixth) % 6])
    return colours
