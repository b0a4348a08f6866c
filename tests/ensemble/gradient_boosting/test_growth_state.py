"""Records of a growing tree are laid out without gaps, so that their size is known to every machine."""

import numpy as np
import pytest

from panlearn.ensemble.gradient_boosting import growth_state


@pytest.mark.parametrize("name", ["NODE", "RULES", "COLUMN", "STATE", "JOB", "FOUND"])
def test_fields_are_aligned(name):
    kind = getattr(growth_state, name)
    assert kind.itemsize % 8 == 0
    for dtype, offset in (kind.fields[field][:2] for field in kind.names):
        assert offset % dtype.base.itemsize == 0
    assert kind == np.dtype(kind.descr)
