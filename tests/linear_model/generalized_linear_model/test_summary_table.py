"""The printed table: every number of the model, and notes where it must be read with care."""

from panlearn.linear_model.generalized_linear_model.summary_table import summary_table
from tests.linear_model.generalized_linear_model.test_inference import known


def test_the_table_says_what_the_model_says():
    text = summary_table(known(), 0.95)
    row = next(line for line in text.splitlines() if line.startswith("a "))
    assert row.split() == ["a", "2.0000", "1.000", "2.000", "0.046", "0.040", "3.960"]
    for part in ("Poisson", "log", "100", "Df residuals", "97", "Deviance", "Pearson chi2", "AIC", "[0.025", "0.975]"):
        assert part in text
    assert len({len(line) for line in text.splitlines() if line.startswith("=")}) == 1
    assert "shrunk by a penalty" in known(penalised=True).summary()
    assert "rank 2 only" in known(rank=2).summary()
    assert "AIC" not in known(log_likelihood=None).summary()
