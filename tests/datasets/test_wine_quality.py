"""The bundled data are those that the paper describes."""

import pytest

from panlearn.datasets import load_wine_quality


def test_counts_of_the_paper():
    wines = load_wine_quality()
    assert wines["colour"].value_counts().to_dict() == {"white": 4898, "red": 1599}
    assert wines.shape == (6497, 13)
    assert len(wines.dropna().index) == 6497
    assert sorted(wines["quality"].unique().tolist()) == list(range(3, 10))


def test_one_colour():
    red = load_wine_quality("red")
    assert red.shape == (1599, 12)
    assert red["alcohol"].to_numpy().mean() == pytest.approx(10.42, abs=0.005)
    with pytest.raises(ValueError, match="got 'rosé'"):
        load_wine_quality("rosé")
