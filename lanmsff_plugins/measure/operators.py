"""What operators cost that fvcore does not know, or counts wrongly; the rest is fvcore's own.

The unit of the operators in ``MULTIPLY`` is the multiply-accumulate, as in fvcore. Everywhere else it is the
floating-point operation: one for each value that comes out of an elementwise operator, whatever it is, and one
for each value that goes into a sum or a comparison.
"""
import operator
from collections import Counter
from collections.abc import Callable
from math import prod
from typing import Any

from fvcore.nn.jit_handles import (
    conv_flop_count,
    einsum_flop_jit,
    elementwise_flop_counter,
    get_shape,
)

__all__ = ["HANDLERS", "MULTIPLY", "is_free"]

Handler = Callable[[list[Any], list[Any]], Any]

# The names under which multiply-accumulates are counted.
MULTIPLY = ("conv", "linear", "addmm", "baddbmm", "bmm", "einsum", "matmul", "mm", "scaled_dot_product_attention")


def _conv_mode(inputs: list[Any], outputs: list[Any]) -> Counter:
    """A convolution whose padding is a word ("same")."""
    return Counter(conv=conv_flop_count(get_shape(inputs[0]), get_shape(inputs[1]), get_shape(outputs[0])))


def _matmul(inputs: list[Any], outputs: list[Any]) -> int:
    """By what comes out: fvcore goes by the first operand, which may be the one that is broadcast."""
    return prod(get_shape(outputs[0])) * get_shape(inputs[0])[-1]


def _baddbmm(inputs: list[Any], outputs: list[Any]) -> int:
    return prod(get_shape(outputs[0])) * get_shape(inputs[1])[-1]


def _einsum(inputs: list[Any], outputs: list[Any]) -> float:
    """Of two operands: the product of all sides that the equation names. fvcore halves it if nothing is summed."""
    terms = inputs[0].toIValue().replace(" ", "").split("->")[0].split(",")
    if len(terms) != 2 or any("." in term for term in terms):
        return einsum_flop_jit(inputs, outputs)
    shapes = [get_shape(value) for value in inputs[1].node().inputs()]
    return prod({letter: side for term, shape in zip(terms, shapes) for letter, side in zip(term, shape)}.values())


def _attention(inputs: list[Any], outputs: list[Any]) -> int:
    """Queries by keys, and the result by values."""
    query, key, value = (get_shape(x) for x in inputs[:3])
    return prod(query) * key[-2] + prod(query[:-1]) * prod(value[-2:])


def _pool(dimensions: int) -> Handler:
    """One operation for each value under the window, at each place."""
    def handler(inputs: list[Any], outputs: list[Any]) -> int:
        kernel = [_integer(side) for side in inputs[1].node().inputs()]
        return prod(get_shape(outputs[0])) * prod(kernel * dimensions if len(kernel) == 1 else kernel)
    return handler


def _integer(value: Any) -> int:
    """A number in the trace: a constant, or what is computed from the sizes of tensors."""
    if value.toIValue() is not None:
        return int(value.toIValue())
    node, inputs = value.node(), list(value.node().inputs())
    if node.kind() == "aten::size":
        return get_shape(inputs[0])[_integer(inputs[1])]
    if node.kind() in ("aten::Int", "prim::NumToTensor"):
        return _integer(inputs[0])
    if node.kind() not in _ARITHMETIC:
        raise ValueError(f"the size of a window comes from {node.kind()}, expected sums and products of sizes")
    return int(_ARITHMETIC[node.kind()](*map(_integer, inputs[:2])))


def _norm(affine: int) -> Handler:
    """Five operations for each value, or four without a scale and a shift, as fvcore has it, for any number of sides.

    Args:
        affine: Which input the scale is.
    """
    def handler(inputs: list[Any], outputs: list[Any]) -> int:
        return prod(get_shape(inputs[0])) * (4 if get_shape(inputs[affine]) is None else 5)
    return handler


_ARITHMETIC = {
    "aten::add": operator.add, "aten::sub": operator.sub, "aten::mul": operator.mul, "aten::div": operator.truediv,
    "aten::floor_divide": operator.floordiv, "aten::remainder": operator.mod}

_per_output = elementwise_flop_counter(0, 1)
_per_input = elementwise_flop_counter(1, 0)


def _extremum(inputs: list[Any], outputs: list[Any]) -> int:
    """Of two tensors, or of the values of one."""
    pairwise = len(inputs) == 2 and inputs[1].isCompleteTensor()
    return (_per_output if pairwise else _per_input)(inputs, outputs)

_ELEMENTWISE = """
    abs add addcdiv addcmul atan2 bernoulli celu clamp clamp_max clamp_min clip cos div elu erf exp expm1 gelu
    hardsigmoid hardswish hardtanh leaky_relu lerp log log1p log2 maximum minimum mish mul neg pow prelu
    reciprocal relu relu6 rsqrt rsub selu sigmoid sign silu sin softplus softsign sqrt square sub tanh threshold
""".split()
_REDUCTIONS = """
    adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool1d adaptive_max_pool2d amax amin cumsum logsumexp mean
    prod sum
""".split()
_MOVES = """
    affine_grid_generator alias alpha_dropout as_strided bool broadcast_tensors ceil channel_shuffle clone concat
    detach_ diagonal dropout_ embedding expand_as feature_dropout fill_ flip floor_divide gt hstack im2col index_fill
    index_select is_floating_point item mH mT le linspace logical_and logical_not logical_or lt masked_fill_ meshgrid
    movedim ne new_ones one_hot ones_like pad pixel_shuffle pixel_unshuffle reflection_pad2d repeat repeat_interleave
    replication_pad2d reshape_as rot90 round scatter scatter_ sort squeeze_ swapaxes take tensor_split tile topk tril
    triu unflatten unfold view_as vstack where zero_
""".split()

HANDLERS: dict[str, Handler] = {
    "aten::_convolution_mode": _conv_mode,
    "torchvision::deform_conv2d": _conv_mode,
    "aten::matmul": _matmul,
    "aten::mm": _matmul,
    "aten::linear": _matmul,
    "aten::baddbmm": _baddbmm,
    "aten::einsum": _einsum,
    "aten::scaled_dot_product_attention": _attention,
    **{f"aten::{name}{suffix}": _per_output for name in _ELEMENTWISE for suffix in ("", "_")},
    **{f"aten::{name}": _per_input for name in _REDUCTIONS},
    **{f"aten::{name}": _extremum for name in ("max", "min")},
    **{f"aten::{name}": _pool(n) for n in (1, 2, 3) for name in (
        f"avg_pool{n}d", f"max_pool{n}d", f"max_pool{n}d_with_indices")},
    **{f"aten::{name}": elementwise_flop_counter(3, 0)  # exponential, sum, quotient; difference, square, sum
       for name in ("softmax", "log_softmax", "var", "var_mean", "std", "std_mean")},
    **{f"aten::{name}": elementwise_flop_counter(2, 0)  # square, sum
       for name in ("norm", "frobenius_norm", "linalg_vector_norm")},
    "aten::glu": elementwise_flop_counter(0, 2),
    "aten::rms_norm": _norm(2),
    "aten::layer_norm": _norm(2),
    "aten::upsample_bicubic2d": elementwise_flop_counter(0, 16),
    "aten::upsample_trilinear3d": elementwise_flop_counter(0, 8),
}


def is_free(operator: str) -> bool:
    """Whether an operator moves or compares values and computes none; fvcore knows others of that kind itself."""
    return operator.removeprefix("aten::") in _MOVES
