"""The table and the target of a command."""

import pytest

from panlearn.cli.options import read
from panlearn.core.errors import DataError


def test_without_data_the_bundled_table_is_used():
    table, target = read(None, None)
    assert (len(table), target) == (6497, "quality")
    assert read(None, "colour")[1] == "colour"


def test_without_a_target_the_columns_are_named(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("age,income\n1,2\n")
    with pytest.raises(DataError, match=r"--target NAME; .* has age, income"):
        read(path, None)
