"""Triton's kernels compile for a GPU where there is none, and wait where they must."""

# pyright: reportCallIssue=false, reportArgumentType=false, reportOptionalSubscript=false

import warnings

import pytest

from panlearn.nn import recurrent_triton_kernels as kernels
from panlearn.nn.recurrent_triton_cells import FUNCTIONS, KINDS, Arrays, Settings

triton = pytest.importorskip("triton", reason="Triton comes with torch's builds for CUDA")
TYPES = Arrays("*i64", *["*fp32"] * 14, "i32", "i32", "i32")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["forward", "backward"])
@pytest.mark.parametrize(("kind", "gates", "whole"), [("rnn", 1, True), ("lstm", 4, False), ("gru", 3, False)])
def test_compiles_for_a_gpu(name, kind, gates, whole):
    backends = pytest.importorskip("triton.backends.compiler")
    compiler = pytest.importorskip("triton.compiler")
    if "nvidia" not in triton.backends.backends:
        pytest.skip("this build of Triton has no compiler for CUDA")
    code = KINDS[kind], gates, FUNCTIONS["tanh"], False, False, True, True, kind == "lstm", whole, "ieee", 16, 32, 32
    source = compiler.ASTSource(
        fn=getattr(kernels, name),
        signature={"x": TYPES, "s": "constexpr"},
        constexprs={(1,): Settings(*code)},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on defaults of versions to come
        compiled = triton.compile(source, target=backends.GPUTarget("cuda", 80, 32))
    assert compiled.asm["cubin"]
    barriers = compiled.asm["ptx"].count("bar.sync")
    assert barriers >= (2 if whole and name == "backward" else 1)
