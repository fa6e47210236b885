"""MassAtt and PWFS as operators of few kernels, for GPUs: forward six and one, where PyTorch starts 16 and 5.

    torch.ops.lanmsff_plugins.mass_att(x, parameters)[0]
    torch.ops.lanmsff_plugins.pwfs(x)

The layers call them by themselves, see ``checks.fuses``; importing this module needs Triton. Maps may have any type and
lie in memory in any order; one whose rows do not follow each other is copied first. Results are rounded once.
"""
import torch
import torch.nn.functional as F
import triton
from torch import Tensor

from . import triton_kernels as kernels

__all__: list[str] = []  # the operators stand in torch.ops

PIXELS, CHANNELS = 32, 64  # of a map that a program holds at a time
PLACES = 128  # of the small maps within MassAtt
SELECTED = 1024  # places of PWFS
WEIGHTS = 8192  # of the dense layers


def _flat(x: Tensor) -> tuple[Tensor, tuple[int, ...]]:
    """(N, C, H * W), a view where the rows follow each other in memory, and its strides."""
    flat = x.flatten(2)
    return flat, flat.stride()


def _like(x: Tensor, channels: int) -> Tensor:
    """An empty map (N, channels, H * W), channels last where ``x``, (N, C, H * W), is, else contiguous."""
    images, _, pixels = x.shape
    if _is_last(x):
        return x.new_empty(images, pixels, channels).transpose(1, 2)
    return x.new_empty(images, channels, pixels)


def _is_last(x: Tensor) -> bool:
    return x.stride(1) == 1 and x.shape[1] > 1


def _in_float32(x: Tensor, *shape: int) -> Tensor:
    return x.new_empty(shape, dtype=torch.float32)


@torch.library.custom_op("lanmsff_plugins::mass_att", mutates_args=(),
                         schema="(Tensor x, Tensor[] parameters) -> Tensor[]")
def _mass_att(x: Tensor, parameters: list[Tensor]) -> list[Tensor]:
    """MassAtt with ReLU and sigmoid.

    Args:
        x: (N, C, H, W), not empty.
        parameters: Weight and bias of fc1, fc2, down1, down2, up1 and up2.

    Returns:
        The map (N, C, H, W); and what its gradient needs in float32: the means of the channels and of the pixels, and
        the gates of both.
    """
    found = _mass_att_like(x, parameters)
    (y, means, pixel_means, gates, pixel_gates), (flat, strides) = found, _flat(x)
    images, channels, pixels = flat.shape
    height, width = x.shape[2:]
    size, half_size, quarter_size = ((-(-height // n), -(-width // n)) for n in (1, 2, 4))
    blocks = triton.cdiv(pixels, PIXELS)
    sums = _in_float32(x, images, blocks, channels)
    dense, (down1, down2, up1, up2) = parameters[:4], zip(parameters[4::2], parameters[5::2])
    with torch.cuda.device_of(x):
        kernels.pool[images * blocks,](flat, pixel_means, sums, channels, pixels, blocks, *strides, PIXELS, CHANNELS)
        padded = triton.next_power_of_2(channels)
        kernels.gate_channels[images,](
            sums, *(p.contiguous() for p in dense), means, gates, channels, len(dense[0]), pixels, blocks, padded,
            max(1, min(16, WEIGHTS // padded)))
        half = _run_hourglass(pixel_means, down1, size, half_size, up=False)
        quarter = _run_hourglass(half, down2, half_size, quarter_size, up=False)
        half_up = _run_hourglass(quarter, up1, quarter_size, half_size, up=True)
        weight, bias = up2
        kernels.gate_and_multiply[images * blocks,](
            flat, half_up, weight, bias, gates, y, pixel_gates, channels, pixels, blocks, *half_size, width,
            *_axes(weight, up=True), *strides, *_flat(y)[1], PIXELS, CHANNELS)
    return found


def _run_hourglass(x: Tensor, layer: tuple[Tensor, Tensor], size: tuple[int, int], out_size: tuple[int, int], up: bool
                   ) -> Tensor:
    weight, bias = layer
    out, inside = weight.shape[:2][::-1 if up else 1]
    y = _in_float32(x, len(x), out, *out_size)
    places = len(x) * out_size[0] * out_size[1]
    kernels.hourglass[triton.cdiv(places, PLACES),](
        x, weight, bias, y, places, *size, *out_size, *_axes(weight, up), inside, out, up, PLACES)
    return y


def _axes(weight: Tensor, up: bool) -> tuple[int, ...]:
    """The strides of the output, the input, the rows and the columns; a transposed convolution has its input first."""
    first, second, rows, columns = weight.stride()
    return (second, first, rows, columns) if up else (first, second, rows, columns)


@_mass_att.register_fake
def _mass_att_like(x: Tensor, parameters: list[Tensor]) -> list[Tensor]:
    flat, _ = _flat(x)
    images, channels, pixels = flat.shape
    y = _like(flat, channels).unflatten(2, x.shape[2:])
    return [y, *(_in_float32(x, images, n) for n in (channels, pixels, channels, pixels))]


@torch.library.custom_op("lanmsff_plugins::mass_att_pool_gradients", mutates_args=())
def _mass_att_pool_gradients(grad: Tensor, x: Tensor, gates: Tensor, pixel_gates: Tensor) -> tuple[Tensor, Tensor]:
    """The gradients of the gates of channels (N, C) and of pixels (N, H * W)."""
    (flat_grad, grad_strides), (flat, strides) = _flat(grad), _flat(x)
    images, channels, pixels = flat.shape
    blocks = triton.cdiv(pixels, PIXELS)
    sums, pixel_grads = _in_float32(x, images, blocks, channels), torch.empty_like(pixel_gates)
    with torch.cuda.device_of(x):
        kernels.pool_gradients[images * blocks,](
            flat_grad, flat, gates, pixel_gates, pixel_grads, sums, channels, pixels, blocks, *grad_strides, *strides,
            PIXELS, CHANNELS)
    return sums.sum(1), pixel_grads


@_mass_att_pool_gradients.register_fake
def _(grad: Tensor, x: Tensor, gates: Tensor, pixel_gates: Tensor) -> tuple[Tensor, Tensor]:
    return torch.empty_like(gates), torch.empty_like(pixel_gates)


@torch.library.custom_op("lanmsff_plugins::mass_att_add_gradients", mutates_args=())
def _mass_att_add_gradients(grad: Tensor, x: Tensor, gates: Tensor, pixel_gates: Tensor, mean_grads: Tensor,
                            pixel_mean_grads: Tensor) -> Tensor:
    """The gradient of ``x``, from those of the product and of both means."""
    (flat, strides), y = _flat(grad), _like(_flat(x)[0], x.shape[1])
    images, channels, pixels = flat.shape
    blocks = triton.cdiv(pixels, PIXELS)
    with torch.cuda.device_of(x):
        kernels.add_gradients[images * blocks,](
            flat, gates, pixel_gates, mean_grads.contiguous(), pixel_mean_grads.contiguous(), y, channels, pixels,
            blocks, *strides, *y.stride(), PIXELS, CHANNELS)
    return y.unflatten(2, x.shape[2:])


@_mass_att_add_gradients.register_fake
def _(grad: Tensor, x: Tensor, gates: Tensor, pixel_gates: Tensor, mean_grads: Tensor, pixel_mean_grads: Tensor
      ) -> Tensor:
    return _like(_flat(x)[0], x.shape[1]).unflatten(2, x.shape[2:])


def _branches(means: Tensor, pixel_means: Tensor, parameters: list[Tensor]) -> tuple[Tensor, Tensor]:
    """The gates of channels (N, C) and of pixels (N, 1, H, W) by PyTorch, whose gradients are wanted."""
    dense1, dense2, down1, down2, up1, up2 = zip(parameters[::2], parameters[1::2])
    gates = F.linear(F.linear(means, *dense1).relu(), *dense2).sigmoid()
    half = _down(pixel_means, *down1)
    half_up = F.conv_transpose2d(_down(half, *down2), *up1, stride=2)[:, :, :half.shape[2], :half.shape[3]].relu()
    pixel_gates = F.conv_transpose2d(half_up, *up2, stride=2)[:, :, :pixel_means.shape[2], :pixel_means.shape[3]]
    return gates, pixel_gates.sigmoid()


def _down(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.conv2d(F.pad(x, [x.shape[3] % 2, 1, x.shape[2] % 2, 1]), weight, bias, stride=2).relu()


def _save_mass_att(ctx, inputs: tuple[Tensor, list[Tensor]], output: list[Tensor]) -> None:
    x, parameters = inputs
    ctx.save_for_backward(x, *output[1:], *parameters)
    ctx.set_materialize_grads(False)  # of the means and the gates


def _mass_att_backward(ctx, grads: list[Tensor]) -> tuple[Tensor | None, list[Tensor | None]]:
    x, means, pixel_means, gates, pixel_gates, *parameters = ctx.saved_tensors
    if torch.is_grad_enabled():  # for gradients of gradients
        return _differentiable_backward(x, parameters, grads[0])
    pixel_means = pixel_means.view(-1, 1, *x.shape[2:])
    gate_grads, pixel_gate_grads = _mass_att_pool_gradients(grads[0], x, gates, pixel_gates)
    with torch.enable_grad(), torch.autocast(x.device.type, enabled=False):
        leaves = [each.detach().float().requires_grad_() for each in (means, pixel_means, *parameters)]
        found = torch.autograd.grad(_branches(leaves[0], leaves[1], leaves[2:]), leaves,
                                    (gate_grads, pixel_gate_grads.view_as(pixel_means)))
    grad = _mass_att_add_gradients(grads[0], x, gates, pixel_gates, *found[:2])
    return grad, [each.to(p.dtype) for each, p in zip(found[2:], parameters)]


def _differentiable_backward(x: Tensor, parameters: list[Tensor], grad: Tensor
                             ) -> tuple[Tensor | None, list[Tensor | None]]:
    with torch.autocast(x.device.type, enabled=False):
        wide = x.float()
        gates, pixel_gates = _branches(wide.mean((2, 3)), wide.mean(1, keepdim=True), [p.float() for p in parameters])
        y = wide * gates[:, :, None, None] * pixel_gates
    inputs = [x, *parameters]
    found = iter(torch.autograd.grad(y, [each for each in inputs if each.requires_grad], grad.float(),
                                     create_graph=True))
    first, *others = [next(found) if each.requires_grad else None for each in inputs]
    return first, others


_mass_att.register_autograd(_mass_att_backward, setup_context=_save_mass_att)


@torch.library.custom_op("lanmsff_plugins::pwfs", mutates_args=())
def _pwfs(x: Tensor) -> Tensor:
    """PWFS of a map (N, C, H, W) that is not empty."""
    flat, strides = _flat(x)
    y = _like(flat, x.shape[1] // 3)
    with torch.cuda.device_of(x):
        kernels.select[triton.cdiv(y.numel(), SELECTED),](
            flat, y, y.numel(), *y.shape[1:], *strides, _is_last(flat), SELECTED)
    return y.unflatten(2, x.shape[2:])


@_pwfs.register_fake
def _(x: Tensor) -> Tensor:
    return _like(_flat(x)[0], x.shape[1] // 3).unflatten(2, x.shape[2:])


@torch.library.custom_op("lanmsff_plugins::pwfs_gradient", mutates_args=())
def _pwfs_gradient(grad: Tensor, x: Tensor) -> Tensor:
    (flat_grad, grad_strides), (flat, strides) = _flat(grad), _flat(x)
    y = _like(flat, x.shape[1])
    with torch.cuda.device_of(x):
        kernels.select_gradient[triton.cdiv(grad.numel(), SELECTED),](
            flat_grad, flat, y, grad.numel(), *flat_grad.shape[1:], *strides, *grad_strides, _is_last(flat), SELECTED)
    return y.unflatten(2, x.shape[2:])


@_pwfs_gradient.register_fake
def _(grad: Tensor, x: Tensor) -> Tensor:
    return _like(_flat(x)[0], x.shape[1]).unflatten(2, x.shape[2:])


def _save_pwfs(ctx, inputs: tuple[Tensor], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _pwfs_backward(ctx, grad: Tensor) -> Tensor:
    x, = ctx.saved_tensors
    if not torch.is_grad_enabled():
        return _pwfs_gradient(grad, x)
    a, b, c = x.chunk(3, dim=1)
    y = (torch.maximum(a, b) + torch.maximum(torch.minimum(a, b), c)) / 2
    return torch.autograd.grad(y, x, grad, create_graph=True)[0]


_pwfs.register_autograd(_pwfs_backward, setup_context=_save_pwfs)
