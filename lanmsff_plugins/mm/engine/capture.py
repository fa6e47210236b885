"""A training step that a GPU replays as one graph, so that the processor starts one thing and not hundreds.

    step = CapturedStep(loop.step, optimizer, "cuda")
    losses = step(indices, size)

Whatever a step does is recorded once for each size of the batch and of the pictures, and repeated from then on.
Generators move on, and the learning rates are read anew at each step; nothing else may depend on the processor.
"""
import logging
from collections import Counter
from collections.abc import Callable, Hashable
from contextlib import contextmanager

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.registry import PARAM_SCHEDULERS
from torch import Tensor, nn
from torch.optim import Optimizer

from ...base import compat
from ...registry import OPTIM_WRAPPERS, OPTIMIZERS
from ..models.preprocessor import FaceAugment
from .optim import BFloat16OptimWrapper
from .settings import as_list

__all__ = ["WARM_UP", "CapturedStep", "CudaGraphs", "Losses", "obstacle"]

Losses = dict[str, Tensor]
WARM_UP = 3  # steps that let libraries choose their algorithms and allocate what stays, as PyTorch's examples have it


def obstacle(cfg: Config, model: nn.Module) -> str | None:
    """Why a step cannot be captured, in words; None if it can.

    Args:
        cfg: A config that a ``DeviceTrainLoop`` can train.
        model: Its model.
    """
    wrapper = cfg.optim_wrapper
    kind = _class(wrapper.get("type", "OptimWrapper"), OPTIM_WRAPPERS)
    preprocessor = model.data_preprocessor
    if cfg.get("launcher", "none") != "none":
        return "several processes train together"
    if kind not in (OptimWrapper, BFloat16OptimWrapper):
        return (f"{kind.__name__} reads from the device at each step; "
                "optim_wrapper.type='lanmsff_plugins.BFloat16OptimWrapper' does not")
    if wrapper.get("accumulative_counts", 1) > 1 or wrapper.get("clip_grad"):
        return "optim_wrapper accumulates or clips gradients"
    optimizer = _class(wrapper.optimizer.type, OPTIMIZERS)
    if not hasattr(optimizer, "make_capturable") or not compat.captures_muon():
        return f"the optimizer is {optimizer.__name__}, not lanmsff_plugins.Muon with timm 1.0.28 or newer"
    if not all(issubclass(_class(each["type"], PARAM_SCHEDULERS), LRSchedulerMixin)
               for each in as_list(cfg.get("param_scheduler"))):
        return "param_scheduler changes other settings than the learning rate"
    if preprocessor.batch_augments is not None or type(preprocessor.augment) not in (nn.Identity, FaceAugment):
        return "data_preprocessor mixes pictures, or has an augmentation other than lanmsff_plugins.FaceAugment"
    return None


def _class(kind: object, registry) -> type:
    return registry.get(kind) if isinstance(kind, str) else kind


class CapturedStep:
    """A step that is recorded once for each size, after a few calls, and repeated from then on.

    Where a step cannot be recorded after all, a line in the log says why, and it is run as it is.

    Args:
        step: From the indices of a batch (B,) and the side of the pictures to the losses by name.
        optimizer: A Muon. Its settings other than the learning rates must stay.
        device: Where it trains.
        recorder: What runs calls and records them, by default as CUDA graphs.
        warm_up: How many calls of a size are run as they are before one is recorded.
    """

    def __init__(self, step: Callable[[Tensor, int | None], Losses], optimizer: Optimizer, device: torch.device | str,
                 recorder: "CudaGraphs | None" = None, warm_up: int = WARM_UP):
        self._step = step
        self._optimizer = optimizer
        self._recorder = CudaGraphs() if recorder is None else recorder
        self._warm_up = warm_up
        self._rates = torch.zeros(len(optimizer.param_groups), device=device)
        self._calls: Counter[Hashable] = Counter()
        self.graphs: dict[Hashable, tuple[Tensor, Losses, Callable[[], object]]] = {}
        self._fails = False
        optimizer.make_capturable()

    def __call__(self, indices: Tensor, size: int | None) -> Losses:
        places, rates = self._distinct_rates()
        self._rates[:len(rates)].copy_(torch.tensor(rates), non_blocking=True)
        key = (len(indices), size, places)
        self._calls[key] += 1
        if not self._fails and self._calls[key] > self._warm_up and key not in self.graphs:
            try:
                self.graphs[key] = self._recorded(indices, size, places)
            except Exception as error:  # of CUDA, or of whatever cannot be recorded
                print_log(f"The step is not captured: {error}", "current", logging.WARNING)
                self._fails = True
        if key not in self.graphs:
            with self._rates_as_tensors(places):
                return self._recorder.run(lambda: self._step(indices, size))
        held, losses, repeat = self.graphs[key]
        held.copy_(indices, non_blocking=True)
        repeat()
        return {name: value.clone() for name, value in losses.items()}

    def _distinct_rates(self) -> tuple[tuple[int, ...], list[float]]:
        """For each group the place of its rate among the distinct ones, and these."""
        rates = [group["lr"] for group in self._optimizer.param_groups]
        distinct = list(dict.fromkeys(rates))
        return tuple(map(distinct.index, rates)), distinct

    def _recorded(self, indices: Tensor, size: int | None, places: tuple[int, ...]
                  ) -> tuple[Tensor, Losses, Callable[[], object]]:
        held = indices.to(self._rates.device, copy=True)
        with self._rates_as_tensors(places):
            try:
                losses, repeat = self._recorder.record(lambda: self._step(held, size))
            finally:
                self._optimizer.zero_grad()  # the gradients lie in the memory of the graph
        return held, losses, repeat

    @contextmanager
    def _rates_as_tensors(self, places: tuple[int, ...]):
        """Schedules go by numbers, of which a graph would keep those of one step."""
        groups, tensors = self._optimizer.param_groups, self._rates.unbind()
        rates = [group["lr"] for group in groups]
        try:
            for group, place in zip(groups, places):
                group["lr"] = tensors[place]
            yield
        finally:
            for group, rate in zip(groups, rates):
                group["lr"] = rate


class CudaGraphs:
    """Runs and records calls on a stream of its own. Its graphs share their memory, since one runs at a time."""

    def __init__(self):
        self._pool = torch.cuda.graph_pool_handle()
        self._stream = torch.cuda.Stream()

    def run(self, call: Callable[[], Losses]) -> Losses:
        """Call as it is, on the stream of the recording, as what stays of a call is bound to its stream."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            losses = call()
        torch.cuda.current_stream().wait_stream(self._stream)
        return losses

    def record(self, call: Callable[[], Losses]) -> tuple[Losses, Callable[[], object]]:
        """What a call gives once its graph has run, each time to the same memory; and what runs it."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, self._pool, self._stream, capture_error_mode="thread_local"):
            losses = call()
        return losses, graph.replay
