from panlearn.tree.growth_settings import CRITERIA, GrowthSettings


def test_defaults_are_those_of_scikit_learn():
    settings = GrowthSettings()
    assert settings.criterion in CRITERIA
    assert settings._replace(criterion="gini") == GrowthSettings("gini", "best", None, 2, 1, 0.0, None, None, 0.0, None)
