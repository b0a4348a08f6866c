"""Support vector machines: kernel, linear, regression, one class."""

from panlearn.svm.linear_svc import LinearSVC
from panlearn.svm.linear_svr import LinearSVR
from panlearn.svm.nu_svc import NuSVC
from panlearn.svm.nu_svr import NuSVR
from panlearn.svm.one_class_svm import OneClassSVM
from panlearn.svm.svc import SVC
from panlearn.svm.svr import SVR

__all__ = ["SVC", "SVR", "LinearSVC", "LinearSVR", "NuSVC", "NuSVR", "OneClassSVM"]
