"""Content, style and grain of an image."""

import numpy as np
import pytest
import torch

from panlearn.neural_network.style_losses import SMOOTH, gram, relative_error, total_variation


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_gram_matches_oracle():
    maps = random(1, 3, 4, 5)
    expected = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            expected[i, j] = sum(float(maps[0, i, r, c] * maps[0, j, r, c]) for r in range(4) for c in range(5)) / 20
    np.testing.assert_allclose(gram(maps).numpy(), expected, atol=1e-12)


def test_style_does_not_know_where_things_are():
    """Any permutation of the places leaves the Gram matrix as it is, and changes the content."""
    maps = random(1, 3, 4, 5)
    moved = maps.flatten(2)[:, :, torch.randperm(20, generator=torch.Generator().manual_seed(1))].view_as(maps)
    torch.testing.assert_close(gram(moved), gram(maps))
    assert relative_error(moved, maps) > 0.5
    assert relative_error(maps, maps) == 0
    torch.testing.assert_close(gram(torch.cat([maps, moved])), gram(maps))  # nor how large the image is


def test_relative_errors_have_no_unit():
    a, b = random(6), random(6).flip(0)
    torch.testing.assert_close(relative_error(1e3 * a, 1e3 * b), relative_error(a, b))
    assert relative_error(torch.zeros(3), torch.zeros(3)) == 0


def test_total_variation_matches_oracle():
    x = random(1, 2, 4, 3)
    lengths = [
        np.sqrt(float((x[0, c, i, j + 1] - x[0, c, i, j]) ** 2 + (x[0, c, i + 1, j] - x[0, c, i, j]) ** 2) + SMOOTH**2)
        for c in range(2)
        for i in range(3)
        for j in range(2)
    ]
    assert total_variation(x).item() == pytest.approx(np.mean(lengths), rel=1e-9)
    assert total_variation(torch.ones(1, 1, 5, 5)).item() == pytest.approx(SMOOTH)
    assert total_variation(torch.ones(1, 1, 1, 5)) == 0


def test_gradient():
    x = random(1, 2, 3, 3).requires_grad_()
    target = random(2, 2)
    assert torch.autograd.gradcheck(lambda x: relative_error(gram(x), target) + total_variation(x), (x,))
