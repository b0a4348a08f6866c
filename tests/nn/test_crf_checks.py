"""Errors of the chain layer name what is wrong."""

import pytest
import torch

from panlearn.core.errors import DataError
from panlearn.nn.crf_checks import check_allowed, check_numbers, check_possible, check_shapes, check_size, check_tags
from panlearn.nn.crf_layout import Layout, Potentials

EMISSIONS = torch.zeros(2, 4, 3)


@pytest.mark.parametrize(
    ("emissions", "tags", "mask", "says"),
    [
        (torch.zeros(2, 3), None, None, "emissions must have dimension of 3, got 2"),
        (torch.zeros(2, 4, 5), None, None, "expected last dimension of emissions is 3, got 5"),
        (torch.zeros(2, 4, 3, dtype=torch.int64), None, None, r"call `\.float\(\)`"),
        (EMISSIONS, torch.zeros(2, 4), None, r"tags must be whole numbers, got torch.float32"),
        (EMISSIONS, torch.zeros(2, 3), None, r"emissions and tags must match, got \(2, 4\) and \(2, 3\)"),
        (EMISSIONS, None, torch.ones(4, 2), r"emissions and mask must match, got \(2, 4\) and \(4, 2\)"),
    ],
)
def test_shapes(emissions, tags, mask, says):
    with pytest.raises(ValueError, match=says):
        check_shapes(3, emissions, tags, mask)


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        (torch.tensor([0, 3]), r"tags must be in the range \[0, 2\], got 3"),
        (torch.tensor([-100, 1]), "got -100; mask the frames"),
    ],
)
def test_tags(tags, says):
    with pytest.raises(ValueError, match=says):
        check_tags(3, tags)


def test_what_is_allowed_passes():
    check_shapes(3, EMISSIONS, torch.zeros(2, 4, dtype=torch.int64), torch.ones(2, 4))
    check_tags(3, torch.tensor([0, 2], dtype=torch.int32))
    check_allowed(torch.tensor([-1e6, 0.0]))
    check_possible(torch.tensor([-1e6, 1e6]))


def test_what_is_forbidden_is_named():
    with pytest.raises(DataError, match="tags of sequence 1 of the batch are forbidden"):
        check_allowed(torch.tensor([0.0, -torch.inf]))
    with pytest.raises(DataError, match="sequence 0 of the batch has no tagging"):
        check_possible(torch.tensor([-torch.inf, 0.0]))
    for check in (check_allowed, check_possible):
        with pytest.raises(DataError, match="sequence 1 of the batch are too large"):
            check(torch.tensor([0.0, torch.nan]))


def test_numbers():
    mask = torch.tensor([[True] * 4, [True, False, True, True]])
    given = Potentials(torch.zeros(2, 4, 3), torch.zeros(3), torch.zeros(3, 3), torch.zeros(3))
    given.emissions[1, 1] = torch.nan
    check_numbers(given, Layout((2, 4), mask, given.emissions.device))
    with pytest.raises(DataError, match=r"sequence 1 of the batch hold NaN or .inf at frame 1"):
        check_numbers(given, Layout((2, 4), None, given.emissions.device))
    given.transitions[0, 0] = torch.inf
    with pytest.raises(DataError, match=r"^transitions of the layer hold NaN"):
        check_numbers(given, Layout((2, 4), mask, given.emissions.device))
    check_size(torch.tensor([-torch.inf, 1e20]))
    with pytest.raises(DataError, match=r"exceeds 1e.25 in size"):
        check_size(torch.tensor([-1e30]))
