"""Support vector classification with slack [boser1992], [cortes1995].

    minimise over w, b, xi     1/2 |w|^2 + C sum_i s_i xi_i,     y_i (w'phi(x_i) + b) >= 1 - xi_i,   xi_i >= 0

The margin between the classes is 2 / |w|; xi_i is the slack of a row inside it or beyond. C = inf allows none (hard
margin). With Lagrange multipliers alpha_i for the constraints, setting the derivatives by w and b to 0 gives the dual

    minimise over alpha        1/2 sum_ij alpha_i alpha_j y_i y_j k(x_i, x_j) - sum_i alpha_i
    subject to                 0 <= alpha_i <= C s_i,    sum_i alpha_i y_i = 0

which needs phi only in k, and has as many variables as rows, whatever the dimension of the feature space. The KKT
conditions say what a row may be: alpha_i = 0 outside the margin, 0 < alpha_i < C on it, alpha_i = C inside.

Cost: between n^2 and n^3 kernel values. When it fails: features on unlike scales (scale them), C so large that the
boundary follows single rows, or more rows than some ten thousands (`LinearSVC`, or a linear kernel on few columns).

Course notes: 000 §2.1 to §2.5.
"""

from typing import Any, ClassVar

import numpy as np

from panlearn.core.constraints import POSITIVE_OR_INF
from panlearn.core.registry import method
from panlearn.svm.dual_problem import DualFit, DualProblem
from panlearn.svm.one_vs_one import Sample
from panlearn.svm.support_vector_classifier import SupportVectorClassifier


@method(
    "Support vector classification",
    tasks=("binary", "multiclass"),
    notes=("000 2",),
    needs=("scaled",),
    cost=lambda n, p, k: 0.3 * n * n * (2 * p + 20),
)
class SVC(SupportVectorClassifier):
    """The hyperplane of largest margin in the feature space of a kernel.

    Parameters
    ----------
    C : float, default=1.0
        Price of the slack, above 0; inf is a hard margin, which is an error where the classes overlap.
    kernel : {"linear", "poly", "rbf", "laplacian", "sigmoid", "precomputed"} or callable, default="rbf"
        x'z, (gamma x'z + coef0)^degree, exp(-gamma |x - z|^2), exp(-gamma |x - z|_1), tanh(gamma x'z + coef0), or a
        function of two sets of rows that returns the matrix of its values.
    degree : int, default=3
        Degree of the polynomial.
    gamma : {"scale", "auto"} or float, default="scale"
        1 / (p variance of X) (with its root for the Laplacian kernel), 1 / p, or a number at least 0.
    coef0 : float, default=0.0
        Constant of the polynomial and sigmoid kernels.
    shrinking : bool, default=True
        Let rows that look settled make way first in a block; for the time it takes, not for the answer.
    probability : bool, "sigmoid" or "isotonic", default=False
        Calibrate probabilities on five folds; True is "sigmoid".
    tol : float, default=1e-3
        Stop when the KKT conditions are violated by no more.
    cache_size : float, default=200
        Megabytes for kernel values.
    class_weight : dict or "balanced", optional
        Factors on C by class; "balanced" makes the classes weigh the same.
    verbose : bool, default=False
        Show progress.
    max_iter : int, default=-1
        Most steps; -1 for no limit.
    decision_function_shape : {"ovr", "ovo"}, default="ovr"
        A decision value for each class or for each pair of classes.
    break_ties : bool, default=False
        Break ties of the votes by the sums of decision values rather than by the order of the classes.
    random_state : int, RandomState or None, default=None
        Seed of the folds of `probability`.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        Labels.
    support_ : ndarray of shape (m,)
        Rows that are support vectors, class by class.
    support_vectors_ : ndarray or sparse matrix of shape (m, p)
        These rows.
    n_support_ : ndarray of shape (K,)
        How many there are of each class.
    dual_coef_ : ndarray or sparse matrix of shape (K - 1, m)
        alpha_i y_i of a support vector in the machines of its class against the others.
    intercept_ : ndarray of shape (K (K - 1) / 2,)
        b of each pair.
    coef_ : ndarray or sparse matrix of shape (K (K - 1) / 2, p)
        w of each pair, for the linear kernel.
    margin_ : ndarray of shape (K (K - 1) / 2,)
        2 / |w| of each pair.
    kkt_violation_ : ndarray of shape (K (K - 1) / 2,)
        Certificate: largest violation of the KKT conditions, what `tol` bounds.
    duality_gap_ : ndarray of shape (K (K - 1) / 2,)
        Certificate: primal minus dual objective.
    objective_ : ndarray of shape (K (K - 1) / 2,)
        Value of the dual's minimisation.
    certificate_ : str
        The worst of these in words.
    n_iter_ : ndarray of shape (K (K - 1) / 2,)
        Steps.
    fit_status_ : int
        0 if all pairs converged.
    class_weight_ : ndarray of shape (K,)
        Factor on C of each class.
    probA_, probB_ : ndarray of shape (K (K - 1) / 2,)
        Slopes and offsets of the calibration by sigmoids.
    shape_fit_ : tuple of int
        Shape of X in `fit`.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If y has one class, the kernel matrix is not square, a kernel function returns the wrong shape, or C is inf and
        the classes overlap.

    References
    ----------
    [cortes1995], [boser1992], [chang2011], [platt1999], [lin2007], [wu2004]; course notes 000 §2

    Examples
    --------
    Only the rows next to the margin count; here it is 2 wide:

    >>> import numpy as np
    >>> from panlearn.svm import SVC
    >>> X, y = np.array([[-4.0], [-3.0], [-1.0], [1.0], [6.0]]), [0, 0, 0, 1, 1]
    >>> model = SVC(kernel="linear", C=np.inf).fit(X, y)
    >>> model.support_, model.margin_.round(3)
    (array([2, 3], dtype=int32), array([2.]))
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **SupportVectorClassifier._parameter_constraints,
        "C": [POSITIVE_OR_INF],
    }

    def __init__(
        self,
        *,
        C: float = 1.0,
        kernel: Any = "rbf",
        degree: int = 3,
        gamma: Any = "scale",
        coef0: float = 0.0,
        shrinking: bool = True,
        probability: Any = False,
        tol: float = 1e-3,
        cache_size: float = 200,
        class_weight: Any = None,
        verbose: bool = False,
        max_iter: int = -1,
        decision_function_shape: str = "ovr",
        break_ties: bool = False,
        random_state: Any = None,
    ) -> None:
        self.C = C
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.shrinking = shrinking
        self.probability = probability
        self.tol = tol
        self.cache_size = cache_size
        self.class_weight = class_weight
        self.verbose = verbose
        self.max_iter = max_iter
        self.decision_function_shape = decision_function_shape
        self.break_ties = break_ties
        self.random_state = random_state

    def _machine(self, sample: Sample) -> DualFit:
        y = np.repeat([1.0, -1.0], sample.sizes)
        problem = DualProblem(np.arange(len(y)), y, -y, self.C * sample.weight, np.zeros(len(y)))
        return self._solve(sample.kernel, sample.X, problem, sample.gram)

    @classmethod
    def _warm_kernels(cls) -> None:
        rng = np.random.default_rng(0)
        X = rng.normal(size=(60, 3))
        cls().fit(X, X[:, 0] + rng.normal(size=60) > 0)
