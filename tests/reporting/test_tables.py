"""The docs' tables hold what was counted and measured."""

import pytest
import torch

from lanmsff_plugins.measure import speed
from lanmsff_plugins.measure.speed import Row, Setup
from lanmsff_plugins.measure.timing import Quartiles
from lanmsff_plugins.reporting.tables import cost_table, speed_table, write_performance

FACES = torch.rand(8, 1, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def instant(monkeypatch):
    """A machine that does 1 GFLOP/s, and every call in half a second."""
    monkeypatch.setattr(speed, "matrix_rate", lambda *args: 1e9)
    monkeypatch.setattr(speed, "measure", lambda call, *args: (call(), Quartiles(0.5, 0.4, 0.7))[1])


def row(batch: int, side: int = 64, memory: int | None = 2 ** 20) -> Row:
    setup = Setup(form="fused", batch=batch, shape=(1, side, side))
    return Row(setup, 0.01 * batch, 0.009 * batch, 0.012 * batch, 100., 1e11, 0.6, memory, 2e-6)


def test_the_tables_of_the_docs_hold_the_paper_s_figures():
    assert "| `lanmsff` | 356,451 | 300,586,632 | 605,331,715 |" in cost_table().splitlines()
    assert "| inference | fused | float32 | channels last | 32 | 320.0 (288.0 to 384.0) | 100 | **0.60** | 2e-06 |" \
        in speed_table([row(32)]).splitlines()


@pytest.mark.parametrize(("capability", "section"), [("AVX512", "with AVX-512"), ("AVX2", "without AVX-512")])
def test_one_command_fills_the_docs_for_processors_like_this_one(monkeypatch, tmp_path, instant, capability, section):
    monkeypatch.setattr(speed, "make_call", lambda *args: lambda: torch.ones(1))
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    (tmp_path / "performance.md").write_text(
        f"<!-- cost -->\n<!-- /cost -->\n<!-- speed {section} -->\n<!-- /speed {section} -->\n")
    rows = []
    write_performance(tmp_path, torch.rand(8, 1, 64, 64), rows.append)
    text = (tmp_path / "performance.md").read_text()
    assert "| 356,451 |" in text
    assert "| training | eager | float32 | channels last | 32 | 500.0 (400.0 to 700.0) | 64 |" in text
    assert ("bfloat16" in text) == (capability == "AVX512")
    assert "the machine's own rate was 1 to 1 GFLOP/s" in text
    assert {row.setup.shape[1] for row in rows} == {32, 64, 128, 256, 512}
    assert (tmp_path / "growth.svg").is_file()
