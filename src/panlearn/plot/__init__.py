"""Pictures of a model's quality; each takes arrays and returns a `matplotlib.figure.Figure`.

The figures carry no pyplot state: nothing pops up, nothing has to be closed. Save one with `figure.savefig(path)` or
put it into a page with `figure_svg(figure)`.
"""

from panlearn.plot.activations import plot_activations
from panlearn.plot.bias_variance import plot_bias_variance
from panlearn.plot.biplot import plot_biplot
from panlearn.plot.calibration import plot_calibration
from panlearn.plot.clusters import plot_clusters
from panlearn.plot.coefficient_path import plot_coefficient_path
from panlearn.plot.confusion import plot_confusion_matrix
from panlearn.plot.crf_features import plot_crf_features
from panlearn.plot.critical_point import plot_critical_point
from panlearn.plot.decision_regions import plot_decision_regions
from panlearn.plot.dendrogram import plot_dendrogram
from panlearn.plot.feature_maps import plot_feature_maps
from panlearn.plot.filters import plot_filters
from panlearn.plot.generative_boundaries import plot_generative_boundaries
from panlearn.plot.gradient_flow import plot_gradient_flow
from panlearn.plot.gradient_through_time import plot_gradient_through_time
from panlearn.plot.hessian_spectrum import plot_hessian_spectrum
from panlearn.plot.importances import plot_importances
from panlearn.plot.impurity_curves import plot_impurity_curves
from panlearn.plot.kernel_comparison import plot_kernel_comparison
from panlearn.plot.learning import plot_learning_curve, plot_validation_curve
from panlearn.plot.learning_rate_finder import plot_learning_rate_finder
from panlearn.plot.loss_landscape import plot_loss_landscape
from panlearn.plot.memory_curves import plot_memory_curves
from panlearn.plot.mixture_ellipses import plot_mixture_ellipses
from panlearn.plot.neighbour_graph import plot_neighbor_graphs
from panlearn.plot.parameter_grid import plot_parameter_grid
from panlearn.plot.partial_dependence import plot_partial_dependence
from panlearn.plot.posterior_heatmap import plot_posterior_heatmap
from panlearn.plot.pruning_comparison import plot_pruning_comparison
from panlearn.plot.pruning_path import plot_pruning_path
from panlearn.plot.ranking import plot_precision_recall, plot_roc
from panlearn.plot.residuals import plot_predictions, plot_residuals
from panlearn.plot.saliency import plot_saliency
from panlearn.plot.schedules import plot_schedules
from panlearn.plot.scores import plot_score_distribution
from panlearn.plot.scree import plot_scree
from panlearn.plot.staged_error import plot_staged_error
from panlearn.plot.state_path import plot_state_path
from panlearn.plot.style_transfer import plot_style_transfer
from panlearn.plot.svg import figure_svg
from panlearn.plot.trajectory import plot_trajectories
from panlearn.plot.transition_graph import plot_transition_graph
from panlearn.plot.tree import plot_tree

__all__ = [
    "figure_svg",
    "plot_activations",
    "plot_bias_variance",
    "plot_biplot",
    "plot_calibration",
    "plot_clusters",
    "plot_coefficient_path",
    "plot_confusion_matrix",
    "plot_crf_features",
    "plot_critical_point",
    "plot_decision_regions",
    "plot_dendrogram",
    "plot_feature_maps",
    "plot_filters",
    "plot_generative_boundaries",
    "plot_gradient_flow",
    "plot_gradient_through_time",
    "plot_hessian_spectrum",
    "plot_importances",
    "plot_impurity_curves",
    "plot_kernel_comparison",
    "plot_learning_curve",
    "plot_learning_rate_finder",
    "plot_loss_landscape",
    "plot_memory_curves",
    "plot_mixture_ellipses",
    "plot_neighbor_graphs",
    "plot_parameter_grid",
    "plot_partial_dependence",
    "plot_posterior_heatmap",
    "plot_precision_recall",
    "plot_predictions",
    "plot_pruning_comparison",
    "plot_pruning_path",
    "plot_residuals",
    "plot_roc",
    "plot_saliency",
    "plot_schedules",
    "plot_score_distribution",
    "plot_scree",
    "plot_staged_error",
    "plot_state_path",
    "plot_style_transfer",
    "plot_trajectories",
    "plot_transition_graph",
    "plot_tree",
    "plot_validation_curve",
]
