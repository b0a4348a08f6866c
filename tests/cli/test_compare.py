"""`panlearn compare` as a person meets it: files in, leaderboard out, and each mistake in one line."""

import csv
import json
import os
import shlex
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import panlearn
from panlearn.cli import app
from panlearn.evaluation import load_comparison

rng = np.random.default_rng(0)
TABLE = pd.DataFrame({"age": rng.integers(18, 90, 200), "job": ["clerk", "cook"] * 100, "empty": None})
TABLE["paid"] = np.where(TABLE["age"] + rng.normal(0, 9, 200) > 50, "high", "low")
QUICK = ["--methods", "sklearn: Dummy, sklearn: DecisionTree", "--cv", "3"]


def run(*arguments):
    return CliRunner().invoke(app, ["compare", *map(str, arguments)])


@pytest.fixture
def data(tmp_path):
    TABLE.to_csv(tmp_path / "pay.csv", index=False)
    return tmp_path / "pay.csv"


def test_from_a_file_to_leaderboard_model_and_report(data, tmp_path):
    out = tmp_path / "a folder" / "out"
    result = run(data, "--target", "paid", *QUICK, "--out", out)
    assert result.exit_code == 0, result.output
    assert "target paid: binary (high, low)" in result.stdout
    assert "empty is left out" in result.stdout
    assert result.stdout.index("DecisionTree") < result.stdout.index("Dummy")
    assert f"report: {out / 'report.html'}" in result.stdout
    assert "total:" in result.stdout.splitlines()[-1]
    assert {path.name for path in out.iterdir()} == {
        "comparison.zip",
        "leaderboard.csv",
        "leaderboard.json",
        "model.panlearn",
        "report.html",
    }
    with (out / "leaderboard.csv").open() as file:
        lines = list(csv.DictReader(file))
    saved = json.loads((out / "leaderboard.json").read_text())
    assert [line["method"] for line in lines] == [row["method"] for row in saved["rows"]]
    assert float(lines[0]["accuracy"]) == saved["rows"][0]["accuracy"] > float(lines[1]["accuracy"])
    assert load_comparison(out).rows[0].name == "sklearn: DecisionTree"
    assert set(panlearn.load(out / "model.panlearn").predict(TABLE)) == {"high", "low"}


def test_the_report_names_the_command(data, tmp_path):
    run(data, "--target", "paid", *QUICK, "--out", tmp_path / "out")
    command = load_comparison(tmp_path / "out" / "comparison.zip").command
    given = ["--target", "paid", *QUICK, "--out", str(tmp_path / "out")]
    assert sorted(shlex.split(command)) == sorted(["panlearn", "compare", str(data), *given])


def test_a_utf_16_file_gives_the_same_leaderboard(data, tmp_path):
    other = tmp_path / "utf16.csv"
    other.write_text(data.read_text(), encoding="utf-16")
    for path in (data, other):
        assert run(path, "--target", "paid", *QUICK, "--out", tmp_path / path.stem).exit_code == 0
    one, two = (json.loads((tmp_path / name / "leaderboard.json").read_text()) for name in ("pay", "utf16"))
    assert [row["accuracy"] for row in one["rows"]] == [row["accuracy"] for row in two["rows"]]


def edited(text):
    return lambda data: data.write_text(text)


MISTAKES = {
    "unknown column": (lambda data: None, ["--target", "payd"], "did you mean 'paid'?"),
    "no target": (lambda data: None, [], "say which column to predict with --target NAME"),
    "one row": (edited("age,paid\n1,2\n"), ["--target", "paid"], "has 1 row"),
    "header only": (edited("age,paid\n"), ["--target", "paid"], "no rows"),
    "constant target": (
        edited("age,paid\n" + "".join(f"{i},7\n" for i in range(30))),
        ["--target", "paid"],
        "one value",
    ),
    "all-missing target": (edited("age,paid\n" + "1,\n" * 30), ["--target", "paid"], "is empty in every row"),
    "only missing": (edited("age,paid\n" + ",1\n,2\n" * 30), ["--target", "paid"], "no column is left"),
    "ragged": (edited("age,paid\n1,2\n1,2,3\n"), ["--target", "paid"], "line 3 has 3 fields"),
    "binary": (lambda data: data.write_bytes(os.urandom(999)), ["--target", "paid"], "binary data"),
    "unknown method": (lambda data: None, ["--target", "paid", "--methods", "forrest"], "no method 'forrest'"),
    "unknown metric": (lambda data: None, ["--target", "paid", "--metric", "r2"], "choose among accuracy"),
    "unknown task": (lambda data: None, ["--target", "paid", "--task", "ranking"], "task must be one of"),
    "no folds": (lambda data: None, ["--target", "paid", "--cv", "1"], "cv must be an integer of at least 2"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_line_with_the_remedy(case, data):
    prepare, arguments, says = MISTAKES[case]
    prepare(data)
    result = run(data, *arguments, "--out", data.parent / "out")
    assert result.exit_code == 1
    assert result.stderr.startswith("panlearn: ")
    assert says in result.stderr
    assert result.stderr.count("\n") == 1


def test_paths_that_lead_nowhere(tmp_path):
    for path, says in ((tmp_path / "dump_2GB.csv", "no file at"), (tmp_path, "is a folder")):
        result = run(path, "--target", "y")
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
        assert says in result.stderr


def test_a_folder_that_cannot_be_written_is_said_before_the_work(data, tmp_path):
    result = run(data, "--target", "paid", "--out", data)
    assert result.exit_code == 1
    assert "choose another folder with --out" in result.stderr


def test_unknown_options_are_usage_errors(data):
    assert run(data, "--targets", "paid").exit_code == 2


def test_a_time_budget_ends_with_a_leaderboard(data, tmp_path):
    result = run(data, "--target", "paid", "--time-budget", "0.001", "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert "time budget" in result.stdout
    assert (tmp_path / "out" / "report.html").exists()


def test_groups_and_time(tmp_path):
    table = TABLE.assign(day=np.repeat(np.arange(50), 4))
    table.to_csv(tmp_path / "t.csv", index=False)
    for option, title in (("--group", "stratified 3-fold, by day"), ("--time", "3 periods forward in day")):
        result = run(tmp_path / "t.csv", "--target", "paid", option, "day", *QUICK, "--out", tmp_path / "out")
        assert result.exit_code == 0, result.output
        assert title in result.stdout


SLOW_METHOD = """
import importlib, sys, time
c = importlib.import_module("panlearn.evaluation.compare")
from sklearn.dummy import DummyClassifier
from panlearn.core.registry import Entry, Method

class Slow(DummyClassifier):
    def fit(self, X, y):
        print("fitting slowly", file=sys.stderr, flush=True)
        time.sleep(60)

slow = Entry("Slow", "", Slow, Method("Slow", ("binary",), (), (), lambda n, p, k: 1e18, {}))
known = c.baselines
c.baselines = lambda task: [*known(task), slow]
from panlearn.cli import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT is not sent to one process there")
def test_ctrl_c_in_the_middle_leaves_the_leaderboard(data, tmp_path):
    out = tmp_path / "out"
    arguments = ["compare", str(data), "--target", "paid", "--methods", "sklearn: Dummy,Slow", "--out", str(out)]
    command = [sys.executable, "-c", SLOW_METHOD, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "fitting slowly" in process.stderr.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert f"the partial leaderboard is in {out / 'leaderboard.csv'}" in stderr
    assert "Stopped by Ctrl-C: 1 of 2 methods compared." in stdout
    saved = json.loads((out / "leaderboard.json").read_text())
    assert saved["partial"]
    assert [bool(row["error"]) for row in saved["rows"]] == [False, True]
    assert (out / "report.html").exists()
    assert not (out / "model.panlearn").exists()
