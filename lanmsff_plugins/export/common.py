"""What all targets of an export share: the model that is written, and how far a file's outputs are from it.

    print(compare_outputs(run_torch(model)(faces), run_onnx("lanmsff.onnx")(faces)))
"""
import copy
import io
import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass

import torch
from timm.utils import reparameterize_model
from torch import Tensor, nn

from ..base.errors import one_line
from ..base.modes import evaluating
from ..layers.conv import make_weights_plain
from ..models.lanmsff import Shrink

__all__ = [
    "Difference", "check_outputs", "compare_outputs", "for_inference", "plain_copy", "quiet", "run_torch",
    "shape_text",
]

TOLERANCE = 1e-3  # of the largest output: what float32 may lose; a wrong graph is far beyond it


@dataclass(frozen=True)
class Difference:
    """How far the outputs of two forms of a model lie apart.

    Attributes:
        logits: Largest difference of a logit.
        probabilities: Largest difference of a probability.
        agreement: Share of the images to which both give the same class.
        images: Number of images.
    """

    logits: float
    probabilities: float
    agreement: float
    images: int

    def __str__(self) -> str:
        return (f"logits within {self.logits:.1e}, probabilities within {self.probabilities:.1e}, the same class for "
                f"{self.agreement:.2%} of {self.images:,}")


def compare_outputs(expected: Tensor, got: Tensor) -> Difference:
    """Compare two (N, classes) tensors of logits."""
    return Difference((expected - got).abs().max().item(), (expected.softmax(1) - got.softmax(1)).abs().max().item(),
                      (expected.argmax(1) == got.argmax(1)).double().mean().item(), len(expected))


def for_inference(model: nn.Module) -> nn.Module:
    """A copy in evaluation mode, ready for a compiler: batch norms folded, each block's activation before its pool.

    Training pools first, which saves work. A compiler makes the activation part of the convolution, where
    it is free, and int8 then spends no range on values that the activation drops. Pruned and normed weights become
    plain ones.
    """
    model = _copy(model).eval()
    make_weights_plain(model)
    model = reparameterize_model(model, inplace=True)
    fuse = getattr(model, "fuse", None)
    if fuse is not None:
        model = fuse() or model  # older versions of timm fold a RepViT in place and give nothing
    for block in model.modules():
        # Not what a layer was put behind: it has the place of the pool or of the activation.
        if isinstance(block, Shrink) and isinstance(block[0], nn.MaxPool2d) and isinstance(block[1], nn.ReLU):
            block[0], block[1] = block[1], block[0]
    return model


def _copy(model: nn.Module) -> nn.Module:
    """A deep copy, also where modules keep what they computed last, as pruned ones do; torch alone refuses that."""
    computed = (value for module in model.modules() for value in vars(module).values()
                if isinstance(value, Tensor) and not value.is_leaf)
    return copy.deepcopy(model, {id(value): value.detach().clone() for value in computed})


def plain_copy(model: nn.Module, shape: tuple[int, int, int], class_names: Sequence[str]) -> nn.Module:
    """The model as it is exported: a copy in float32 on the CPU, in evaluation mode.

    Raises:
        ValueError: if a weight is not finite, the number of names is not that of the classes, or two are the same.
    """
    for name, parameter in model.named_parameters():
        if not parameter.isfinite().all():
            raise ValueError(f"the model holds values that are not finite (NaN or infinite), in {name}")
    model = _copy(model).cpu().float().eval()
    with torch.no_grad():
        classes = model(torch.zeros(2, *shape)).shape[1]
    if class_names and len(class_names) != classes:
        raise ValueError(f"the model has {classes} classes, got {len(class_names)} names: {', '.join(class_names)}")
    if len(set(class_names)) < len(class_names):
        raise ValueError(f"each class needs a name of its own, got {', '.join(class_names)}")
    return model


@contextmanager
def quiet() -> Iterator[None]:
    """Keep off the terminal what exporters print; all that matters of it ends in an error of one line."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(disabled)


def check_outputs(start: Callable[[], Callable[[Tensor], Tensor]], runtime: str, model: nn.Module,
                  shape: tuple[int, int, int], dynamic_size: bool) -> None:
    """Refuse a file that computes something else than the model, for any batch or size that it claims to take.

    Args:
        start: Gives a function from images to logits, which runs the file.
        runtime: Whose, in words.
        model: The model.
        shape: (C, H, W) of an image.
        dynamic_size: Whether the file claims to take other sizes.

    Raises:
        ValueError: if it cannot be run, or gives other outputs.
    """
    try:
        run = start()
    except Exception as error:  # the runtime's own classes
        raise ValueError(f"{runtime} cannot run the exported model: {one_line(error)}") from error
    channels, height, width = shape
    sizes = [(height, width)]
    if dynamic_size:
        sizes += [(max(16, height - 16), max(16, width // 32 * 16)), (height + 48, width + 16)]
    generator = torch.Generator().manual_seed(0)
    for batch, size in [(1, sizes[0]), *((3, size) for size in sizes)]:
        images = torch.rand(batch, channels, *size, generator=generator)
        try:
            expected = run_torch(model)(images)
        except Exception as error:
            raise ValueError(f"the model does not take {batch} images of {shape_text(size)}, which the file would have "
                             f"to: {one_line(error)}") from error
        if not expected.isfinite().all():
            raise ValueError("the model gives values that are not finite (NaN or infinite) for random images")
        limit = TOLERANCE * max(1., expected.abs().max().item())
        try:
            got = run(images)
            difference = (got - expected).abs().max().item() if got.shape == expected.shape else math.inf
        except Exception as error:
            raise ValueError(f"the exported model fails for {batch} images of {shape_text(size)}: {one_line(error)}"
                             ) from error
        if not difference <= limit:  # also where it is no number
            raise ValueError(f"the exported model gives other outputs than PyTorch for {batch} images of "
                             f"{shape_text(size)}: they differ by {difference:.2g}, expected {limit:.2g} at most"
                             + ("; export it with a fixed size" if size != sizes[0] else ""))


def shape_text(axes: Sequence[int | None]) -> str:
    """Such as 1x64x64, with ? for an axis that is open."""
    return "x".join("?" if axis is None else str(axis) for axis in axes)


def run_torch(model: nn.Module, batch: int = 32) -> Callable[[Tensor], Tensor]:
    """A function from images to logits by PyTorch, in evaluation mode whatever the model's is."""
    def call(images: Tensor) -> Tensor:
        with torch.inference_mode(), evaluating(model):
            return torch.cat([model(part) for part in images.split(batch)])
    return call
