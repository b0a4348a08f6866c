"""A fitted network as bytes: its weights as safetensors, which hold numbers and nothing that could run.

The module itself is not stored. It is built again from the estimator's parameters and from what `fit` learnt about the
shapes of the data, and the weights are put into it, so that a file holds no classes, and a model written by one version
of torch opens in another.
"""

import numpy as np
from safetensors.torch import load, save
from torch import Tensor, nn

from panlearn.core.errors import ModelFileError


def weights_of(module: nn.Module) -> np.ndarray:
    """Parameters and buffers of a module, safetensors bytes as uint8.

    Parameters
    ----------
    module : Module
        On any device.

    Returns
    -------
    ndarray of uint8
        The bytes.
    """
    # a copy of each: training leaves parameters as views of one vector
    tensors = {name: t.detach().cpu().contiguous().clone() for name, t in module.state_dict().items() if _is_tensor(t)}
    return np.frombuffer(save(tensors), dtype=np.uint8)


def restore_weights(module: nn.Module, data: np.ndarray) -> nn.Module:
    """Put stored weights into a module of the same architecture.

    Parameters
    ----------
    module : Module
        Changed in place.
    data : ndarray of uint8
        From `weights_of`.

    Returns
    -------
    Module
        The same, set to evaluation.

    Raises
    ------
    ModelFileError
        If names or shapes of the weights are not the module's.
    """
    tensors = load(np.asarray(data, dtype=np.uint8).tobytes())
    own = {name for name, t in module.state_dict().items() if _is_tensor(t)}
    if own != set(tensors):
        odd = sorted(own ^ set(tensors))[:3]
        raise ModelFileError(
            f"the stored weights are not those of this {type(module).__name__}: {odd} on one side only. The module "
            "must be built as it was for the fit."
        )
    try:
        module.load_state_dict(tensors, strict=False)
    except RuntimeError as error:
        raise ModelFileError(f"the stored weights do not fit this {type(module).__name__}: {error}") from None
    return module.eval()


def _is_tensor(value: object) -> bool:
    """Modules may keep other things in their state, which no file takes."""
    return isinstance(value, Tensor)
