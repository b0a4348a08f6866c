"""Encoding, delimiter and decimal mark are told from the bytes alone."""

import pytest

from panlearn.core.errors import DataError
from panlearn.datasets.text_format import HEAD, find_encoding, find_format

TEXT = "naïve,café\n1,2\n3,4\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_each_encoding_is_told_apart(encoding):
    data = TEXT.encode(encoding)
    assert data.decode(find_encoding(data)) == TEXT


def test_a_character_cut_at_the_end_is_still_utf8():
    assert find_encoding("é".encode() * 10 + "é".encode()[:1]) == "utf-8"


def test_binary_data_are_refused():
    with pytest.raises(DataError, match="binary data"):
        find_encoding(bytes(range(256)) * 10)


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_delimiter_is_found_although_others_occur_in_cells(delimiter):
    text = f"name{delimiter}price\n" + "".join(f'"a, b; c | d"{delimiter}{i}\n' for i in range(9))
    assert find_format(text.encode()).delimiter == delimiter


def test_decimal_comma_needs_cells_that_prove_it():
    assert find_format(b"a;b\n1,5;x\n").decimal == ","
    assert find_format(b"a;b\n1.5;x\n").decimal == "."
    assert find_format(b"a;b\n1.5;1,000\n").decimal == "."


def test_head_that_ends_within_a_quoted_cell():
    text = ('a,b\n"x, y",2\n' * HEAD)[:HEAD]
    assert find_format(text.encode()).delimiter == ","


def test_encoding_that_does_not_fit_is_said():
    with pytest.raises(DataError, match="cannot be read as utf-8"):
        find_format("é".encode("latin-1") + b" , 1\n", encoding="utf-8")
    with pytest.raises(DataError, match="cannot be read as klingon"):
        find_format(b"a,b\n", encoding="klingon")
