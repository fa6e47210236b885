"""Quantise the packaged network to int8 with torchao, and compare its answers with those in float32.

    python docs/examples/torchao_int8.py

Needs `pip install torchao`. Weights and activations become int8; convolutions are most of this network, and torchao's
`quantize_` leaves them out, so its way by `torch.export` (PT2E) is taken.
"""
import numpy as np
import torch
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer as x86

from lanmsff_plugins import weights
from lanmsff_plugins.data.synthetic.drawing import EXPRESSIONS, draw_face
from lanmsff_plugins.inference.preprocess import to_batch


def draw(people: range) -> tuple[torch.Tensor, torch.Tensor]:
    """Faces (N, 1, 64, 64) and their classes, in the order of the packaged weights."""
    rng = np.random.default_rng(people.start)
    faces = to_batch(draw_face(name, 0., person, rng) for person in people for name in EXPRESSIONS)
    return faces, torch.arange(len(EXPRESSIONS)).repeat(len(people))


def quantise(model: torch.nn.Module, faces: torch.Tensor) -> torch.nn.Module:
    """The network in int8; what `faces` give decides the ranges. `torch.compile` makes int8 kernels of it."""
    graph = torch.export.export(model, (faces,), dynamic_shapes=({0: torch.export.Dim("faces")},)).module()
    quantizer = x86.X86InductorQuantizer().set_global(x86.get_default_x86_inductor_quantization_config())
    prepared = prepare_pt2e(graph, quantizer)
    prepared(faces)
    return convert_pt2e(prepared)


if __name__ == "__main__":
    model, (faces, classes) = weights.load("lanmsff_ferplus"), draw(range(100, 108))
    int8 = quantise(model, draw(range(8))[0])
    answers = [network(faces).argmax(1) for network in (model, int8)]
    right, same = [(answer == classes).sum() for answer in answers], sum(answers[0] == answers[1])
    print(f"right of {len(faces)}: {right[0]} in float, {right[1]} in int8; the same: {same}")
