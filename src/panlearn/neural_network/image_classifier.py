"""What classifiers of images share: images in any form, pixels scaled, changes to the training images.

    X  ->  bytes (n, c, h, w)  ->  batch  ->  augment  ->  (x - mean) / spread  ->  convolutions  ->  K outputs

Mean and spread are those of each channel over the training images. The images stay as they came, bytes as a rule, until
their batch is computed; augmentation draws new versions of each image in every epoch and never touches a prediction.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.utils.validation import validate_data
from torch import Tensor, nn

from panlearn.core.constraints import options
from panlearn.core.errors import DataError
from panlearn.neural_network.augmentation import Augmentation
from panlearn.neural_network.image_rows import ImageShape, Layout, image_array, image_table, is_table
from panlearn.neural_network.network_classifier import NetworkClassifier
from panlearn.neural_network.training.rows import TensorRows
from panlearn.nn.blocks.pixel_scaling import PixelScaling


class ImageClassifier(NetworkClassifier):
    """Base of CNNClassifier and ResNetClassifier."""

    channels: Layout
    image_shape: Any
    augment: Augmentation | None
    image_shape_: ImageShape
    pixel_mean_: np.ndarray
    pixel_spread_: np.ndarray
    pixel_range_: tuple[float, float]

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **NetworkClassifier._parameter_constraints,
        "channels": [options("auto", "last", "first")],
        "image_shape": [tuple, list, None],
        "augment": [Augmentation, None],
    }

    @abstractmethod
    def _layers(self, shape: ImageShape) -> dict[str, nn.Module]:
        """Layers from scaled pixels to outputs, by name."""

    def _network(self) -> nn.Module:
        scaling = PixelScaling(self.pixel_mean_.tolist(), self.pixel_spread_.tolist())
        network = nn.Sequential()
        for name, layer in {"scaling": scaling, **self._layers(self.image_shape_)}.items():
            network.add_module(name, layer)
        return network

    def _rows(self, X: Any, *, reset: bool) -> TensorRows:
        size = self._size_asked()
        if is_table(X):
            table: Any = validate_data(self, X, reset=reset, dtype="numeric")
            array = image_table(table, size)
        else:
            array = image_array(X, channels=self.channels, size=size)
            if reset:
                self.__dict__.pop("feature_names_in_", None)  # of a table before
            else:
                self._same_unit(array)
        shape = ImageShape(*array.shape[1:])
        if not len(array):
            raise DataError("Found array with 0 sample(s), while a minimum of 1 is required: X holds no image.")
        if reset:
            self._learn(array, shape)
        elif shape != self.image_shape_:
            c, h, w = self.image_shape_
            raise DataError(
                f"{type(self).__name__} was fitted on images of {h} x {w} with {c} channels, X has images of "
                f"{shape.height} x {shape.width} with {shape.channels}: image_shape=({h}, {w}) resizes them."
            )
        return TensorRows((torch.from_numpy(array if array.flags.writeable else array.copy()),))

    def _size_asked(self) -> Sequence[int] | None:
        """Check `image_shape`."""
        size = self.image_shape
        if size is None:
            return None
        if len(size) not in (2, 3) or not all(isinstance(s, (int, np.integer)) and s > 0 for s in size):
            raise DataError(
                f"image_shape must be (height, width) or (height, width, channels), each at least 1, got {size!r}."
            )
        return size

    def _learn(self, array: np.ndarray, shape: ImageShape) -> None:
        """Set what the network depends on: form of the images, mean and spread of each channel."""
        self.n_features_in_ = int(np.prod(shape))
        self.image_shape_ = shape
        moments = [_moments(array[:, c]) for c in range(shape.channels)]
        self.pixel_mean_, self.pixel_spread_ = np.array(moments).T
        self.pixel_range_ = (0.0, 255.0) if array.dtype == np.uint8 else (float(array.min()), float(array.max()))

    def _same_unit(self, array: np.ndarray) -> None:
        """Refuse pixels from 0 to 1 where bytes were learnt, and the other way round."""
        bytes_, top = array.dtype == np.uint8, self.pixel_range_[1]
        if bytes_ and top <= 1 < array.max(initial=0):
            raise DataError(f"X holds bytes, but the network was fitted on pixels up to {top:g}: divide X by 255.")
        if not bytes_ and self.pixel_range_ == (0.0, 255.0) and array.size and 0 < array.max() <= 1:
            raise DataError("X holds pixels up to 1, but the network was fitted on bytes, 0 to 255: multiply X by 255.")

    def _transform(self) -> Callable[[tuple[Tensor, ...]], tuple[Tensor, ...]] | None:
        return None if self.augment is None else self.augment.transform(self.pixel_range_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _moments(channel: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of the pixels of a channel; a constant one has spread 1."""
    if channel.dtype == np.uint8:  # exact, and no copy in floats
        counts, values = np.zeros(256), np.arange(256.0)
        for part in np.array_split(channel, 64):
            counts += np.bincount(part.ravel(), minlength=256)
        mean = float(counts @ values / counts.sum())
        variance = float(counts @ (values - mean) ** 2 / counts.sum())
    else:
        mean = float(channel.mean(dtype=np.float64))
        variance = float(np.mean((channel - np.float32(mean)) ** 2, dtype=np.float64))
    return mean, variance**0.5 if variance > 0 else 1.0
