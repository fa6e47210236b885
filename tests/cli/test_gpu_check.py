"""The check of a GPU runs through everything without one, in small sizes."""
import json

import pytest

from ..mm.runs import call_command


@pytest.mark.slow
def test_every_figure_stands_in_the_table_and_in_the_json(tmp_path):
    done = call_command("benchmark", "--gpu-check", "--json", tmp_path / "gpu.json")
    assert done.returncode == 0, done.stderr
    written = json.loads((tmp_path / "gpu.json").read_text())
    first, header, *rows = done.stdout.splitlines()
    assert first == written["device"] and header.split() == ["unit"] and len(rows) == len(written["figures"])
    assert all(figure["value"] > 0 and figure["what"] in row for figure, row in zip(written["figures"], rows))
    found = {(figure["what"], figure["unit"]): figure["value"] for figure in written["figures"]}
    assert found["a step of Muon", "operators"] < found["a step of timm's Muon", "operators"]
    operators = [found[f"training, 64 pixels, batch {batch}, operators", "operators"] for batch in (4, 8)]
    assert operators[0] == operators[1]
    for way in ("as objects", "on the device", "on the device, compiled"):
        assert (f"training, 64 pixels, batch 8, {way}", "images/s") in found
    for batch in (4, 8):
        assert (f"training, 64 pixels, batch {batch}, time of the processor alone", "ms") in found
    for name in ("MassAtt", "MassAtt by PyTorch", "MassAtt against CBAM", "CBAM", "PWFS", "PWFS by PyTorch"):
        assert {what for what, _ in found if what.startswith(f"{name}, ")} == {
            f"{name}, 2x12x8x8, {form}, {way}" for form in ("eager", "compiled")
            for way in ("forward", "forward and backward")}
