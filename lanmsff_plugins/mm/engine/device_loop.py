"""Training on tensors alone: the loader gives indices, everything else of a step happens on the device.

    train_cfg = dict(type='lanmsff_plugins.DeviceTrainLoop', max_epochs=64)

``on_device=True`` in a config does the same. Its default, None, does so on a GPU, where the data allow it, and captures
each step as one graph, where the rest of the config allows that, see ``capture.py``; ``'captured'`` insists on both.
"""
from collections.abc import Mapping

import torch
from mmengine.config import Config
from mmengine.device import is_cuda_available
from mmengine.model import is_model_wrapper
from mmengine.registry import DATASETS
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmpretrain.models import ClsHead, ImageClassifier
from torch import Tensor, nn
from torch.utils.data import Dataset

from ...base.errors import ConfigError
from ...registry import LOOPS, register
from ..data.on_device import DeviceSplit, Indices
from ..data.on_device import obstacle as obstacle_in_data
from ..models.preprocessor import FacePreprocessor
from .capture import CapturedStep, Losses
from .capture import obstacle as obstacle_to_capture
from .checkpoint import build_network

__all__ = ["DeviceTrainLoop", "choose_loop"]


def choose_loop(cfg: Config, dataset: Dataset) -> None:
    """Put the loop into a config where ``on_device`` asks for it, or leaves it open and there is a GPU.

    Raises:
        ConfigError: if it asks for what the data, the network or the loop of the config do not allow.
    """
    wanted = cfg.get("on_device")
    if wanted is False or wanted is None and not is_cuda_available():
        return
    model = build_network(cfg)
    reason = "train_cfg has by_epoch=False, or a loop of its own" if not cfg.train_cfg.get("by_epoch") else (
        obstacle_in_data(dataset) or _obstacle_in_network(model))
    if reason:
        if wanted:
            raise ConfigError(f"on_device={wanted!r} cannot be: {reason}; leave it out")
        return
    obstacle = _NO_GPU if not is_cuda_available() else obstacle_to_capture(cfg, model)
    if wanted == "captured" and obstacle:
        raise ConfigError(f"on_device='captured' cannot be: {obstacle}; on_device=True captures nothing")
    cfg.train_cfg = {"type": "lanmsff_plugins.DeviceTrainLoop", "capture": wanted is not True and obstacle is None,
                     **{key: value for key, value in cfg.train_cfg.items() if key != "by_epoch"}}
    cfg.default_hooks = {"runtime_info": dict(type="lanmsff_plugins.RuntimeInfoHook"),
                         **(cfg.get("default_hooks") or {})}


_NO_GPU = "there is no GPU"


def _obstacle_in_network(model: nn.Module) -> str | None:
    if not isinstance(model, ImageClassifier) or type(model).loss is not ImageClassifier.loss:
        return f"the model is of type {type(model).__name__}, not an ImageClassifier"
    if not isinstance(model.data_preprocessor, FacePreprocessor):
        return "the data preprocessor is not a lanmsff_plugins.FacePreprocessor"
    head = model.head
    if not isinstance(head, ClsHead) or head.cal_acc or any(
            getattr(type(head), name) is not getattr(ClsHead, name) for name in ("loss", "_get_loss")):
        return f"the head, {type(head).__name__}, has a loss of its own or measures accuracy"
    return None


@register(LOOPS)
class DeviceTrainLoop(EpochBasedTrainLoop):
    """MMEngine's loop by epochs; pictures and targets lie on the device from the start, as uint8.

    Hooks, schedules, checkpoints and what is drawn from torch's generator are those of MMEngine's loop: a run gives the
    same losses up to rounding, and the draws of the loader stay in the main process. Hooks get the indices of a
    batch as ``data_batch``.

    Args:
        runner: The Runner.
        dataloader: The loader's config. Its workers are left out: there is nothing to load.
        capture: Record a step as a CUDA graph, and repeat it. It needs a GPU, and what ``capture.obstacle`` checks.
        **kwargs: As for ``EpochBasedTrainLoop``.

    Raises:
        ConfigError: if the data or the network are not of the kinds that this loop knows.
    """

    def __init__(self, runner: Runner, dataloader: Mapping, max_epochs: int, capture: bool = False, **kwargs):
        wrapped = is_model_wrapper(runner.model)
        self.model = runner.model.module if wrapped else runner.model
        self._device = next(self.model.parameters()).device
        reason = _obstacle_in_network(self.model)
        if reason:
            raise ConfigError(f"DeviceTrainLoop cannot train: {reason}; set train_cfg.by_epoch=True without a type")
        if capture and self._device.type != "cuda":
            raise ConfigError(f"DeviceTrainLoop cannot capture: {_NO_GPU}; leave capture out")
        dataset = DATASETS.build(dataloader["dataset"])
        dataset.full_init()
        self.split = DeviceSplit(dataset, self._device)
        # A type may be any function; the draws of workers that start would be other ones.
        loader = {**dataloader, "dataset": dict(type=lambda: Indices(dataset)), "num_workers": 0,
                  "persistent_workers": False, "pin_memory": False, "collate_fn": dict(type=lambda batch: batch)}
        loader.pop("prefetch_factor", None)
        super().__init__(runner, loader, max_epochs, **kwargs)
        self._forward = runner.model
        self._capture = capture
        self.captured: CapturedStep | None = None
        if runner.cfg.get("compile"):
            # A side of the pictures is a number, of which there are few.
            options = {"dynamic": False, **({} if runner.cfg.compile is True else runner.cfg.compile)}
            if wrapped:
                self._forward = torch.compile(runner.model, **options)
            else:
                self.loss = torch.compile(self.loss, **options)

    def run_iter(self, idx: int, data_batch: Tensor) -> None:
        self.runner.call_hook("before_train_iter", batch_idx=idx, data_batch=data_batch)
        if self._capture and self.captured is None:  # the optimizer's states have been resumed by now
            self.captured = CapturedStep(self.step, self.runner.optim_wrapper.optimizer, self._device)
        step = self.captured or self.step
        outputs = step(data_batch, self.model.data_preprocessor.current_size())
        self.runner.call_hook("after_train_iter", batch_idx=idx, data_batch=data_batch, outputs=outputs)
        self._iter += 1

    def step(self, indices: Tensor, size: int | None = None) -> Losses:
        """Train on the pictures of some indices (B,), of a side if the augmentation sets one; gives losses by name."""
        wrapper = self.runner.optim_wrapper
        with wrapper.optim_context(self.runner.model):
            loss = self.loss(indices, size)
        total, log = self.model.parse_losses({"loss": loss})
        wrapper.update_params(total)
        return {name: value.detach() for name, value in log.items()}

    def loss(self, indices: Tensor, size: int | None) -> Tensor:
        inputs, targets = self.model.data_preprocessor.batch(*self.split.take(indices), size)
        scores = self._forward(inputs, mode="tensor")
        return self.model.head.loss_module(scores, targets, avg_factor=len(scores))
