"""The trees of a fitted ensemble laid out for prediction: made at the first prediction, kept for the next."""

from collections.abc import Sequence

from panlearn.tree.prediction import PackedTrees, pack_trees
from panlearn.tree.tree_structure import Tree


class PackedCache:
    """Holds the layout of one list of trees; a prediction leaves the estimator's own attributes as they are."""

    def __init__(self) -> None:
        self.held: tuple[Sequence[Tree], PackedTrees] | None = None

    def of(self, trees: Sequence[Tree]) -> PackedTrees:
        """The layout of these trees, anew if they are not those of the last call."""
        held = self.held
        if held is None or len(held[0]) != len(trees) or any(a is not b for a, b in zip(trees, held[0])):
            held = self.held = (trees, pack_trees(trees))
        return held[1]
