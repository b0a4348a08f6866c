"""The look is applied inside, and left behind at the door."""

import subprocess
import sys

import matplotlib

from panlearn.plot.style import ACCENT, ROLES, SECOND, house_style, new_axes


def test_style_does_not_leak():
    before = dict(matplotlib.rcParams)
    with house_style():
        new_axes()
    assert dict(matplotlib.rcParams) == before


def test_no_pyplot_state():
    code = "import sys, panlearn.plot as p; p.plot_roc([0, 1], [0.1, 0.9]); print('matplotlib.pyplot' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


def test_importing_the_package_loads_no_matplotlib():
    code = "import sys, panlearn; print('matplotlib' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


def test_the_two_data_colours_differ_in_lightness_too():
    def luminance(colour):
        red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2

    light, dark = sorted((luminance(ACCENT), luminance(SECOND)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) > 1.3
    assert len(ROLES) == 8  # no two roles share a colour
