"""What both Tree-LSTMs share: shapes, refusals, deep trees, parameters like torch's cells."""

import numpy as np
import pytest
import torch

from panlearn.nn import ChildSumTreeLSTM, Forest, NaryTreeLSTM
from tests.nn.tree_cases import FOREST, filled, rows

BOTH = [ChildSumTreeLSTM, NaryTreeLSTM]


@pytest.mark.parametrize("cls", BOTH)
def test_same_seed_same_weights(cls):
    cells = []
    for _ in range(2):
        torch.manual_seed(3)
        cells.append(cls(5, 4))
    for a, b in zip(cells[0].parameters(), cells[1].parameters()):
        assert torch.equal(a, b)
        assert a.abs().max() <= 0.5


def test_parameters_of_torchs_cell():
    torch.manual_seed(0)
    ours = ChildSumTreeLSTM(5, 4)
    torch.manual_seed(0)
    theirs = torch.nn.LSTMCell(5, 4)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("cls", BOTH)
def test_order_of_trees_plays_no_part(cls):
    cell, x = filled(cls(3, 4)), rows(8, 3)
    h, _ = cell(x, Forest.of_parents([[-1, 0, 0], [-1, 0, 1, 1, 0]]))
    swapped, _ = cell(x[[3, 4, 5, 6, 7, 0, 1, 2]], Forest.of_parents([[-1, 0, 1, 1, 0], [-1, 0, 0]]))
    torch.testing.assert_close(swapped[[5, 6, 7, 0, 1, 2, 3, 4]], h)


@pytest.mark.parametrize("cls", BOTH)
def test_a_deep_chain(cls):
    """Ten thousand levels, there and back, equal torch's LSTM."""
    n = 10_000
    torch.manual_seed(0)
    cell = cls(2, 3) if cls is ChildSumTreeLSTM else cls(2, 3, 1)
    lstm = torch.nn.LSTM(2, 3)
    lstm.load_state_dict({f"{name}_l0": p for name, p in cell.state_dict().items()})
    x = rows(n, 2, dtype=torch.float32)
    h, c = cell(x, Forest.of_parents([*range(1, n), -1]))
    output, (_, last) = lstm(x)
    torch.testing.assert_close(h, output, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(c[-1:], last, atol=1e-5, rtol=1e-5)
    weight = rows(n, 3, 1, torch.float32)
    (h * weight).sum().backward()
    (output * weight).sum().backward()
    for ours, theirs in zip(cell.parameters(), lstm.parameters()):
        torch.testing.assert_close(ours.grad, theirs.grad, atol=2e-3, rtol=1e-4)


@pytest.mark.parametrize("cls", BOTH)
def test_reproducible_and_twice_backward(cls):
    cell, x = filled(cls(3, 4)), rows(10, 3)
    found = []
    for _ in range(2):
        h, c = cell(x, FOREST)
        loss = (h.sin() + c).sum()
        for _ in range(2):
            found.append(torch.autograd.grad(loss, list(cell.parameters()), retain_graph=True))
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other))


@pytest.mark.parametrize("cls", BOTH)
def test_no_gradient_where_none_is_asked(cls):
    cell, x = filled(cls(3, 4)), rows(10, 3).requires_grad_()
    cell.requires_grad_(False)
    h, _ = cell(x, FOREST)
    h[0].sum().backward()
    assert x.grad is not None
    assert (x.grad[:5] != 0).any()
    assert (x.grad[5:] == 0).all()  # other trees
    with torch.no_grad():
        assert torch.equal(cell(x, FOREST)[0], h)


@pytest.mark.parametrize("cls", BOTH)
def test_types_and_strides(cls):
    """A half type is computed by torch's operations, columns of another tensor need no copy by hand."""
    cell, x = cls(3, 4), rows(10, 6, dtype=torch.float32)[:, ::2]
    h, _ = cell(x, FOREST)
    assert h.dtype == torch.float32
    torch.testing.assert_close(h, cell(x.contiguous(), FOREST)[0])
    low = cls(3, 4, dtype=torch.bfloat16)
    low.load_state_dict(cell.state_dict())
    found, _ = low(x.bfloat16(), FOREST)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), h, atol=0.05, rtol=0.05)
    if not torch.cuda.is_available():
        return
    on_device, _ = cell.cuda()(x.cuda(), FOREST)
    torch.testing.assert_close(on_device.cpu(), h, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("cls", BOTH)
def test_without_bias_and_small(cls):
    cell = filled(cls(1, 1, bias=False))
    assert {name for name, _ in cell.named_parameters()} == {"weight_ih", "weight_hh"}
    h, _ = cell(torch.zeros(10, 1, dtype=torch.float64), FOREST)
    assert (h == 0).all()
    assert "bias=False" in repr(cell)
    single, _ = cell(torch.ones(1, 1, dtype=torch.float64), Forest.of_parents([-1]))
    single.backward()  # nothing recurs
    assert cell.weight_hh.grad is not None
    assert (cell.weight_hh.grad == 0).all()
    assert (cell.weight_ih.grad[2:] != 0).all()


@pytest.mark.parametrize("cls", BOTH)
def test_two_threads_at_once(cls):
    from concurrent.futures import ThreadPoolExecutor

    cell, x = filled(cls(3, 4)), rows(10, 3)

    def gradient(_):
        h, c = cell(x, FOREST)
        return torch.autograd.grad((h * c).sum(), list(cell.parameters()))

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(gradient, range(8)))
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other))


def test_wrong_sizes():
    for given, words in (((0, 3), "input_size"), ((3, True), "hidden_size"), ((3, 2.0), "hidden_size")):
        with pytest.raises(ValueError, match=words):
            ChildSumTreeLSTM(*given)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="n_children"):
        NaryTreeLSTM(3, 4, 0)
    with pytest.raises(ValueError, match="a row for each node"):
        ChildSumTreeLSTM(3, 4)(torch.zeros(4, 3), FOREST)
    with pytest.raises(ValueError, match="2 positions"):
        NaryTreeLSTM(3, 4, 2)(torch.zeros(4, 3), Forest.of_parents([-1, 0, 0, 0]))


def test_nan_stays_in_its_tree():
    cell, x = filled(ChildSumTreeLSTM(3, 4)), rows(10, 3)
    x[3] = np.nan  # below 2 and 0
    h, _ = cell(x, FOREST)
    bad = h.isnan().any(1)
    assert bad.nonzero().flatten().tolist() == [0, 2, 3]
