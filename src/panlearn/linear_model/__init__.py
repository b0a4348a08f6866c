"""Linear models: least squares, ridge, polynomial, logistic and softmax regression."""

from panlearn.linear_model.elastic_net import ElasticNet
from panlearn.linear_model.elastic_net_path import enet_path, lasso_path
from panlearn.linear_model.generalized_linear_model import (
    GammaRegressor,
    GeneralizedLinearRegressor,
    PoissonRegressor,
    TweedieRegressor,
)
from panlearn.linear_model.huber_regressor import HuberRegressor
from panlearn.linear_model.l0_logistic_regression import L0LogisticRegression
from panlearn.linear_model.l0_regression import L0Regression
from panlearn.linear_model.lasso import Lasso
from panlearn.linear_model.lasso_cv import ElasticNetCV, LassoCV
from panlearn.linear_model.linear_regression import LinearRegression
from panlearn.linear_model.logistic_regression import LogisticRegression
from panlearn.linear_model.logistic_regression_cv import LogisticRegressionCV
from panlearn.linear_model.multi_task_lasso import MultiTaskElasticNet, MultiTaskLasso
from panlearn.linear_model.multi_task_lasso_cv import MultiTaskElasticNetCV, MultiTaskLassoCV
from panlearn.linear_model.perceptron import Perceptron
from panlearn.linear_model.polynomial_regression import PolynomialRegression
from panlearn.linear_model.quantile_regressor import QuantileRegressor
from panlearn.linear_model.ridge import Ridge
from panlearn.linear_model.stochastic_gradient_classifier import SGDClassifier
from panlearn.linear_model.stochastic_gradient_regressor import SGDRegressor

__all__ = [
    "ElasticNet",
    "ElasticNetCV",
    "GammaRegressor",
    "GeneralizedLinearRegressor",
    "HuberRegressor",
    "L0LogisticRegression",
    "L0Regression",
    "Lasso",
    "LassoCV",
    "LinearRegression",
    "LogisticRegression",
    "LogisticRegressionCV",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "Perceptron",
    "PoissonRegressor",
    "PolynomialRegression",
    "QuantileRegressor",
    "Ridge",
    "SGDClassifier",
    "SGDRegressor",
    "TweedieRegressor",
    "enet_path",
    "lasso_path",
]
