"""Training curves for MLflow."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sklearn.base import BaseEstimator

from panlearn.neural_network.training.callback import Callback

if TYPE_CHECKING:
    from panlearn.neural_network.training.run import Run


class MLflowWriter(Callback, BaseEstimator):
    """Log the settings of a fit, and loss, gradient norm, learning rate and validation of each pass, as an MLflow run.

    Needs the package mlflow (`pip install mlflow`).

    Parameters
    ----------
    experiment : str or None, default=None
        Its name; None is MLflow's default.
    run_name : str or None, default=None
        Name of the run; None lets MLflow choose.
    tracking_uri : str or None, default=None
        Server or folder; None is what MLflow is set to.

    Raises
    ------
    ImportError
        If mlflow is not installed.

    Notes
    -----
    It goes on with the run that a killed fit had begun, if there is a `Checkpoint`, which stores the run's identity.

    Examples
    --------
    One of `callbacks` of a neural estimator:

    >>> MLflowWriter("digits", tracking_uri="sqlite:///runs.db")
    MLflowWriter(experiment='digits', tracking_uri='sqlite:///runs.db')
    """

    def __init__(
        self, experiment: str | None = None, *, run_name: str | None = None, tracking_uri: str | None = None
    ) -> None:
        self.experiment, self.run_name, self.tracking_uri = experiment, run_name, tracking_uri
        self.client: Any = None
        self.identity = ""  # of the MLflow run

    def on_fit_begin(self, run: "Run") -> None:
        """Look for the package before any work is done.

        Parameters
        ----------
        run : Run
            The fit.
        """
        try:
            mlflow = import_module("mlflow")
        except ImportError as error:
            raise ImportError("MLflowWriter needs mlflow: pip install mlflow") from error
        self.client, self.identity = mlflow.MlflowClient(tracking_uri=self.tracking_uri), ""

    def on_epoch_end(self, run: "Run") -> None:
        """Log a point of each curve.

        Parameters
        ----------
        run : Run
            The fit.
        """
        if not run.group.first:
            return
        if not self.identity:
            self._begin(run)
        for name, value in run.last._asdict().items():
            if value is not None:
                self.client.log_metric(self.identity, name, value, step=run.epoch - 1)

    def on_fit_end(self, run: "Run") -> None:
        """Close the run.

        Parameters
        ----------
        run : Run
            The fit.
        """
        if self.identity:
            self.client.set_terminated(self.identity)
        self.client = None

    def _begin(self, run: "Run") -> None:
        """Open an MLflow run and log the settings."""
        experiment = "0"  # MLflow's default
        if self.experiment is not None:
            found = self.client.get_experiment_by_name(self.experiment)
            experiment = found.experiment_id if found else self.client.create_experiment(self.experiment)
        self.identity = self.client.create_run(experiment, run_name=self.run_name).info.run_id
        for name, value in run.settings._asdict().items():
            if name not in ("callbacks", "rate_of"):
                self.client.log_param(self.identity, name, value)

    def state(self) -> dict[str, Any]:
        """Which MLflow run it is.

        Returns
        -------
        dict
            For `restore`.
        """
        return {"identity": self.identity}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up `state`.

        Parameters
        ----------
        state : dict
            What `state` returned.
        """
        self.identity = state["identity"]
