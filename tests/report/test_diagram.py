"""The diagram keeps its boxes and loses whatever runs or loads."""

import re

import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

from panlearn.report.diagram import inert_page


@pytest.mark.parametrize(
    "attack",
    [
        "<script>go()</script>",
        "<SCRIPT src=x>go()</SCRIPT >",
        "<img src=x onerror=go()>",
        '<a href="javascript:go()">b</a>',
        "<svg/onload=go()>",
        '<iframe srcdoc="<script>go()</script>"></iframe>',
        '<object data="https://example.org/go()"></object>',
        '<form action="https://example.org/go()"></form>',
        '<meta http-equiv="refresh" content="0;url=https://example.org/go()">',
    ],
)
def test_nothing_runs_or_loads(attack):
    page = inert_page(f"<p>before</p>{attack}<p>after</p>")
    assert "go()" not in page
    assert "<p>before</p>" in page
    assert "<p>after</p>" in page


def test_text_and_styles_are_copied_to_the_letter():
    fragment = '<style>a > b { content: "<" }</style><p title="1 &lt; 2">a &amp; b &#27169; &lt;script&gt;</p>'
    assert fragment in inert_page(fragment)


def test_a_real_diagram_keeps_its_names():
    model = make_pipeline(make_column_transformer((StandardScaler(), ["<b>x</b>"])), Ridge())
    page = inert_page(estimator_html_repr(model))
    assert "StandardScaler" in page
    assert "Ridge" in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert not re.search(r"<script|\son\w+=|(?:href|src)=.https?:", page)
