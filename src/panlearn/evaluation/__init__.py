"""How good a model is, and which of two is better: folds, bootstrap, errors and their sources, tests, leaderboards.

Hold-out, k-fold and their kin, the curves and the searches are scikit-learn's own, under this address. Everything is
loaded when it is first asked for: importing the area costs nothing.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklearn.model_selection import (
        GridSearchCV,
        GroupKFold,
        GroupShuffleSplit,
        KFold,
        LeaveOneGroupOut,
        LeaveOneOut,
        LeavePGroupsOut,
        LeavePOut,
        ParameterGrid,
        ParameterSampler,
        PredefinedSplit,
        RandomizedSearchCV,
        RepeatedKFold,
        RepeatedStratifiedKFold,
        ShuffleSplit,
        StratifiedGroupKFold,
        StratifiedKFold,
        StratifiedShuffleSplit,
        TimeSeriesSplit,
        check_cv,
        cross_val_predict,
        cross_val_score,
        cross_validate,
        learning_curve,
        permutation_test_score,
        train_test_split,
        validation_curve,
    )

    from panlearn.evaluation.balanced_resample import balanced_resample
    from panlearn.evaluation.balanced_resampler import BalancedResampler
    from panlearn.evaluation.bias_variance import bias_variance_decomposition
    from panlearn.evaluation.bootstrap import Bootstrap
    from panlearn.evaluation.bootstrap_score import BootstrapScore, bootstrap_score
    from panlearn.evaluation.compare import compare
    from panlearn.evaluation.comparison import Comparison
    from panlearn.evaluation.loss_parts import BiasVariance
    from panlearn.evaluation.mcnemar import McNemarResult, mcnemar_test
    from panlearn.evaluation.paired_tests import (
        PairedResult,
        corrected_t_test,
        f_test_5x2cv,
        paired_test,
        t_test_5x2cv,
    )
    from panlearn.evaluation.storage import load_comparison, save_comparison
    from panlearn.evaluation.tasks import infer_task

__all__ = [
    "BalancedResampler",
    "BiasVariance",
    "Bootstrap",
    "BootstrapScore",
    "Comparison",
    "GridSearchCV",
    "GroupKFold",
    "GroupShuffleSplit",
    "KFold",
    "LeaveOneGroupOut",
    "LeaveOneOut",
    "LeavePGroupsOut",
    "LeavePOut",
    "McNemarResult",
    "PairedResult",
    "ParameterGrid",
    "ParameterSampler",
    "PredefinedSplit",
    "RandomizedSearchCV",
    "RepeatedKFold",
    "RepeatedStratifiedKFold",
    "ShuffleSplit",
    "StratifiedGroupKFold",
    "StratifiedKFold",
    "StratifiedShuffleSplit",
    "TimeSeriesSplit",
    "balanced_resample",
    "bias_variance_decomposition",
    "bootstrap_score",
    "check_cv",
    "compare",
    "corrected_t_test",
    "cross_val_predict",
    "cross_val_score",
    "cross_validate",
    "f_test_5x2cv",
    "infer_task",
    "learning_curve",
    "load_comparison",
    "mcnemar_test",
    "paired_test",
    "permutation_test_score",
    "save_comparison",
    "t_test_5x2cv",
    "train_test_split",
    "validation_curve",
]

_HOME = {  # the module of this area that defines a name; every other name is scikit-learn's
    "BalancedResampler": "balanced_resampler",
    "BiasVariance": "loss_parts",
    "Bootstrap": "bootstrap",
    "BootstrapScore": "bootstrap_score",
    "Comparison": "comparison",
    "McNemarResult": "mcnemar",
    "PairedResult": "paired_tests",
    "balanced_resample": "balanced_resample",
    "bias_variance_decomposition": "bias_variance",
    "bootstrap_score": "bootstrap_score",
    "compare": "compare",
    "corrected_t_test": "paired_tests",
    "f_test_5x2cv": "paired_tests",
    "infer_task": "tasks",
    "load_comparison": "storage",
    "mcnemar_test": "mcnemar",
    "paired_test": "paired_tests",
    "save_comparison": "storage",
    "t_test_5x2cv": "paired_tests",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        found = getattr(importlib.import_module(f"panlearn.evaluation.{_HOME[name]}"), name)
    elif name in __all__:
        found = getattr(importlib.import_module("sklearn.model_selection"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Area(ModuleType):
    """Keeps a function at its address when the file of the same name is imported, which would put the file there."""

    def __setattr__(self, name: str, value: Any) -> None:
        named = isinstance(value, ModuleType) and _HOME.get(name) == name
        super().__setattr__(name, getattr(value, name) if named else value)


sys.modules[__name__].__class__ = _Area
