"""Linear models: least squares, ridge, polynomial, logistic and softmax regression."""

from panlearn.linear_model.linear_regression import LinearRegression
from panlearn.linear_model.logistic_regression import LogisticRegression
from panlearn.linear_model.polynomial_regression import PolynomialRegression
from panlearn.linear_model.ridge import Ridge

__all__ = ["LinearRegression", "LogisticRegression", "PolynomialRegression", "Ridge"]
