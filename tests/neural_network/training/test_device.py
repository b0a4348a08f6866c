"""Devices: the CPU is always there, and what is not is said so."""

import pytest
import torch

from panlearn.core.errors import DataError
from panlearn.neural_network.training.device import choose_device


def test_auto():
    assert choose_device().type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device(torch.device("cpu")) == torch.device("cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
@pytest.mark.parametrize("name", ["cuda", "cuda:0", torch.device("cuda")])
def test_cuda_asked_for_and_absent(name):
    with pytest.raises(DataError, match=r"device=.*cuda.* is not to be had here .*: take 'auto', or one of \['cpu'\]"):
        choose_device(name)


@pytest.mark.parametrize("name", ["gpu", "cpu:x", None])
def test_no_such_device(name):
    with pytest.raises(DataError, match="is not to be had here"):
        choose_device(name)


def test_each_process_takes_its_own_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert choose_device("auto") == torch.device("cuda", 1)
