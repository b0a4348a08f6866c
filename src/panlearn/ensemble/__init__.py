"""Ensembles of trees: bagging, random forests, AdaBoost and gradient boosting."""

from panlearn.ensemble.adaboost_classifier import AdaBoostClassifier
from panlearn.ensemble.adaboost_regressor import AdaBoostRegressor
from panlearn.ensemble.bagging_classifier import BaggingClassifier
from panlearn.ensemble.bagging_regressor import BaggingRegressor
from panlearn.ensemble.extra_trees_classifier import ExtraTreesClassifier
from panlearn.ensemble.extra_trees_regressor import ExtraTreesRegressor
from panlearn.ensemble.gradient_boosting_classifier import GradientBoostingClassifier
from panlearn.ensemble.gradient_boosting_regressor import GradientBoostingRegressor
from panlearn.ensemble.hist_gradient_boosting_classifier import HistGradientBoostingClassifier
from panlearn.ensemble.hist_gradient_boosting_regressor import HistGradientBoostingRegressor
from panlearn.ensemble.random_forest_classifier import RandomForestClassifier
from panlearn.ensemble.random_forest_regressor import RandomForestRegressor
from panlearn.ensemble.random_trees_embedding import RandomTreesEmbedding

__all__ = [
    "AdaBoostClassifier",
    "AdaBoostRegressor",
    "BaggingClassifier",
    "BaggingRegressor",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
    "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "RandomTreesEmbedding",
]
