"""`panlearn report` draws a saved comparison again."""

from typer.testing import CliRunner

from panlearn.cli import app
from panlearn.datasets import load_wine_quality
from panlearn.evaluation import compare, save_comparison


def test_the_report_is_drawn_again_from_folder_or_file(tmp_path):
    comparison = compare(load_wine_quality("red")[::8], "quality", cv=2, methods=["dummy"])
    file = save_comparison(comparison, tmp_path / "comparison.zip")
    for given in (tmp_path, file):
        result = CliRunner().invoke(app, ["report", str(given)])
        assert result.exit_code == 0, result.output
        assert f"report: {tmp_path / 'report.html'}" in result.stdout
        assert "quality" in (tmp_path / "report.html").read_text()
        (tmp_path / "report.html").unlink()


def test_nothing_to_draw_is_one_line(tmp_path):
    result = CliRunner().invoke(app, ["report", str(tmp_path)])
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "panlearn compare --out" in result.stderr
