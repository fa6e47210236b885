"""What the layers compute, in float64 and plain loops, from the definitions of the paper and of TensorFlow."""
import numpy as np
from torch import nn


def arrays(module: nn.Module) -> dict[str, np.ndarray]:
    """Parameters and buffers of ``module`` by name, in float64."""
    return {name: value.double().numpy() for name, value in module.state_dict().items()}


def conv_same(x, weight, bias, stride=1, dilation=1):
    """TensorFlow's "same" convolution: ceil(side / stride) places, the zeros shared out, an odd one at the end."""
    def places(side, kernel):
        number = -(-side // stride)
        zeros = max((number - 1) * stride + (kernel - 1) * dilation + 1 - side, 0)
        return number, zeros // 2

    (height, top), (width, left) = map(places, x.shape[1:], weight.shape[2:])
    out = np.zeros((len(weight), height, width))
    for o, i, j in np.ndindex(out.shape):
        out[o, i, j] = bias[o]
        for c, p, q in np.ndindex(weight.shape[1:]):
            row, column = i * stride + p * dilation - top, j * stride + q * dilation - left
            if 0 <= row < x.shape[1] and 0 <= column < x.shape[2]:
                out[o, i, j] += weight[o, c, p, q] * x[c, row, column]
    return out


def conv_transposed_same(x, weight, bias):
    """TensorFlow's "same" transposed convolution of stride 2: of 2n + 1 rows the first 2n."""
    _, height, width = x.shape
    out = np.zeros((weight.shape[1], 2 * height + 1, 2 * width + 1))
    for c, i, j in np.ndindex(x.shape):
        for o, p, q in np.ndindex(weight.shape[1:]):
            out[o, 2 * i + p, 2 * j + q] += x[c, i, j] * weight[c, o, p, q]
    return out[:, :2 * height, :2 * width] + bias[:, None, None]


def separable_conv(x, dw, pw, bias, dilation=1):
    """Each channel with its own kernel, then a 1x1 convolution over the channels."""
    one = [conv_same(x[c:c + 1], dw[c:c + 1], np.zeros(1), dilation=dilation) for c in range(len(x))]
    return conv_same(np.concatenate(one), pw, bias)


def conv_norm_relu(x, weights, prefix="", dilation=1):
    """A convolution, plain or separable, batch norm with its running statistics, ReLU."""
    w = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
    if "conv.weight" in w:
        x = conv_same(x, w["conv.weight"], w["conv.bias"], dilation=dilation)
    else:
        x = separable_conv(x, w["conv.conv_dw.weight"], w["conv.conv_pw.weight"], w["conv.conv_pw.bias"], dilation)
    out = np.empty_like(x)
    for c in range(len(x)):
        scaled = (x[c] - w["norm.running_mean"][c]) / np.sqrt(w["norm.running_var"][c] + 1e-3)
        out[c] = np.maximum(scaled * w["norm.weight"][c] + w["norm.bias"][c], 0)
    return out


def dual_path(x, weights):
    """Shuffle, split, and three stages of two paths each."""
    half = len(x) // 2
    shuffled = np.stack([x[half * (c % 2) + c // 2] for c in range(len(x))])
    inputs = shuffled[:half], shuffled[half:]
    for stage in ("stage1", "stage2", "stage3"):
        paths = [conv_norm_relu(inputs[p], weights, f"{stage}.{p}.", dilation=p + 1) for p in (0, 1)]
        inputs = (np.concatenate(paths),) * 2
    return inputs[0]


def mass_att(x, w):
    """The maps of one sample (C, H, W): (C,) and (H, W)."""
    _, height, width = x.shape
    hidden = np.maximum(w["fc1.weight"] @ x.mean((1, 2)) + w["fc1.bias"], 0)
    channel = 1 / (1 + np.exp(-(w["fc2.weight"] @ hidden + w["fc2.bias"])))
    half = np.maximum(conv_same(x.mean(0)[None], w["down1.weight"], w["down1.bias"], stride=2), 0)
    quarter = np.maximum(conv_same(half, w["down2.weight"], w["down2.bias"], stride=2), 0)
    up = np.maximum(conv_transposed_same(quarter, w["up1.weight"], w["up1.bias"]), 0)
    up = up[:, :half.shape[1], :half.shape[2]]
    logits = conv_transposed_same(up, w["up2.weight"], w["up2.bias"])[0, :height, :width]
    return channel, 1 / (1 + np.exp(-logits))
