"""The command line as a process of its own."""

import subprocess
import sys

import pytest

import panlearn


def python(*arguments):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=120)


def test_version():
    assert python("-m", "panlearn", "--version").stdout == f"panlearn {panlearn.__version__}\n"


def test_help_lists_the_commands():
    shown = python("-m", "panlearn", "--help").stdout
    assert all(name in shown for name in ("compare", "fit", "predict", "methods", "tour", "report", "warmup"))


def test_starting_loads_no_pictures():
    code = "import sys, panlearn.cli; print([m for m in ('matplotlib', 'torch', 'pandas') if m in sys.modules])"
    assert python("-c", code).stdout == "[]\n"


@pytest.mark.parametrize(("arguments", "code"), [(["compare", "nothing.csv", "--target", "y"], 1), (["comparee"], 2)])
def test_exit_codes(arguments, code):
    result = python("-m", "panlearn", *arguments)
    assert result.returncode == code
    assert "Traceback" not in result.stderr
