"""The table in which statistics programs print a fitted model: header, one line a coefficient, notes.

Course notes: 003 §1.7.3.
"""

from panlearn.linear_model.generalized_linear_model.inference import Inference


def summary_table(fit: Inference, level: float) -> str:
    """Lines of text.

    Parameters
    ----------
    fit : Inference
        The model.
    level : float
        Probability of the intervals.

    Returns
    -------
    str
        The table.
    """
    likelihood = fit.log_likelihood
    head = [
        ("Family", fit.family, "Observations", f"{fit.n}"),
        ("Link", fit.link, "Df model", f"{fit.df - ('Intercept' in fit.names[:1]):.6g}"),
        ("Covariance", fit.kind, "Df residuals", f"{fit.n - fit.df:.6g}"),
        ("Dispersion", f"{fit.dispersion:.5g}", "Deviance", f"{fit.deviance:.6g}"),
        ("Iterations", f"{fit.n_iter}", "Pearson chi2", f"{fit.pearson:.6g}"),
        *([] if likelihood is None else [("AIC", f"{fit.aic:.6g}", "Log-likelihood", f"{likelihood:.6g}")]),
    ]
    width = max([12, *(len(name) for name in fit.names)])
    wide = width + 66
    low, high = f"[{(1 - level) / 2:.3g}", f"{(1 + level) / 2:.3g}]"
    columns = "".join(f"{title:>11}" for title in ("coef", "std err", "z", "P>|z|", low, high))
    rows = zip(fit.names, fit.coef, fit.std_errors, fit.z, fit.p_values, *fit.conf_int(level).T)
    lines = ["Generalised linear model".center(wide), "=" * wide]
    lines += [f"{a + ':':<13}{b:<{wide - 44}}{c + ':':<16}{d:>15}" for a, b, c, d in head]
    lines += ["=" * wide, " " * width + columns, "-" * wide]
    lines += [
        f"{name:<{width}}{coef:11.4f}{error:11.3f}{z:11.3f}{p:11.3f}{a:11.3f}{b:11.3f}"
        for name, coef, error, z, p, a, b in rows
    ]
    notes = ["Coefficients are shrunk by a penalty: intervals miss its bias."] if fit.penalised else []
    if fit.rank < len(fit.names) and not fit.penalised:
        notes.append(f"The design has rank {fit.rank} only: some coefficients are not identified.")
    return "\n".join([*lines, "=" * wide, *notes])
