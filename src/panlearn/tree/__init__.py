"""Decision trees: CART, ID3 and C4.5, and how they are pruned."""

from panlearn.tree.c45_classifier import C45Classifier
from panlearn.tree.cost_complexity_pruning import cost_complexity_path, cost_complexity_prune, cross_validated_alpha
from panlearn.tree.decision_tree_classifier import DecisionTreeClassifier
from panlearn.tree.decision_tree_regressor import DecisionTreeRegressor
from panlearn.tree.error_based_pruning import error_based_prune
from panlearn.tree.export_graphviz import export_graphviz
from panlearn.tree.export_text import export_text
from panlearn.tree.extra_tree_classifier import ExtraTreeClassifier
from panlearn.tree.extra_tree_regressor import ExtraTreeRegressor
from panlearn.tree.id3_classifier import ID3Classifier
from panlearn.tree.pessimistic_pruning import pessimistic_prune
from panlearn.tree.reduced_error_pruning import reduced_error_prune
from panlearn.tree.rules import extract_rules
from panlearn.tree.tree_shap import shap_values

__all__ = [
    "C45Classifier",
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "ExtraTreeClassifier",
    "ExtraTreeRegressor",
    "ID3Classifier",
    "cost_complexity_path",
    "cost_complexity_prune",
    "cross_validated_alpha",
    "error_based_prune",
    "export_graphviz",
    "export_text",
    "extract_rules",
    "pessimistic_prune",
    "reduced_error_prune",
    "shap_values",
]


def __getattr__(name: str) -> object:
    """`plot_tree` keeps its customary address; matplotlib is loaded when it is asked for."""
    if name == "plot_tree":
        from panlearn.plot.tree import plot_tree

        return plot_tree
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
