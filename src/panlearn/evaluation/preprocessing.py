"""From a table of mixed columns to a matrix of numbers: one visible pipeline of scikit-learn's transformers.

    columns     TableColumns: kinds as in training
    features    ColumnTransformer
                  numeric      median where missing + a mark, standardised where the method needs one scale
                  categorical  one-hot, rare and new categories share a column; or one whole number a category ("codes")
                  text         TF-IDF of words and word pairs (of characters for scripts without blanks);
                               its 100 leading components where the method needs a dense matrix
                  date         DateParts, then as numeric
    categories  CategoryFrame: codes become categories again, for a method that needs "native"

Everything that is learned (medians, scales, categories, words) is learned inside the pipeline, hence from the training
rows of a fold only. The rules look at X, never at y, and are the same for every method; only what a method declares
that it `needs` (`panlearn.core.registry`) makes a difference: "scaled", "dense", "nonnegative", "codes" (trees cut
whole numbers as well as they cut zeros and ones, with far fewer columns), or "native": a data frame for methods that
ask about categories themselves and know what to do where a number is missing.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from panlearn.evaluation.columns import WIDE_SCRIPT, CategoryFrame, DateParts, TableColumns
from panlearn.evaluation.comparison import Column

RARE = 5  # a category in fewer rows shares the column of the rare ones
MAX_CATEGORIES = 200  # a column each, the most frequent first
MAX_WORDS = 20_000
COMPONENTS = 100  # of a text, where the method needs a dense matrix


def make_preprocessing(
    columns: Iterable[Column], table: pd.DataFrame, *, needs: Sequence[str] = (), seed: int = 0
) -> Pipeline:
    """Build the unfitted steps that turn a table into a matrix.

    Parameters
    ----------
    columns : iterable of Column
        The description of each column, from `describe_column`.
    table : pandas.DataFrame
        The table, of which only the script of its texts is looked at.
    needs : sequence of {"scaled", "dense", "nonnegative", "codes", "native"}
        What the method asks for.
    seed : int
        Of the randomised decomposition of texts.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Steps "columns" and "features", and "categories" where the method needs "native".

    Examples
    --------
    >>> from panlearn.evaluation.columns import describe_column
    >>> table = pd.DataFrame({"colour": ["red", "white"] * 5, "pH": [3.5, 3.6, None, 3.3, 3.5] * 2})
    >>> steps = make_preprocessing([describe_column(table[name]) for name in table], table)
    >>> list(steps.fit(table).get_feature_names_out())
    ['colour_red', 'colour_white', 'pH', 'missingindicator_pH']
    """
    kinds = {column.name: column.kind for column in columns if column.kind != "dropped"}
    named = {kind: [name for name in kinds if kinds[name] == kind] for kind in dict.fromkeys(kinds.values())}
    parts: list[tuple[str, BaseEstimator, str | list[str]]] = []
    if "native" in needs:  # codes come first
        named = {"categorical": named.pop("categorical", []), **named}
    for kind, names in named.items():
        if kind == "text":
            parts += [(f"text {name}", _text(pd.Series(table[name]), needs, seed), name) for name in names]
        else:
            parts.append((kind, _part(kind, needs), names))
    features = ColumnTransformer(
        parts, sparse_threshold=0.0 if _is_dense(kinds, needs) else 0.3, verbose_feature_names_out=False
    )
    steps: list[tuple[str, BaseEstimator]] = [("columns", TableColumns(kinds)), ("features", features)]
    if "native" in needs:
        steps.append(("categories", CategoryFrame(len(named["categorical"]))))
    return Pipeline(steps)


def _is_dense(kinds: dict[str, str], needs: Sequence[str]) -> bool:
    return "dense" in needs or "native" in needs or not {"text", "categorical"} & set(kinds.values())


def _part(kind: str, needs: Sequence[str]) -> BaseEstimator:
    if kind == "categorical" and ("codes" in needs or "native" in needs):
        new = np.nan if "native" in needs else -1
        return OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=new, min_frequency=RARE, max_categories=MAX_CATEGORIES
        )
    if kind == "categorical":
        return OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=RARE,
            max_categories=MAX_CATEGORIES,
            sparse_output="dense" not in needs,
        )
    dates = [("parts", DateParts())] if kind == "date" else []
    if "native" in needs:
        return Pipeline(dates) if dates else FunctionTransformer(feature_names_out="one-to-one")
    impute = [("impute", SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True))]
    return Pipeline(dates + impute + _scale(needs))


def _scale(needs: Sequence[str]) -> list[tuple[str, BaseEstimator]]:
    if "nonnegative" in needs:
        return [("scale", MinMaxScaler(clip=True))]
    return [("scale", StandardScaler())] if "scaled" in needs else []


def _text(texts: pd.Series, needs: Sequence[str], seed: int) -> BaseEstimator:
    """TF-IDF, its words found by blanks, or by single characters and pairs where the script has no blanks."""
    some = texts.dropna().astype(str).head(1000)
    wide = some.str.contains(WIDE_SCRIPT).mean() > 0.5
    words: Any = TfidfVectorizer(
        analyzer="char" if wide else "word",
        ngram_range=(1, 2),
        max_features=MAX_WORDS,
        sublinear_tf=True,
        strip_accents=None if wide else "unicode",
    )
    if not wide:
        words.set_params(token_pattern=r"(?u)\b\w+\b")  # also words of one letter
    if not {"dense", "native"} & set(needs) or "nonnegative" in needs:
        return words
    seen: Any = clone(words)
    size = len(seen.fit(some).vocabulary_) // 2  # a fold sees fewer words than the table
    return Pipeline([("words", words), ("components", TruncatedSVD(max(1, min(COMPONENTS, size)), random_state=seed))])
