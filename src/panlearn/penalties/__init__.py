"""Penalties on coefficients."""

from panlearn.penalties.elastic_net import ElasticNet
from panlearn.penalties.l0 import L0
from panlearn.penalties.l2 import L2

__all__ = ["L0", "L2", "ElasticNet"]
