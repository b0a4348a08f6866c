"""A network to look through."""

import pytest
import torch
from torch import nn

from panlearn.core.errors import DataError
from panlearn.neural_network.style_view import feature_maps, view_of

CPU = torch.device("cpu")


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 2))


def view(net: nn.Module, **changes):
    settings = {"style_layers": None, "content_layers": None, "pixel_range": None, "scaling": (None, None)}
    return view_of(net, **{**settings, **changes}, device=CPU)


def test_layers_answer_as_in_the_whole_network_and_the_head_is_not_run():
    net, x = network(), torch.randn(1, 2, 6, 6)
    found = feature_maps(net, ["0", "2"], x)
    torch.testing.assert_close(found["0"], net[0](x))
    torch.testing.assert_close(found["2"], net[:3](x))
    larger = torch.randn(1, 2, 9, 11)  # the linear layer could not take it
    assert feature_maps(net, ["2"], larger)["2"].shape == (1, 4, 5, 7)
    assert not any(layer._forward_hooks for layer in net.modules())


def test_the_network_is_copied_and_stays_as_it_is():
    net = network().train()
    seen = view(net)
    assert net.training
    assert all(p.requires_grad for p in net.parameters())
    assert not seen.network.training
    assert not any(p.requires_grad for p in seen.network.parameters())


def test_defaults():
    seen = view(network())
    assert (seen.style_layers, seen.content_layers) == (("0", "2"), ("2",))
    deep = nn.Sequential(*(nn.Conv2d(1, 1, 1) for _ in range(9)))
    assert view(deep).style_layers == ("0", "2", "4", "6", "8")
    assert (seen.low, seen.high, seen.n_channels) == (0.0, 1.0, 2)


def test_pixels_are_brought_to_what_the_network_takes():
    net, u = network(), torch.rand(1, 2, 6, 6)
    seen = view(net, pixel_range=(0, 255), scaling=([100.0, 120.0], [50.0, 60.0]))
    scaled = (255 * u - torch.tensor([100.0, 120.0])[:, None, None]) / torch.tensor([50.0, 60.0])[:, None, None]
    torch.testing.assert_close(seen.maps(u, ["0"])["0"], net[0](scaled))


def test_edge_cases():
    with pytest.raises(DataError, match="must have two-dimensional convolutions, Linear has none"):
        view(nn.Linear(2, 2))
    with pytest.raises(DataError, match="a fitted estimator of images or a torch module, got str"):
        view("vgg")  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"style_layers must name layers .* got 'conv9'; it has 0, 1, 2, 3, 4"):
        view(network(), style_layers=["conv9"])
    with pytest.raises(DataError, match="content_layers must name layers of the network, got none"):
        view(network(), content_layers=[])
    with pytest.raises(DataError, match="low < high"):
        view(network(), pixel_range=(1.0, 1.0))
    with pytest.raises(DataError, match="for each of the 2 channels"):
        view(network(), scaling=([0.5], None))
    with pytest.raises(DataError, match=r"cannot take images of shape \(2, 4, 4\).*larger images"):
        feature_maps(network(), ["2"], torch.zeros(1, 2, 4, 4))
    never = nn.ModuleDict({"used": nn.Conv2d(1, 1, 1), "unused": nn.Conv2d(1, 1, 1)})
    never.forward = lambda x: never["used"](x)  # type: ignore[method-assign]
    with pytest.raises(DataError, match=r"\['unused'\] did not answer"):
        feature_maps(never, ["unused"], torch.zeros(1, 1, 3, 3))
