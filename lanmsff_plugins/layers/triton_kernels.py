"""Kernels of MassAtt and PWFS in Triton; ``fused.py`` makes operators of them.

    pool[images * blocks,](x, pixel_means, sums, channels, pixels, blocks, *x.flatten(2).stride(), 32, 64)

A map (N, C, H * W) is given with its strides and may lie in memory in any order. All else is contiguous, and float32
where it is no parameter. Everything is computed in float32.
"""
import triton
import triton.language as tl

__all__ = ["add_gradients", "gate_and_multiply", "gate_channels", "hourglass", "pool", "pool_gradients", "select",
           "select_gradient"]


@triton.jit
def pool(x, pixel_means, sums, channels, pixels, blocks, x_n, x_c, x_p, PIXELS: tl.constexpr, CHANNELS: tl.constexpr):
    """The mean over the channels at each pixel, and for each channel the sum over a block of pixels."""
    program = tl.program_id(0).to(tl.int64)
    image = program // blocks
    p = program % blocks * PIXELS + tl.arange(0, PIXELS)
    total = tl.zeros([PIXELS], tl.float32)
    for start in range(0, channels, CHANNELS):
        c = start + tl.arange(0, CHANNELS)
        inside = (p < pixels)[:, None] & (c < channels)[None, :]
        values = tl.load(x + image * x_n + c[None, :] * x_c + p[:, None] * x_p, inside, 0.).to(tl.float32)
        total += tl.sum(values, 1)
        tl.store(sums + program * channels + c, tl.sum(values, 0), c < channels)
    tl.store(pixel_means + image * pixels + p, total / channels, p < pixels)


@triton.jit
def gate_channels(sums, weight1, bias1, weight2, bias2, means, gates, channels, squeezed, pixels, blocks,
                   CHANNELS: tl.constexpr, ROWS: tl.constexpr):
    """The means over the pixels of an image, two dense layers and a gate."""
    image = tl.program_id(0).to(tl.int64)
    c, rows = tl.arange(0, CHANNELS)[None, :], tl.arange(0, ROWS)[:, None]
    mean = tl.zeros([CHANNELS], tl.float32)
    for start in range(0, blocks, ROWS):
        block = start + rows
        inside = (block < blocks) & (c < channels)
        mean += tl.sum(tl.load(sums + (image * blocks + block) * channels + c, inside, 0.), 0)
    mean = mean / pixels
    column = tl.arange(0, CHANNELS)
    tl.store(means + image * channels + column, mean, column < channels)
    logits = tl.load(bias2 + column, column < channels, 0.).to(tl.float32)
    for start in range(0, squeezed, ROWS):
        r = start + rows
        inside = (r < squeezed) & (c < channels)
        row = start + tl.arange(0, ROWS)
        hidden = tl.sum(tl.load(weight1 + r * channels + c, inside, 0.).to(tl.float32) * mean[None, :], 1)
        hidden = _relu(hidden + tl.load(bias1 + row, row < squeezed, 0.).to(tl.float32))
        logits += tl.sum(tl.load(weight2 + c * squeezed + r, inside, 0.).to(tl.float32) * hidden[:, None], 0)
    tl.store(gates + image * channels + column, tl.sigmoid(logits), column < channels)


@triton.jit
def _relu(x):
    return tl.where(x < 0, 0., x)  # keeps NaN, as PyTorch's does


@triton.jit
def _source(place, tap, side, UP: tl.constexpr):
    """The row or column that a tap of a 3x3 kernel of stride 2 meets, and whether it lies within the map."""
    if UP:
        source = (place - tap) // 2
        inside = (place >= tap) & ((place - tap) % 2 == 0) & (source < side)
    else:
        source = 2 * place - side % 2 + tap  # an even side has its zero at the end
        inside = (source >= 0) & (source < side)
    return source, inside


@triton.jit
def _convolve(x, weight, bias, image, i, j, inside, height, width, w_o, w_i, w_r, w_s, IN: tl.constexpr,
              OUT: tl.constexpr, UP: tl.constexpr):
    """Sums of a convolution at places (B,) of an image, (B, OUT); ``UP`` is a transposed one."""
    o = tl.arange(0, OUT)
    sums = tl.load(bias + o).to(tl.float32)[None, :] + tl.zeros_like(i)[:, None].to(tl.float32)
    for channel in tl.static_range(IN):
        for r in tl.static_range(3):
            for s in tl.static_range(3):
                row, row_inside = _source(i, r, height, UP)
                column, column_inside = _source(j, s, width, UP)
                value = tl.load(x + ((image * IN + channel) * height + row) * width + column,
                                inside & row_inside & column_inside, 0.)
                kernel = tl.load(weight + o * w_o + channel * w_i + r * w_r + s * w_s).to(tl.float32)
                sums += value[:, None] * kernel[None, :]
    return sums


@triton.jit
def hourglass(x, weight, bias, y, places, height, width, out_height, out_width, w_o, w_i, w_r, w_s, IN: tl.constexpr,
               OUT: tl.constexpr, UP: tl.constexpr, PLACES: tl.constexpr):
    """One of the convolutions with its ReLU."""
    place = tl.program_id(0).to(tl.int64) * PLACES + tl.arange(0, PLACES)
    image, i, j = place // (out_height * out_width), place // out_width % out_height, place % out_width
    sums = _convolve(x, weight, bias, image, i, j, place < places, height, width, w_o, w_i, w_r, w_s, IN, OUT, UP)
    o = tl.arange(0, OUT)
    offsets = ((image[:, None] * OUT + o[None, :]) * out_height + i[:, None]) * out_width + j[:, None]
    tl.store(y + offsets, _relu(sums), (place < places)[:, None])


@triton.jit
def gate_and_multiply(x, half, weight, bias, gates, y, pixel_gates, channels, pixels, blocks, height, width, columns,
                       w_o, w_i, w_r, w_s, x_n, x_c, x_p, y_n, y_c, y_p, PIXELS: tl.constexpr, CHANNELS: tl.constexpr):
    """The last convolution with its gate, and the product of the map with both gates."""
    program = tl.program_id(0).to(tl.int64)
    image = program // blocks
    p = program % blocks * PIXELS + tl.arange(0, PIXELS)
    sums = _convolve(half, weight, bias, image, p // columns, p % columns, p < pixels, height, width, w_o, w_i, w_r,
                     w_s, 4, 1, True)
    gate = tl.sigmoid(tl.sum(sums, 1))
    tl.store(pixel_gates + image * pixels + p, gate, p < pixels)
    for start in range(0, channels, CHANNELS):
        c = start + tl.arange(0, CHANNELS)
        inside = (p < pixels)[:, None] & (c < channels)[None, :]
        value = tl.load(x + image * x_n + c[None, :] * x_c + p[:, None] * x_p, inside, 0.).to(tl.float32)
        value *= tl.load(gates + image * channels + c, c < channels, 0.)[None, :] * gate[:, None]
        tl.store(y + image * y_n + c[None, :] * y_c + p[:, None] * y_p, value, inside)


@triton.jit
def pool_gradients(grad, x, gates, pixel_gates, pixel_grads, sums, channels, pixels, blocks, g_n, g_c, g_p, x_n, x_c,
                    x_p, PIXELS: tl.constexpr, CHANNELS: tl.constexpr):
    """The gradients of both gates; of the channels' in sums over blocks of pixels."""
    program = tl.program_id(0).to(tl.int64)
    image = program // blocks
    p = program % blocks * PIXELS + tl.arange(0, PIXELS)
    pixel_gate = tl.load(pixel_gates + image * pixels + p, p < pixels, 0.)
    total = tl.zeros([PIXELS], tl.float32)
    for start in range(0, channels, CHANNELS):
        c = start + tl.arange(0, CHANNELS)
        inside = (p < pixels)[:, None] & (c < channels)[None, :]
        value = tl.load(x + image * x_n + c[None, :] * x_c + p[:, None] * x_p, inside, 0.).to(tl.float32)
        value *= tl.load(grad + image * g_n + c[None, :] * g_c + p[:, None] * g_p, inside, 0.).to(tl.float32)
        total += tl.sum(value * tl.load(gates + image * channels + c, c < channels, 0.)[None, :], 1)
        tl.store(sums + program * channels + c, tl.sum(value * pixel_gate[:, None], 0), c < channels)
    tl.store(pixel_grads + image * pixels + p, total, p < pixels)


@triton.jit
def add_gradients(grad, gates, pixel_gates, mean_grads, pixel_mean_grads, y, channels, pixels, blocks, g_n, g_c, g_p,
                   y_n, y_c, y_p, PIXELS: tl.constexpr, CHANNELS: tl.constexpr):
    """The gradient of the map: by the product, by the channels' means and by the pixels' means."""
    program = tl.program_id(0).to(tl.int64)
    image = program // blocks
    p = program % blocks * PIXELS + tl.arange(0, PIXELS)
    pixel_gate = tl.load(pixel_gates + image * pixels + p, p < pixels, 0.)[:, None]
    pixel_mean_grad = tl.load(pixel_mean_grads + image * pixels + p, p < pixels, 0.)[:, None] / channels
    for start in range(0, channels, CHANNELS):
        c = start + tl.arange(0, CHANNELS)
        inside = (p < pixels)[:, None] & (c < channels)[None, :]
        value = tl.load(grad + image * g_n + c[None, :] * g_c + p[:, None] * g_p, inside, 0.).to(tl.float32)
        value *= tl.load(gates + image * channels + c, c < channels, 0.)[None, :] * pixel_gate
        value += tl.load(mean_grads + image * channels + c, c < channels, 0.)[None, :] / pixels + pixel_mean_grad
        tl.store(y + image * y_n + c[None, :] * y_c + p[:, None] * y_p, value, inside)


@triton.jit
def _groups(x, place, channels, pixels, x_n, x_c, x_p, inside, LAST: tl.constexpr):
    """The values of the three groups at places of the selection, and the offset of the first in the map."""
    if LAST:
        c, p = place % channels, place // channels % pixels
    else:
        c, p = place // pixels % channels, place % pixels
    first = place // (channels * pixels) * x_n + c * x_c + p * x_p
    group = channels * x_c
    return (tl.load(x + first, inside).to(tl.float32), tl.load(x + first + group, inside).to(tl.float32),
            tl.load(x + first + 2 * group, inside).to(tl.float32), first)


@triton.jit
def select(x, y, places, channels, pixels, x_n, x_c, x_p, LAST: tl.constexpr, PLACES: tl.constexpr):
    """PWFS."""
    place = tl.program_id(0).to(tl.int64) * PLACES + tl.arange(0, PLACES)
    a, b, c, _ = _groups(x, place, channels, pixels, x_n, x_c, x_p, place < places, LAST)
    largest = tl.maximum(a, b, propagate_nan=tl.PropagateNan.ALL)
    second = tl.minimum(a, b, propagate_nan=tl.PropagateNan.ALL)
    second = tl.maximum(second, c, propagate_nan=tl.PropagateNan.ALL)
    tl.store(y + place, (largest + second) * 0.5, place < places)


@triton.jit
def select_gradient(grad, x, y, places, channels, pixels, x_n, x_c, x_p, g_n, g_c, g_p, LAST: tl.constexpr,
                     PLACES: tl.constexpr):
    """Half the gradient for each of the two largest; what ties shares it, as in PyTorch."""
    place = tl.program_id(0).to(tl.int64) * PLACES + tl.arange(0, PLACES)
    inside = place < places
    a, b, c, _ = _groups(x, place, channels, pixels, x_n, x_c, x_p, inside, LAST)
    if LAST:
        column, p = place % channels, place // channels % pixels
        step = channels
        first = place // channels * (3 * channels) + column
    else:
        column, p = place // pixels % channels, place % pixels
        step = channels * pixels
        first = place // step * (3 * step) + place % step
    half = 0.5 * tl.load(grad + place // (channels * pixels) * g_n + column * g_c + p * g_p, inside).to(tl.float32)
    smaller = tl.minimum(a, b, propagate_nan=tl.PropagateNan.ALL)
    by_second = half * _share(smaller, c)
    tl.store(y + first, half * _share(a, b) + by_second * _share(b, a), inside)
    tl.store(y + first + step, half * _share(b, a) + by_second * _share(a, b), inside)
    tl.store(y + first + 2 * step, half * _share(c, smaller), inside)


@triton.jit
def _share(a, b):
    """The gradient of max(a, b) with regard to ``a``."""
    return tl.where(a == b, 0.5, tl.where(a < b, 0., 1.))
