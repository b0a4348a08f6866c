"""Wine quality: the real data set that travels with the package.

6,497 Portuguese wines, eleven measurements from the laboratory, and a grade from tasters [cortez2009]. The grade is an
ordered score from 3 to 9, most wines at 5 and 6, so it is predicted as an amount (regression), as its authors did:
being one grade off is a smaller mistake than being three off. Linear models explain about 30 % of its variance, the
best trees about 40 %; the rest is taste. The table holds 1,177 exact copies of rows, kept as published: a model that
is tested on copies of its training rows seems to explain 50 %.
"""

from importlib.resources import as_file, files

import pandas as pd

from panlearn.datasets.table import read_table


def load_wine_quality(colour: str | None = None) -> pd.DataFrame:
    """Read the bundled wine data.

    Parameters
    ----------
    colour : {"red", "white"}, optional
        Keep the wines of one colour, without the column `colour`; all by default.

    Returns
    -------
    pandas.DataFrame of shape (6497, 13)
        `colour`, eleven measurements, and `quality`, the grade.

    Raises
    ------
    ValueError
        If `colour` is neither "red" nor "white".

    References
    ----------
    [cortez2009]; Creative Commons Attribution 4.0, see `data/README.md` beside this file.

    Examples
    --------
    >>> from panlearn.datasets import load_wine_quality
    >>> load_wine_quality("red")["quality"].value_counts().to_dict()  # few wines are very good or very bad
    {5: 681, 6: 638, 7: 199, 4: 53, 8: 18, 3: 10}
    """
    with as_file(files("panlearn.datasets") / "data" / "wine_quality.csv.gz") as path:
        wines = read_table(path)
    wines.attrs["path"] = ""  # not the user's file
    if colour is None:
        return wines
    if colour not in ("red", "white"):
        raise ValueError(f"colour must be 'red' or 'white' (leave it out for both), got {colour!r}")
    return wines.loc[wines["colour"] == colour].drop(columns="colour").reset_index(drop=True)
