"""Penalties on coefficients."""

from panlearn.penalties.l2 import L2

__all__ = ["L2"]
