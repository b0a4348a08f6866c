"""What a network does while it learns: gradients by layer, curvature, critical points."""

from panlearn.diagnostics.critical_point import critical_point
from panlearn.diagnostics.empirical_loss import take_step
from panlearn.diagnostics.gradient_check import gradient_check
from panlearn.diagnostics.gradient_flow import gradient_flow
from panlearn.diagnostics.gradient_through_time import gradient_through_time
from panlearn.diagnostics.hessian_products import HessianProducts
from panlearn.diagnostics.hessian_spectrum import hessian_spectrum
from panlearn.diagnostics.lanczos import lanczos
from panlearn.diagnostics.loss_landscape import loss_landscape

__all__ = [
    "HessianProducts",
    "critical_point",
    "gradient_check",
    "gradient_flow",
    "gradient_through_time",
    "hessian_spectrum",
    "lanczos",
    "loss_landscape",
    "take_step",
]
