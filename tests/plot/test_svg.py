"""Inline SVG: same bytes, no identifiers that collide, text that stays what it was."""

import re
from xml.etree import ElementTree

import numpy as np

from panlearn.plot import figure_svg, plot_importances, plot_learning_curve, plot_predictions
from panlearn.plot.style import ROLES
from panlearn.plot.svg import RASTER_FROM


def _curve():
    return plot_learning_curve([10, 20, 40], [[0.9], [0.8], [0.8]], [[0.5], [0.6], [0.7]], metric="r2")


def test_equal_figures_give_equal_bytes():
    assert figure_svg(_curve()) == figure_svg(_curve())


def test_a_personal_matplotlibrc_changes_nothing():
    import matplotlib

    plain = figure_svg(_curve())
    with matplotlib.rc_context({"font.size": 31, "svg.fonttype": "path", "axes.facecolor": "red"}):
        assert figure_svg(_curve()) == plain


def test_element_is_well_formed_and_undated():
    svg = figure_svg(_curve(), label='a "quoted" <label>')
    ElementTree.fromstring(svg)
    assert "metadata" not in svg
    assert "<style" not in svg
    assert 'aria-label="a &quot;quoted&quot; &lt;label&gt;"' in svg


def test_identifiers_carry_the_prefix_and_resolve():
    svg = figure_svg(_curve(), prefix="left")
    identifiers = re.findall(r' id="([^"]*)"', svg)
    assert identifiers
    assert all(name.startswith("left-") for name in identifiers)
    assert set(re.findall(r"url\(#([^)]*)\)", svg)) <= set(identifiers)
    assert set(re.findall(r'href="#([^"]*)"', svg)) <= set(identifiers)


def test_every_colour_is_a_role():
    svg = figure_svg(_curve())
    fallback = re.findall(r"(var\(--figure-[a-z-]+, )?(#[0-9a-f]{6})", svg)
    assert fallback
    assert all(variable for variable, _ in fallback)
    assert {colour for _, colour in fallback} <= set(ROLES)


def test_user_text_is_kept_to_the_letter():
    names = ["#1f2a37", 'id="x"', "<b>&amp;", "$x^2$", "机器学习", "_hidden"]
    root = ElementTree.fromstring(figure_svg(plot_importances({name: [0.1, 0.2] for name in names})))
    texts = {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert set(names) <= texts


def test_many_points_become_a_bitmap():
    rng = np.random.default_rng(0)
    few, many = (rng.normal(size=(2, n)) for n in (RASTER_FROM, 60_000))
    assert "<image" not in figure_svg(plot_predictions(*few))
    svg = figure_svg(plot_predictions(*many))
    assert "<image" in svg
    assert len(svg) < 400_000
