"""Every entry of refs.bib is read whole, keys are found where docstrings cite them, unknown keys are named."""

import re
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panlearn.core.errors import PanlearnError
from panlearn.core.references import FIELD, bibtex, cite, keys_in, keys_of, library

SOURCE = resources.files("panlearn.core").joinpath("refs.bib").read_text(encoding="utf-8")


def test_every_entry_is_read_with_every_field():
    assert len(library()) == len(re.findall(r"^@", SOURCE, re.MULTILINE))
    assert sum(len(entry.fields) for entry in library().values()) == len(re.findall(r"^\s+\w+\s*=", SOURCE, re.M))


def test_keys_are_sorted_unique_and_match_the_year():
    keys = re.findall(r"^@\w+\{(\w+),", SOURCE, re.MULTILINE)
    assert keys == sorted(set(keys))
    for key, entry in library().items():
        if not key.startswith("note"):
            assert re.sub(r"\D", "", key) == entry.fields["year"], key


@pytest.mark.parametrize("key", sorted(library()))
def test_every_entry_formats_without_leftover_markup(key):
    (sentence,) = cite([key])
    assert not re.search(r"[{}\\]|--|\s\s|None|\.\.", sentence)
    assert sentence.endswith(".")


def test_formats_by_kind():
    assert cite(["legendre1805", "golub2013", "kingma2015"]) == [
        "Legendre, A.-M. (1805). Nouvelles méthodes pour la détermination des orbites des comètes. Firmin Didot.",
        "Golub, G. H. and Van Loan, C. F. (2013). Matrix Computations. 4th edition, Johns Hopkins University Press.",
        "Kingma, D. P. and Ba, J. (2015). Adam: A Method for Stochastic Optimization. "
        "International Conference on Learning Representations. arXiv:1412.6980.",
    ]


def test_bibtex_gives_back_the_source():
    text = bibtex(["cox1958", "zeiler2012"])
    assert all(part in SOURCE for part in text.split("\n\n"))
    assert dict(FIELD.findall(text.split("\n\n")[0])) == library()["cox1958"].fields


def test_keys_are_found_once_in_order():
    text = (
        "[stone1974] then [bishop2006, eq. 3.50], [stone1974]; not X[0], [1, 2], [note], `a[i]` or [Cox1958]; [note003]"
    )
    assert keys_in(text) == ["stone1974", "bishop2006", "note003"]
    assert keys_in(None) == []


@given(st.lists(st.sampled_from(sorted(library())), unique=True))
def test_keys_survive_any_prose(keys):
    assert keys_in(" as in ".join(f"[{key}]" for key in keys)) == keys


def test_keys_of_reads_the_lesson_of_the_module():
    assert keys_of(PanlearnError) == []
    assert keys_of(PanlearnError("x")) == []


@pytest.mark.parametrize("function", [cite, bibtex])
def test_unknown_key_is_named(function):
    with pytest.raises(PanlearnError, match=r"nobody1900.*refs\.bib"):
        function(["nobody1900"])
