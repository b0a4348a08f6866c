"""Kernels can be defined where Triton is not installed."""

import importlib
import importlib.util
import sys

import pytest

from panlearn.nn import recurrent_triton_cells, recurrent_triton_kernels, triton_language


def test_without_triton(monkeypatch):
    monkeypatch.setitem(sys.modules, "triton", None)
    try:
        importlib.reload(triton_language)
        assert not triton_language.installed

        @triton_language.jit
        def function(x):
            return x + 1

        assert function(1) == 2
        importlib.reload(recurrent_triton_cells)
        assert importlib.reload(recurrent_triton_kernels).forward.__name__ == "forward"
        assert recurrent_triton_cells.KINDS["gru"] == recurrent_triton_cells.GRU
    finally:
        monkeypatch.undo()
        for module in (triton_language, recurrent_triton_cells, recurrent_triton_kernels):
            importlib.reload(module)


def test_with_triton():
    triton = pytest.importorskip("triton", reason="Triton comes with torch's builds for CUDA")
    assert triton_language.installed
    assert triton_language.tl is triton.language
