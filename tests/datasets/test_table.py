"""Tables come out the same whatever file they come in; what cannot be read is refused in one line with a remedy."""

import gzip
import json
import os
import re

import numpy as np
import pandas as pd
import pytest

from panlearn.core.errors import DataError
from panlearn.datasets import read_table

TABLE = pd.DataFrame({"age": [39.0, np.nan, 28.0], "job": ["clerk", "café owner", None], "paid": [1, 0, 1]})
CSV = "age, job ,paid\n39, clerk ,1\n?,café owner,0\n28,,1\n"


def write(folder, name, data):
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def as_json_lines():
    return "\n".join(json.dumps(row) for row in TABLE.replace({np.nan: None}).to_dict("records")).encode()


def as_parquet(folder):
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    TABLE.to_parquet(folder / "t.parquet")
    return (folder / "t.parquet").read_bytes()


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("kind", ["csv", "tsv", "txt", "parquet", "jsonl", "json"])
def test_formats_agree(tmp_path, kind, packed):
    data = {
        "csv": lambda: CSV.encode(),
        "tsv": lambda: CSV.replace(",", "\t").encode(),
        "txt": lambda: CSV.replace(",", "|").encode(),
        "jsonl": as_json_lines,
        "json": lambda: json.dumps(TABLE.replace({np.nan: None}).to_dict("records")).encode(),
        "parquet": lambda: as_parquet(tmp_path),
    }[kind]()
    path = write(tmp_path, f"t.{kind}.gz" if packed else f"t.{kind}", gzip.compress(data) if packed else data)
    pd.testing.assert_frame_equal(read_table(path), TABLE, check_dtype=False)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_encodings_are_read_without_a_remark(tmp_path, encoding):
    table = read_table(write(tmp_path, "t.csv", CSV.encode(encoding)))
    pd.testing.assert_frame_equal(table, TABLE, check_dtype=False)
    assert table.attrs["notes"] == []


def test_latin_1_is_read_and_said_also_when_it_shows_late(tmp_path):
    for data in (CSV.encode("latin-1"), ("age,job,paid\n" + "1,clerk,0\n" * 20_000 + "2,café,1\n").encode("latin-1")):
        table = read_table(write(tmp_path, "t.csv", data))
        assert table["job"].str.startswith("café").any()
        assert "Latin-1" in table.attrs["notes"][0]


def test_a_named_encoding_wins(tmp_path):
    path = write(tmp_path, "t.csv", "城市,人口\n北京,21\n上海,24\n".encode("gb18030"))
    assert read_table(path, encoding="gb18030")["城市"].tolist() == ["北京", "上海"]


def test_numbers_hidden_by_blanks_truth_values_and_decimal_commas(tmp_path):
    table = read_table(write(tmp_path, "t.csv", 'a;b;c\n" 1,5 ";True;x\n2,5;;y\n'))
    assert table["a"].tolist() == [1.5, 2.5]
    assert table["b"].iloc[0] is True or table["b"].iloc[0] == True  # noqa: E712
    assert pd.isna(table["b"].iloc[1])


def test_row_names_as_R_writes_them(tmp_path):
    assert read_table(write(tmp_path, "t.csv", "a,b\nr1,1,2\nr2,3,4\n")).columns.tolist() == ["row name", "a", "b"]


def test_one_row_is_a_table(tmp_path):
    assert read_table(write(tmp_path, "t.csv", "a,b\n1,2\n")).shape == (1, 2)


def test_missing_header_is_suspected(tmp_path):
    assert "header" in read_table(write(tmp_path, "t.csv", "7.4,0.7\n7.8,0.8\n")).attrs["notes"][0]


BAD = {
    "empty": ("t.csv", b"", "empty"),
    "blank": ("t.csv", b"\n \n", "only blanks"),
    "header only": ("t.csv", b"a,b\n", "no rows"),
    "too many fields": ("t.csv", b"a,b\n1,2\n1,2,3\n", "line 3 has 3 fields where 2 are expected"),
    "too few fields": ("t.csv", b"a,b\n1,2\n1\n1,2\n", "line 3 has 1 field where 2 are expected"),
    "open quote": ("t.csv", b'a,b\n"1,2\n3,4\n', "check its quotes"),
    "binary": ("t.csv", os.urandom(4096), "binary data"),
    "cut gzip": ("t.csv.gz", gzip.compress(CSV.encode() * 500)[:-30], "cut short"),
    "damaged gzip": ("t.csv.gz", b"\x1f\x8b" + bytes(500), "cut short or damaged"),
    "zip": ("t.csv", b"PK\x03\x04rest", "zip archive"),
    "cut parquet": ("t.parquet", b"PAR1" + bytes(100), "not a whole Parquet file"),
    "cut JSON": ("t.jsonl", b'{"a": 1}\n{"a": \n', "line 2 is not JSON"),
    "JSON without names": ("t.jsonl", b"1\n2\n", "line 1 is not a JSON object"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_read_is_refused_in_one_line(tmp_path, case):
    name, data, says = BAD[case]
    if "parquet" in case:
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    path = write(tmp_path, name, data)
    with pytest.raises(DataError, match=re.escape(says)) as caught:
        read_table(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_paths_that_lead_nowhere(tmp_path):
    write(tmp_path, "wines.csv", CSV)
    with pytest.raises(DataError, match=r"did you mean wines\.csv\?"):
        read_table(tmp_path / "wine.csv")
    with pytest.raises(DataError, match=r"folder .* does not exist either"):
        read_table(tmp_path / "no_such_folder" / "dump_2GB.csv")
    with pytest.raises(DataError, match=r"^\S+ is a folder: name one file, such as .*wines\.csv"):
        read_table(tmp_path)
    for strange in ("x" * 300 + ".csv", "nul\0.csv"):
        with pytest.raises(DataError, match="cannot be opened"):
            read_table(tmp_path / strange)


def test_parquet_without_pyarrow_names_the_remedy(tmp_path, monkeypatch):
    def absent(*_):
        raise ImportError

    monkeypatch.setattr(pd, "read_parquet", absent)
    with pytest.raises(DataError, match="pip install pyarrow"):
        read_table(write(tmp_path, "t.parquet", b"PAR1"))
