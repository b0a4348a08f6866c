"""Built modules as descriptions: the same answers after a round trip, and nothing that could run."""

import pickle

import pytest
import torch
from torch import nn

from panlearn.core.errors import ModelFileError
from panlearn.neural_network.module_storage import rebuilt, sketch

MODULES = [
    (nn.Sequential(nn.Conv2d(1, 2, 3, padding="same"), nn.BatchNorm2d(2), nn.PReLU(), nn.Flatten()), (4, 1, 5, 5)),
    (nn.TransformerEncoderLayer(4, 2, 8, batch_first=True, dropout=0.0), (4, 3, 4)),
    (nn.GRU(4, 3, batch_first=True), (4, 3, 4)),
    (nn.ModuleList([nn.Linear(4, 2, bias=False)])[0], (4, 4)),
]


@pytest.mark.parametrize(("module", "shape"), MODULES, ids=lambda value: type(value).__name__)
def test_round_trip(module, shape):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    copy = rebuilt(sketch(module.eval()))
    before, after = module(x), copy(x)
    before, after = (before[0], after[0]) if isinstance(before, tuple) else (before, after)
    assert torch.equal(before, after)
    assert [name for name, _ in copy.named_parameters()] == [name for name, _ in module.named_parameters()]
    assert b"torch.nn.modules" in pickle.dumps(sketch(module))  # names, not objects


def test_frozen_parameters_stay_frozen():
    layer = nn.Linear(2, 2)
    layer.bias.requires_grad_(False)
    copy = rebuilt(sketch(layer))
    assert copy.weight.requires_grad
    assert not copy.bias.requires_grad


class Holder(nn.Module):
    def __init__(self, thing):
        super().__init__()
        self.thing = thing


def test_edge_cases():
    with pytest.raises(ModelFileError, match="which a file cannot hold: give the class"):
        sketch(Holder(lambda x: x))
    plain = {"sizes": (1, 2), "type": torch.float32, "names": {"a": [None, True]}}
    assert rebuilt(sketch(Holder(plain))).thing == plain
    for kind in ("os.system", "torch.nn.modules.module.torch", "torch.nn.modules.linear.init", "builtins.dict"):
        with pytest.raises(ModelFileError, match="no torch module"):
            rebuilt(sketch(nn.Linear(1, 1))._replace(kind=kind))
