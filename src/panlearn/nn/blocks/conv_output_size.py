r"""Size of a feature map after a convolution or a pooling.

    h_out = floor((h + 2 p - d (k - 1) - 1) / s) + 1         k kernel, s stride, p padding, d dilation

The kernel, spread over d (k - 1) + 1 places, fits h + 2p - d (k - 1) times; every s-th fit is taken. Note 002 rounds
up; the field rounds down, and so do we [dumoulin2016]. Poolings can be told to round up (`ceil_mode`), which uses the
last columns as well; a window that would begin beyond the input and its left padding is dropped all the same.
"""

from collections.abc import Sequence

Sizes = int | Sequence[int]


def conv_output_size(
    size: Sizes,
    kernel_size: Sizes,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    *,
    ceil_mode: bool = False,
) -> int | tuple[int, ...]:
    """Return the size of a feature map after a convolution or a pooling.

    Parameters
    ----------
    size : int or sequence of int
        Size of the input: a length, or (height, width), ... .
    kernel_size, stride : int or sequence of int
        Of the layer; a number holds for every axis.
    padding : int, sequence of int, "same" or "valid"
        Rows added on either side; "same" keeps the size (stride 1), "valid" adds none.
    dilation : int or sequence of int
        Distance of the kernel's places.
    ceil_mode : bool, default=False
        Round up, as `torch.nn.MaxPool2d(ceil_mode=True)` does.

    Returns
    -------
    int or tuple of int
        A number if `size` is one.

    Raises
    ------
    ValueError
        If the kernel does not fit into the input, or an argument is out of its range.

    References
    ----------
    [dumoulin2016], notes 001 §6.2, 002 "CNN feature map"

    Examples
    --------
    The notes' examples: a 6 x 6 image under a 3 x 3 kernel, and 32 x 32 under 5 x 5, then pooled by 2 x 2.

    >>> conv_output_size((6, 6), 3)
    (4, 4)
    >>> conv_output_size(32, 5), conv_output_size(28, 2, stride=2)
    (28, 14)
    """
    sizes = (size,) if isinstance(size, int) else tuple(size)
    n_axes = len(sizes)
    kernels = _per_axis("kernel_size", kernel_size, n_axes, 1)
    strides, dilations = _per_axis("stride", stride, n_axes, 1), _per_axis("dilation", dilation, n_axes, 1)
    if padding == "same":
        if any(s != 1 for s in strides):
            raise ValueError(f"padding='same' needs stride 1, got stride {stride}: give the padding as a number")
        found = sizes
    else:
        paddings = _per_axis("padding", 0 if padding == "valid" else padding, n_axes, 0)
        axes = zip(sizes, kernels, strides, paddings, dilations)
        found = tuple(_axis(*axis, ceil_mode=ceil_mode) for axis in axes)
    return found[0] if isinstance(size, int) else found


def _per_axis(name: str, value: Sizes | str, n_axes: int, least: int) -> tuple[int, ...]:
    """Repeat a number for every axis, or check the sequence."""
    if isinstance(value, str):
        raise ValueError(f"{name} must be a whole number, a sequence, 'same' or 'valid', got {value!r}")
    values = (value,) * n_axes if isinstance(value, int) else tuple(value)
    if len(values) != n_axes or any(v < least for v in values):
        raise ValueError(f"{name} must be one or {n_axes} whole numbers of at least {least}, got {value!r}")
    return values


def _axis(size: int, kernel: int, stride: int, padding: int, dilation: int, *, ceil_mode: bool) -> int:
    """Size of one axis."""
    room = size + 2 * padding - dilation * (kernel - 1) - 1  # places to the right of the kernel's first
    if size < 1 or room < 0:
        raise ValueError(
            f"a kernel of {kernel} (dilation {dilation}) does not fit into {size} places with padding {padding}: "
            f"use a smaller kernel, more padding, or fewer poolings before it"
        )
    if not ceil_mode:
        return room // stride + 1
    count = -(-room // stride) + 1
    return count - ((count - 1) * stride >= size + padding)  # the last window must begin inside
