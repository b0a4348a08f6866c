"""Several processes train as one: the same weights to rounding, and faults that are told."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import distributed as dist

from panlearn.core.errors import DataError
from panlearn.neural_network.training.distributed import Group, current_group, require_same
from panlearn.neural_network.training.loop import train
from tests.neural_network.training.fits import begin, weights

needs_gloo = pytest.mark.skipif(
    not (dist.is_available() and dist.is_gloo_available()), reason="this torch has no gloo to join processes with"
)

SCRIPT = """
import json, sys
import torch
from panlearn.neural_network.training.checkpoint import Checkpoint
from panlearn.neural_network.training.distributed import Group
from panlearn.neural_network.training.loop import train
from tests.neural_network.training.fits import begin, network, weights

folder, out = sys.argv[1], {}
rank = int(__import__("os").environ["RANK"])
for name, settings in json.loads(sys.argv[2]).items():
    run = train(begin(network(seed=rank), **settings))  # other first weights in each: those of process 0 are taken
    out[name] = weights(run).tolist(), run.last.loss
for epochs in (2, 4):  # with dropout, taken up after two passes
    torch.manual_seed(rank)
    callbacks = (Checkpoint(folder + "/run"),)
    resumed = train(begin(network(dropout=0.5), max_epochs=epochs, callbacks=callbacks))
torch.manual_seed(rank)
whole = train(begin(network(dropout=0.5), max_epochs=4, callbacks=(Checkpoint(folder + "/other"),)))
out["resumed"] = bool(torch.equal(weights(resumed), weights(whole)))
out["same everywhere"] = len({str(held) for held in Group(rank, 2).all_of(weights(whole).tolist())}) == 1
with open(f"{folder}/{rank}.json", "w") as file:
    json.dump(out, file)
torch.distributed.destroy_process_group()
"""

CASES = {
    "full batch": {"optimizer": "sgd", "learning_rate": 0.1, "size": 90, "max_epochs": 1},
    "batches": {"size": 13, "max_epochs": 3},  # shares of unequal size
    "more processes than rows": {"size": 89, "max_epochs": 2},  # the last batch has one row
}


@needs_gloo
def test_two_processes_give_the_result_of_one(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    root = Path(__file__).parents[3]
    environment = {**__import__("os").environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*launch, str(script), str(tmp_path), json.dumps(CASES)],
        cwd=root, env=environment, capture_output=True, text=True, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    for name, settings in CASES.items():
        alone = train(begin(**settings))
        for found in (first, second):
            torch.testing.assert_close(torch.tensor(found[name][0]).double(), weights(alone), rtol=0, atol=1e-5)
            assert found[name][1] == pytest.approx(alone.last.loss, abs=1e-5)
    assert first["resumed"]
    assert second["resumed"]
    assert first["same everywhere"]


def test_one_process_is_a_group():
    group, tensor = Group(), torch.ones(2)
    group.add([tensor])
    assert tensor.tolist() == [1.0, 1.0]
    assert group.first
    assert group.from_first("value") == "value"
    assert group.all_of(3) == [3]
    assert group.any(True)
    assert not group.any(False)


def test_outside_torchrun_nothing_is_joined(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert current_group(torch.device("cpu")) == Group(0, 1)
    assert not dist.is_initialized()


def test_a_torch_without_means(monkeypatch):
    monkeypatch.setattr(dist, "is_available", lambda: False)
    assert current_group(torch.device("cpu")) == Group()
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(DataError, match=r"without torch.distributed: run the script with python"):
        current_group(torch.device("cpu"))


def test_processes_with_other_data_are_refused(monkeypatch):
    monkeypatch.setattr(Group, "all_of", lambda self, value: [value, {**value, "number of rows": 7}])
    require_same(Group(0, 2), {"batch_size": 3})
    with pytest.raises(DataError, match=r"differ in their number of rows: \[8, 7\]"):
        require_same(Group(0, 2), {"batch_size": 3, "number of rows": 8})
