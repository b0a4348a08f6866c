"""MLflow: settings and curves go to one run, also after a resume."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from panlearn.neural_network.training.checkpoint import Checkpoint
from panlearn.neural_network.training.loop import train
from panlearn.neural_network.training.mlflow_writer import MLflowWriter
from tests.neural_network.training.fits import begin


class Server:
    """Stands in for MLflow's client."""

    def __init__(self):
        self.params, self.metrics, self.runs, self.ended = {}, [], [], []
        self.experiments = {"known": "7"}

    def __call__(self, tracking_uri):
        self.uri = tracking_uri
        return self

    def get_experiment_by_name(self, name):
        return SimpleNamespace(experiment_id=self.experiments[name]) if name in self.experiments else None

    def create_experiment(self, name):
        self.experiments[name] = "8"
        return "8"

    def create_run(self, experiment, run_name):
        self.runs.append((experiment, run_name))
        return SimpleNamespace(info=SimpleNamespace(run_id=f"run{len(self.runs)}"))

    def log_param(self, run, name, value):
        self.params[name] = value

    def log_metric(self, run, name, value, step):
        self.metrics.append((run, name, value, step))

    def set_terminated(self, run):
        self.ended.append(run)


@pytest.fixture
def server(monkeypatch):
    server, package = Server(), ModuleType("mlflow")
    package.__dict__["MlflowClient"] = server
    monkeypatch.setitem(sys.modules, "mlflow", package)
    return server


@pytest.mark.parametrize(("experiment", "identity"), [(None, "0"), ("known", "7"), ("new", "8")])
def test_settings_and_curves(server, experiment, identity):
    writer = MLflowWriter(experiment, run_name="first", tracking_uri="file:runs")
    run = train(begin(callbacks=(writer,)))
    assert (server.uri, server.runs, server.ended) == ("file:runs", [(identity, "first")], ["run1"])
    assert server.params["learning_rate"] == 1e-3
    curve = [("run1", "loss", epoch.loss, k) for k, epoch in enumerate(run.history)]
    assert [metric for metric in server.metrics if metric[1] == "loss"] == curve
    assert {metric[1] for metric in server.metrics} == {"loss", "gradient_norm", "learning_rate"}


def test_a_resumed_fit_goes_on_in_the_same_run(server, tmp_path):
    for epochs in (2, 4):
        train(begin(max_epochs=epochs, callbacks=(MLflowWriter(), Checkpoint(tmp_path / "run"))))
    assert len(server.runs) == 1
    assert [step for _, name, _, step in server.metrics if name == "loss"] == [0, 1, 2, 3]


def test_absent_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ImportError, match="pip install mlflow"):
        train(begin(callbacks=(MLflowWriter(),)))
