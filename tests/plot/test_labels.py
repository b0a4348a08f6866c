"""Numbers and names as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panlearn.plot.labels import display_cells, fit_label, format_number, score_decimals


@given(st.text(min_size=1, max_size=300))
def test_a_label_never_outgrows_its_room(name):
    lines = fit_label(name, cells=20, lines=2).split("\n")
    assert len(lines) <= 2
    assert max(display_cells(line) for line in lines) <= 2 * 20 + 2  # a word may run over, twice the room at most


@given(st.text(alphabet="abcdefgh_ ", min_size=1, max_size=20))
def test_a_short_name_is_left_alone(name):
    assert fit_label(name, cells=20) == " ".join(name.split())


def test_both_ends_of_a_long_name_survive():
    label = fit_label("begin_" + "x" * 200 + "_2019", cells=20)
    assert label.startswith("begin_")
    assert label.endswith("_2019")
    assert "…" in label


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.0, 2, "0.00"),
        (-0.5, 1, "−0.5"),
        (1e12, None, "1e+12"),
        (float("-inf"), 2, "−∞"),
        (123456.7, None, "123\N{NO-BREAK SPACE}457"),
    ],
)
def test_numbers(value, decimals, text):
    assert format_number(value, decimals) == text


def test_decimals_follow_the_spread():
    assert [score_decimals(spread) for spread in (0.3, 0.03, 0.003, 1e-9, float("nan"))] == [2, 3, 4, 4, 3]
