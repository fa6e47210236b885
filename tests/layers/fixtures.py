"""Numbers of the authors' own code, a file for each part of a paper; tests/fixtures/README.md says what is in them."""
import json
from dataclasses import dataclass

from safetensors import safe_open
from torch import Tensor

from ..processes import ROOT

FOLDER = ROOT / "tests" / "fixtures" / "official"


@dataclass(frozen=True)
class Fixture:
    """A part of a paper, as its authors' code computes it."""

    part: str
    constructor: dict
    cases: dict[str, dict]  # by name: inputs and outputs in order; for a case with weights of its own, its constructor
    tensors: dict[str, Tensor]

    def weights(self, case: str = "") -> dict[str, Tensor]:
        """The state dict, that of a case where each has its own."""
        return self._below(f"{case}.w." if "constructor" in self.cases.get(case, {}) else "w.")

    def inputs(self, case: str) -> list[Tensor]:
        return [self.tensors[f"{case}.in.{name}"].clone() for name in self.cases[case]["inputs"]]

    def of(self, case: str, what: str, names: str = "outputs") -> list[Tensor]:
        """'out' or 'proj' of each output, 'grad' of each input; nothing where the case has none."""
        tensors = self._below(f"{case}.{what}.")
        return [tensors[name] for name in self.cases[case][names]] if tensors else []

    def _below(self, prefix: str) -> dict[str, Tensor]:
        return {name.removeprefix(prefix): value for name, value in self.tensors.items() if name.startswith(prefix)}


def load(part: str) -> Fixture:
    with safe_open(FOLDER / f"{part}.safetensors", "pt") as file:
        about = json.loads(file.metadata()["about"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    return Fixture(part, about["constructor"], about["cases"], tensors)


PARTS = sorted(path.stem for path in FOLDER.glob("*.safetensors"))
