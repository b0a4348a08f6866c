"""States as files: what comes back is what went in, and a file is there whole or not at all."""

import errno
import os
from pathlib import Path

import pytest
import torch

from panlearn.core.errors import ModelFileError
from panlearn.neural_network.training.state_file import from_bytes, to_bytes, write_atomically


def test_round_trip_of_a_tree():
    flat = torch.arange(6.0)
    state = {
        "views": [flat[:4].view(2, 2), flat[4:]],  # of one storage
        "numbers": {0: 1, 1: (0.1 + 0.2, None, True)},
        "not finite": [float("inf"), -float("inf")],
        "types": {"half": torch.ones(2, dtype=torch.bfloat16), "bytes": torch.tensor([1, 2], dtype=torch.uint8)},
        "scalar": torch.tensor(3.5),
        "empty": {"dict": {}, "list": [], "tensor": torch.empty(0, 3)},
        "dict": {"tensor": "a string that looks like a tag"},
    }
    found = from_bytes(to_bytes(state))
    assert list(found) == list(state)
    assert found["numbers"] == state["numbers"]
    assert found["numbers"][1][0] == 0.1 + 0.2  # to the bit
    assert found["not finite"] == state["not finite"]
    assert found["dict"] == state["dict"]
    assert torch.equal(found["views"][0], flat[:4].view(2, 2))
    for name in ("half", "bytes"):
        assert found["types"][name].dtype == state["types"][name].dtype
        assert torch.equal(found["types"][name], state["types"][name])
    assert found["scalar"].shape == ()
    assert found["empty"]["tensor"].shape == (0, 3)


def test_any_reader_of_safetensors_finds_the_weights(tmp_path):
    from safetensors.torch import load_file

    path = tmp_path / "state"
    write_atomically(path, to_bytes({"module": {"0.weight": torch.ones(2, 3)}, "step": 7}))
    assert {key: tuple(value.shape) for key, value in load_file(path).items()} == {"module.0.weight": (2, 3)}


@pytest.mark.parametrize("data", [b"", b"short", b"\x80\x04K\x01.", to_bytes({"a": torch.ones(9)})[:-4]])
def test_damage_is_told(data):
    with pytest.raises(ModelFileError, match="not a state that panlearn wrote, or damaged"):
        from_bytes(data)


def test_foreign_safetensors_are_refused():
    from safetensors.torch import save

    with pytest.raises(ModelFileError, match="not a state"):
        from_bytes(save({"a": torch.ones(2)}))


@pytest.mark.parametrize("where", ["fsync", "replace"])
def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch, where):
    path = tmp_path / "state"
    write_atomically(path, b"old")

    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*((os, "fsync", full) if where == "fsync" else (Path, "replace", full)))
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]  # nothing half written is left behind


def test_a_limit_on_the_size_of_files_keeps_the_old_one(tmp_path):
    resource = pytest.importorskip("resource")
    path = tmp_path / "state"
    write_atomically(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_atomically(path, bytes(1 << 21))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
