"""timm's Muon with a step of few operators: all matrices orthogonalised together, all other parameters updated at once.

    optimizer = Muon(model.parameters(), lr=1e-2, nesterov=True)

timm takes one parameter after another, some 1,500 operators a step for LANMSFF, each of which a GPU has to be told of.
Here the matrices lie in a few batches of one size each, wide and padded with zeros, which the iteration keeps: the
products of zeros are zeros. Muon: Jordan, 2024 - https://kellerjordan.github.io/posts/muon/
"""
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
from timm.optim import Muon as _Muon  # torch's own takes matrices only
from timm.optim.adamw import adamw
from timm.optim.muon import (
    _COEFFICIENTS,
    _is_suitable_for_muon,
    get_lr_scale,
    resolve_ns_coefficients,
    scale_eps_for_ns,
)
from timm.optim.nadamw import nadamw
from torch import Tensor, nn

__all__ = ["Muon", "bucket_sizes", "orthogonalize"]

# What a GPU, or a CPU, could multiply and add while the three operators of an iteration start.
STARTS = {"cpu": 1e6}
START = 1e8
Size = tuple[int, int]


class Muon(_Muon):
    """timm's optimizer, batched; the results are timm's, and so are the states, which load either way.

    Matrices go through Newton-Schulz together by ``baddbmm``, in as few sizes as :func:`bucket_sizes` finds; biases,
    norms and depthwise kernels through one call of timm's NAdamW or AdamW.

    Args:
        params: As for timm's.
        batched: False steps as timm does, parameter by parameter. So do ``algo='adamuon'``, ``conv_mode='batched'`` and
            gradients that are sparse, complex or distributed (DTensor), whatever this says.
        *args, **kwargs: As for timm's.
    """

    def __init__(self, params, *args, batched: bool = True, **kwargs):
        super().__init__(params, *args, **kwargs)
        self.batched = batched
        self._plans: dict[tuple, Any] = {}

    def __getstate__(self) -> dict:
        return {**super().__getstate__(), "batched": self.batched}

    def __setstate__(self, state: dict) -> None:
        super().__setstate__(state)
        self._plans = {}  # what was loaded is not what they hold

    def make_capturable(self) -> None:
        """Count steps on the device from now on, so that a CUDA graph can hold a step; what is saved stays the same.

        Within the graph, the learning rates of the groups must be tensors on the device.
        """
        for group in self.param_groups:
            group["capturable"] = True
        self._plans = {}

    def state_dict(self) -> dict:
        """timm's: here the parameters of one call share their count of steps, there each has its own."""
        found = super().state_dict()
        capturable = self.defaults.get("capturable", False)
        for index, state in found["state"].items():
            if "step" in state:
                step = state["step"] if capturable else state["step"].cpu()
                found["state"][index] = {**state, "step": step.clone()}
        for group in found["param_groups"]:
            if "capturable" in group:
                group["capturable"] = capturable
        return found

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None):
        """One step, as timm's."""
        if not (self.batched and all(map(_can_be_batched, self.param_groups))):
            return super().step(closure)
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        former, self._plans = self._plans, {}
        for members in self._sets():
            params, group = [p for p, _ in members], members[0][1]
            kind = _Matrices if self.state[params[0]]["use_muon"] else _Others
            key = (kind, group["eps"], group["adjust_lr_fn"], group["scale_eps"], *map(id, params))
            plan = former.get(key)
            if plan is None or not plan.holds(self.state):
                plan = kind(params, self.state, group)
            self._plans[key] = plan
            _decay(members, plan.rate(group))
            plan.step(group)
        return loss

    def _sets(self) -> list[list[tuple[nn.Parameter, dict]]]:
        """Parameters with a gradient and their groups, by what can be updated at once: the same way, by the same
        settings but for the weight decay."""
        known: list[dict] = []
        found: dict[tuple, list[tuple[nn.Parameter, dict]]] = defaultdict(list)
        for group in self.param_groups:
            settings = {name: value for name, value in group.items() if name not in _BY_GROUP}
            if settings not in known:
                known.append(settings)
            rate = id(group["lr"]) if isinstance(group["lr"], Tensor) else group["lr"]
            for p in group["params"]:
                if p.grad is not None:
                    found[self._is_matrix(p, group), p.device, p.dtype, known.index(settings), rate].append((p, group))
        return list(found.values())

    def _is_matrix(self, p: nn.Parameter, group: dict) -> bool:
        """As timm decides, once for each parameter."""
        state = self.state[p]
        if "use_muon" not in state:
            state["use_muon"] = not group.get("use_fallback", False) and (
                group["use_muon"] if "use_muon" in group else _is_suitable_for_muon(p))
        return state["use_muon"]


_BY_GROUP = ("params", "param_names", "lr", "initial_lr", "weight_decay")  # what may differ within a set


def _can_be_batched(group: dict) -> bool:
    grads = [p.grad for p in group["params"] if p.grad is not None]
    return group["algo"] == "muon" and group["conv_mode"] == "flatten" and not any(
        grad.layout != torch.strided or grad.is_complex() or type(grad) is not Tensor for grad in grads) and not (
        group.get("use_muon", False) and any(p.ndim < 2 for p in group["params"]))


def _decay(members: Sequence[tuple[nn.Parameter, dict]], rate: float | Tensor) -> None:
    by_decay = defaultdict(list)
    for p, group in members:
        by_decay[group["weight_decay"]].append(p)
    for decay, params in by_decay.items():
        if decay:
            torch._foreach_mul_(params, 1 - rate * decay)


class _Matrices:
    """Matrices, and where each lies in its bucket.

    Args:
        params: Of two axes or more, of which the first is the rows of the matrix.
        states: The optimizer's.
        group: Settings.
    """

    def __init__(self, params: Sequence[nn.Parameter], states: dict, group: dict):
        self.params = params
        for p in params:
            states[p].setdefault("momentum_buffer", torch.zeros_like(p, memory_format=torch.preserve_format))
        self.buffers = [states[p]["momentum_buffer"] for p in params]
        sizes = [(len(p), p[0].numel()) for p in params]
        wide = [(min(size), max(size)) for size in sizes]
        buckets = bucket_sizes(wide, STARTS.get(params[0].device.type, START))
        self.buckets = []
        self.inputs: list[Tensor] = [torch.empty(0)] * len(params)
        self.outputs: list[Tensor] = [torch.empty(0)] * len(params)
        for bucket in sorted(set(buckets)):
            members = [i for i, each in enumerate(buckets) if each == bucket]
            x = params[0].new_zeros((len(members), *bucket), dtype=torch.bfloat16)
            out = torch.zeros_like(x, dtype=torch.float32)
            scale = [get_lr_scale(sizes[i], group["adjust_lr_fn"]) if group["adjust_lr_fn"] else 1. for i in members]
            eps = group["eps"]
            if group["scale_eps"]:
                eps = out.new_tensor([scale_eps_for_ns(eps, sizes[i]) for i in members])[:, None, None]
            self.buckets.append((x, eps, out.new_tensor(scale)[:, None, None], out))
            for place, i in enumerate(members):
                self.inputs[i], self.outputs[i] = (_as(params[i], each[place]) for each in (x, out))

    def holds(self, states: dict) -> bool:
        return all(states[p].get("momentum_buffer") is buffer for p, buffer in zip(self.params, self.buffers))

    def rate(self, group: dict) -> float | Tensor:
        return group["lr"]

    def step(self, group: dict) -> None:
        grads = [p.grad for p in self.params]
        torch._foreach_lerp_(self.buffers, grads, 1 - group["momentum"])
        updates = torch._foreach_lerp(grads, self.buffers, group["momentum"]) if group["nesterov"] else self.buffers
        torch._foreach_copy_(self.inputs, updates)
        for x, eps, scale, out in self.buckets:
            x = orthogonalize(x, group["ns_steps"], group["ns_coefficients"], eps, group["safety_factor"])
            torch.mul(x, scale * -group["lr"], out=out)
        torch._foreach_add_(self.params, self.outputs)


def _as(p: Tensor, bucket: Tensor) -> Tensor:
    """The view of a (height, width) bucket that a parameter fills, in its shape.

    The columns stand in the order in which the parameter's values lie in memory, such as channels last: Newton-Schulz
    gives the same in any order, and copies then run along both.
    """
    rows, columns = len(p), p[0].numel()
    matrix = bucket[:rows, :columns] if rows <= columns else bucket[:columns, :rows].mT
    axes = sorted(range(1, p.ndim), key=p.stride, reverse=True)
    matrix = matrix.unflatten(1, [p.shape[axis] for axis in axes])
    return matrix.permute(0, *(1 + axes.index(axis) for axis in range(1, p.ndim)))


def orthogonalize(x: Tensor, steps: int, coefficients: Any, eps: float | Tensor, safety_factor: float = 1.) -> Tensor:
    """The quintic Newton-Schulz iteration of timm's ``zeropower_via_newtonschulz`` on a batch of padded matrices.

    Args:
        x: (N, height, width), wide or square; the rows and columns of zeros around a matrix stay zeros.
        steps: Number of iterations.
        coefficients: As for timm's Muon.
        eps: The smallest norm to divide by; or (N, 1, 1) to add to the norms.
        safety_factor: Of the norms.
    """
    rounds = resolve_ns_coefficients(coefficients, _COEFFICIENTS)
    norm = x.norm(2, dim=(-2, -1), keepdim=True)
    if safety_factor != 1:
        norm.mul_(safety_factor)
    x = x / (norm.add_(eps) if isinstance(eps, Tensor) else norm.clamp_(min=eps))
    rounded = _rounded_to(x.dtype)
    if x.device.type == "cpu" and x.dtype is torch.bfloat16 and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        x = x.float()  # without instructions for bfloat16 its products take 20 times as long; rounded, these are they
    for a, b, c in (rounds + [rounds[-1]] * steps)[:steps]:
        products = rounded(torch.bmm(x, x.mT))
        products = rounded(torch.baddbmm(products, products, products, beta=b, alpha=c))
        x = rounded(torch.baddbmm(x, products, x, beta=a))
    return x


def _rounded_to(dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
    return lambda x: x if x.dtype is dtype else x.to(dtype).to(x.dtype)


def bucket_sizes(sizes: Sequence[Size], start: float) -> list[Size]:
    """For each size (height, width) of a matrix the size to pad it to, with the least work in all.

    Args:
        sizes: Of all matrices, wide or square.
        start: What a batch of its own costs, in multiply-accumulates.
    """
    distinct = sorted(set(sizes))

    @cache
    def best(end: int) -> tuple[float, tuple[Size, ...]]:
        """The least work for the first ``end`` sizes, each run of which shares a bucket, and their buckets."""
        found = [(0., ())] if end == 0 else []
        for begin in range(end):
            run = distinct[begin:end]
            bucket = run[-1][0], max(width for _, width in run)
            work, before = best(begin)
            work += start + _work(bucket) * sum(size in run for size in sizes)
            found.append((work, before + (bucket,) * len(run)))
        return min(found)

    buckets = dict(zip(distinct, best(len(distinct))[1]))
    return [buckets[size] for size in sizes]


def _work(size: Size) -> int:
    """Multiply-accumulates of an iteration."""
    height, width = size
    return 2 * height * height * width + height ** 3


class _Others:
    """Parameters that are no matrices, in flat tensors, one set for each number of steps done.

    Args:
        params: Any.
        states: The optimizer's; their averages become views of the flat tensors.
        group: Settings.
    """

    def __init__(self, params: Sequence[nn.Parameter], states: dict, group: dict):
        by_step = defaultdict(list)
        for p in params:
            by_step[float(states[p].get("step", 0.))].append(p)
        self.parts = [_Flat(each, step, states, group) for step, each in by_step.items()]

    def holds(self, states: dict) -> bool:
        return all(part.holds(states) for part in self.parts)

    def rate(self, group: dict) -> float | Tensor:
        return group["adamw_lr"] if "adamw_lr" in group else group["lr"] * group["fallback_lr_scale"]  # timm < 1.0.27

    def step(self, group: dict) -> None:
        for part in self.parts:
            part.step(group, self.rate(group))


class _Flat:
    """Parameters end to end, with their gradients and the two averages."""

    def __init__(self, params: Sequence[nn.Parameter], step: float, states: dict, group: dict):
        self.params = params
        capturable = group.get("capturable", False)
        self.count = torch.tensor(step, device=params[0].device if capturable else "cpu")
        flat = params[0].new_zeros(4, sum(p.numel() for p in params))
        self.whole = flat.unbind()
        self.values, self.grads, *averages = ([
            part.as_strided(p.shape, torch.empty_like(p, device="meta").stride(), part.storage_offset())
            for p, part in zip(params, each.split([p.numel() for p in params]))] for each in self.whole)
        self.states = [dict(exp_avg=first, exp_avg_sq=second, step=self.count) for first, second in zip(*averages)]
        for p, state in zip(params, self.states):
            for name in ("exp_avg", "exp_avg_sq"):
                if name in states[p]:
                    state[name].copy_(states[p][name])
            states[p].update(state)

    def holds(self, states: dict) -> bool:
        return all(states[p].get(name) is value for p, state in zip(self.params, self.states)
                   for name, value in state.items())

    def step(self, group: dict, rate: float | Tensor) -> None:
        torch._foreach_copy_(self.values, self.params)
        torch._foreach_copy_(self.grads, [p.grad for p in self.params])
        beta1, beta2 = group["betas"]
        value, grad, exp_avg, exp_avg_sq = ([each] for each in self.whole)
        settings = dict(
            foreach=False, capturable=group.get("capturable", False), beta1=beta1, beta2=beta2, lr=rate,
            weight_decay=0., eps=group["eps"], caution=False, maximize=False, max_lr=None)  # decayed before
        if group["nesterov"]:
            nadamw(value, grad, exp_avg, exp_avg_sq, [self.count], **settings)
        else:
            adamw(value, grad, exp_avg, exp_avg_sq, [], [self.count], amsgrad=False, **settings)
        torch._foreach_copy_(self.params, self.values)
