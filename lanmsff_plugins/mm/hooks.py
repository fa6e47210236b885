"""Hooks: checkpoints that survive a kill and run no code, schedules that resume exactly."""
import os.path as osp

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook as _CheckpointHook
from mmengine.hooks import EarlyStoppingHook as _EarlyStoppingHook
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer

from ..files import write_atomically
from ..registry import HOOKS, register
from .checkpoint import plain

__all__ = ["ChannelsLastHook", "CheckpointHook", "CleanCheckpointHook", "EarlyStoppingHook"]


@register(HOOKS)
class ChannelsLastHook(Hook):
    """Lay the weights out as channels last, which is faster for these convolutions on CPU and GPU."""

    def before_run(self, runner) -> None:
        runner.model.to(memory_format=torch.channels_last)


@register(HOOKS)
class CleanCheckpointHook(Hook):
    """Write checkpoints that torch's ``weights_only`` loads: tensors and plain Python, nothing else.

    MMEngine stores its log as ``HistoryBuffer`` objects; they become lists on the way out, and buffers
    again on the way in.
    """

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        checkpoint["message_hub"]["log_scalars"] = {
            key: {"log": buffer.data[0].tolist(), "count": buffer.data[1].tolist()}
            for key, buffer in checkpoint["message_hub"]["log_scalars"].items()}
        for key in checkpoint.keys() - {"state_dict"}:
            checkpoint[key] = plain(checkpoint[key])

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        scalars = checkpoint.get("message_hub", {}).get("log_scalars", {})
        for key, value in scalars.items():
            if isinstance(value, dict):
                scalars[key] = HistoryBuffer(value["log"], value["count"])


@register(HOOKS)
class CheckpointHook(_CheckpointHook):
    """MMEngine's hook, but what it leaves can always be resumed, and exactly.

    An epoch that is validated is saved after its validation, so that the schedule and the early stop
    have seen its result. A checkpoint is written beside its final name and renamed, and older ones are
    removed only then.
    """

    def __init__(self, *args, backend_args: dict | None = dict(backend="lanmsff_atomic"), **kwargs):
        super().__init__(*args, backend_args=backend_args, **kwargs)
        self._save_after_val = False

    def after_train_epoch(self, runner) -> None:
        loop = runner.train_loop
        epoch = loop.epoch + 1
        if runner.val_loop is not None and epoch >= loop.val_begin and (
                epoch % loop.val_interval == 0 or epoch == loop.max_epochs):
            self._save_after_val = self.by_epoch and (
                self.every_n_epochs(runner, self.interval, self.save_begin)
                or (self.save_last and self.is_last_train_epoch(runner)))
        else:
            super().after_train_epoch(runner)

    def after_val_epoch(self, runner, metrics: dict) -> None:
        super().after_val_epoch(runner, metrics)
        if self._save_after_val:
            self._save_after_val = False
            runner.logger.info(f"Saving checkpoint at {runner.epoch} epochs")
            self._save_checkpoint_with_step(runner, runner.epoch, {"epoch": runner.epoch, "iter": runner.iter})

    def _save_checkpoint_with_step(self, runner, step: int, meta: dict) -> None:
        outdated = []
        if self.max_keep_ckpts > 0 and step not in self.keep_ckpt_ids:
            if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
                outdated.append(self.keep_ckpt_ids.popleft())
            self.keep_ckpt_ids.append(step)
            runner.message_hub.update_info("keep_ckpt_ids", list(self.keep_ckpt_ids))
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info("last_ckpt", self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir, name, save_optimizer=self.save_optimizer, save_param_scheduler=self.save_param_scheduler,
            meta=meta, by_epoch=self.by_epoch, backend_args=self.backend_args, **self.args)
        if not is_main_process():
            return
        write_atomically(osp.join(runner.work_dir, "last_checkpoint"), self.last_ckpt.encode())
        for old in outdated:
            path = self.file_backend.join_path(self.out_dir, self.filename_tmpl.format(old))
            if self.file_backend.isfile(path):
                self.file_backend.remove(path)


@register(HOOKS)
class EarlyStoppingHook(_EarlyStoppingHook):
    """MMEngine's hook, which also remembers across a resume how long it has waited, and for what."""

    priority = "LOW"  # before the checkpoint is saved, so that its state is in it

    def before_train(self, runner) -> None:
        state = runner.message_hub.get_info("early_stopping", None)
        if state is not None:
            self.wait_count, self.best_score = state["wait_count"], state["best_score"]

    def after_val_epoch(self, runner, metrics: dict) -> None:
        super().after_val_epoch(runner, metrics)
        runner.message_hub.update_info(
            "early_stopping", {"wait_count": self.wait_count, "best_score": float(self.best_score)})
