"""Training curves for TensorBoard."""

import os
from typing import TYPE_CHECKING, Any

from sklearn.base import BaseEstimator

from panlearn.neural_network.training.callback import Callback

if TYPE_CHECKING:
    from panlearn.neural_network.training.run import Run


class TensorBoardWriter(Callback, BaseEstimator):
    """Write loss, gradient norm, learning rate and validation of each pass, for `tensorboard --logdir FOLDER`.

    Needs the package tensorboard (`pip install tensorboard`).

    Parameters
    ----------
    folder : str or path-like
        Where event files go; one folder a fit.
    histograms : bool, default=False
        Whether to write a histogram of each parameter as well.

    Raises
    ------
    ImportError
        If tensorboard is not installed.

    Examples
    --------
    A fit leaves one file of events:

    >>> import tempfile
    >>> from pathlib import Path
    >>> from panlearn.neural_network import NeuralClassifier
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model = NeuralClassifier(max_epochs=2, callbacks=[TensorBoardWriter(folder)]).fit([[0.0], [1.0]], [0, 1])
    ...     [path.name.partition(".")[0] for path in Path(folder).iterdir()]
    ['events']
    """

    def __init__(self, folder: str | os.PathLike[str], *, histograms: bool = False) -> None:
        self.folder, self.histograms = folder, histograms
        self.make: Any = None
        self.writer: Any = None

    def on_fit_begin(self, run: "Run") -> None:
        """Look for the package before any work is done.

        Parameters
        ----------
        run : Run
            The fit.
        """
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ImportError("TensorBoardWriter needs tensorboard: pip install tensorboard") from error
        self.make, self.writer = SummaryWriter, None

    def on_epoch_end(self, run: "Run") -> None:
        """Write a point of each curve.

        Parameters
        ----------
        run : Run
            The fit.
        """
        if not run.group.first:
            return
        number = run.epoch - 1
        if self.writer is None:  # here, since a resumed run knows by now where it stands
            self.writer = self.make(str(self.folder), purge_step=number or None)
        for name, value in run.last._asdict().items():
            if value is not None:
                self.writer.add_scalar(name, value, number)
        for name, parameter in run.module.named_parameters() if self.histograms else ():
            self.writer.add_histogram(name, parameter.detach(), number)

    def on_fit_end(self, run: "Run") -> None:
        """Close the files.

        Parameters
        ----------
        run : Run
            The fit.
        """
        if self.writer is not None:
            self.writer.close()
        self.make = self.writer = None
