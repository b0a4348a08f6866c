from panlearn.core.jit import kernel
from panlearn.tree.inner_kernel import inner_kernel


@inner_kernel
def ratio(a, b):
    return a / b


@inner_kernel(inline=True)
def twice(a):
    return ratio(a, 0.5)


@kernel
def outer(a):
    return twice(a), ratio(a, 0.0)


def test_kernels_call_it_and_python_runs_it():
    assert outer(3.0) == (6.0, float("inf"))  # division follows IEEE 754 in the kernel
    assert twice(3.0) == 6.0
