"""Algorithms that know no estimator: least squares, Newton's method, first-order optimisers."""

from panlearn.optimize.first_order import NAG, SGD, Adadelta, AdaGrad, Adam, Momentum, RMSProp, minimize

__all__ = ["NAG", "SGD", "AdaGrad", "Adadelta", "Adam", "Momentum", "RMSProp", "minimize"]
