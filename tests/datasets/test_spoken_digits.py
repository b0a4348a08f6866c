"""Archives of recordings: what was written comes back, in the order of the names."""

import io
import tarfile
import wave

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.datasets import read_spoken_digits


def archive(path, rates, names):
    with tarfile.open(path, "w:gz") as out:
        for k, (name, rate) in enumerate(zip(names, rates)):
            held = io.BytesIO()
            with wave.open(held, "wb") as sound:
                sound.setparams((1, 2, rate, 0, "NONE", ""))
                sound.writeframes(np.array([0, 16384, -32768, k], "<i2").tobytes())
            entry = tarfile.TarInfo(f"data/recordings/{name}.wav")
            entry.size = held.tell()
            held.seek(0)
            out.addfile(entry, held)
    return path


def test_reads_what_was_written(tmp_path):
    names = ["7_theo_12", "3_jackson_4", "3_george_5"]
    data = read_spoken_digits(archive(tmp_path / "some.tar.gz", [8000] * 3, names))
    assert data.digits.tolist() == [3, 3, 7]
    assert data.speakers.tolist() == ["george", "jackson", "theo"]
    assert data.test.tolist() == [False, True, False]
    assert data.rate == 8000
    np.testing.assert_array_equal(data.sounds[2], [0, 0.5, -1, 0])


def test_refuses(tmp_path):
    with pytest.raises(DataError, match="found 0"):
        read_spoken_digits(archive(tmp_path / "none.tar.gz", [], []))
    with pytest.raises(DataError, match="one rate"):
        read_spoken_digits(archive(tmp_path / "two.tar.gz", [8000, 16000], ["1_a_1", "2_a_1"]))
