"""Hooks: checkpoints that survive a kill and run no code, training that resumes as if nothing had happened."""
import json
import operator
import os.path as osp
import random
import time

import numpy as np
import torch
from mmengine.dist import get_rank, is_main_process
from mmengine.hooks import CheckpointHook as _CheckpointHook
from mmengine.hooks import EarlyStoppingHook as _EarlyStoppingHook
from mmengine.hooks import Hook, LoggerHook
from mmengine.hooks import RuntimeInfoHook as _RuntimeInfoHook
from mmengine.logging import HistoryBuffer

from ...base.errors import ConfigError, DivergenceError
from ...base.files import remove_half_written, write_atomically
from ...registry import HOOKS, register
from .checkpoint import plain

__all__ = ["CheckpointHook", "CleanCheckpointHook", "EarlyStoppingHook", "EpochSeedHook", "FiniteLossHook",
           "RuntimeInfoHook", "StepTimeHook"]

_REMEDY = "lower the learning rate, or train without --amp, and resume from the last checkpoint"


@register(HOOKS)
class EpochSeedHook(Hook):
    """Seed Python, NumPy and torch anew before each epoch, from the run's seed, the steps done and the rank.

    So what an epoch draws does not depend on what was drawn before it: one that follows a resume draws what it
    would have drawn without the interruption, and no state of a generator needs to be kept. MMEngine would seed
    a worker the same way whenever it starts; without that, torch seeds it from the main process.

    Args:
        each_step: Seed before each step as well. So networks that draw differently, for dropout for instance, are given
            the same augmentation by a preprocessor.

    Raises:
        ConfigError: if the workers that load the training data outlive an epoch, and the state of their
            generators with them.
    """

    priority = "VERY_HIGH"

    def __init__(self, each_step: bool = False):
        self.each_step = each_step

    def before_train(self, runner) -> None:
        if runner.train_dataloader.persistent_workers:
            raise ConfigError("EpochSeedHook seeds workers when they start, got train_dataloader.persistent_workers="
                              "True; make it False, or leave the hook out and the resume inexact")
        runner.train_dataloader.worker_init_fn = None

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        if self.each_step:
            self.before_train_epoch(runner)

    def before_train_epoch(self, runner) -> None:
        seed = int(np.random.SeedSequence((runner.seed, runner.iter, get_rank())).generate_state(1)[0])
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)


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
    have seen its result. A checkpoint is written beside its final name and renamed, and older ones, the last
    as well as the best, are removed only then.
    """

    def __init__(self, *args, backend_args: dict | None = dict(backend="lanmsff_atomic"), **kwargs):
        super().__init__(*args, backend_args=backend_args, **kwargs)
        self._save_after_val = False

    def before_train(self, runner) -> None:
        super().before_train(runner)
        if is_main_process():
            remove_half_written(self.out_dir, "*.pth")
            remove_half_written(runner.work_dir, "last_checkpoint")

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
        self._save_what_waits(runner)

    def after_train(self, runner) -> None:
        self._save_what_waits(runner)  # MMEngine before 0.10.4 does not validate the last epoch out of turn
        super().after_train(runner)

    def _save_what_waits(self, runner) -> None:
        if self._save_after_val:
            self._save_after_val = False
            runner.logger.info(f"Saving checkpoint at {runner.epoch} epochs")
            self._save_checkpoint_with_step(runner, runner.epoch, {"epoch": runner.epoch, "iter": runner.iter})

    def _save_best_checkpoint(self, runner, metrics: dict) -> None:
        if not self.save_best or len(self.key_indicators) > 1:
            return super()._save_best_checkpoint(runner, metrics)
        # MMEngine removes the best one before it writes a better one; what it does not know of it leaves alone.
        former, self.best_ckpt_path = self.best_ckpt_path, None
        super()._save_best_checkpoint(runner, metrics)
        if self.best_ckpt_path is None:
            self.best_ckpt_path = former
        elif former not in (None, self.best_ckpt_path) and is_main_process() and self.file_backend.isfile(former):
            self.file_backend.remove(former)

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
    """MMEngine's hook, which also remembers across a resume how long it has waited, and for what.

    As in Keras, a value that equals the best one is not better.
    """

    priority = "LOW"  # before the checkpoint is saved, so that its state is in it
    rule_map = {"greater": operator.ge, "less": operator.le}  # whether the best is still the best

    def before_train(self, runner) -> None:
        state = runner.message_hub.get_info("early_stopping", None)
        if state is not None:
            self.wait_count, self.best_score = state["wait_count"], state["best_score"]
            runner.train_loop.stop_training = self.wait_count >= self.patience  # the run had ended

    def after_val_epoch(self, runner, metrics: dict) -> None:
        value = metrics.get(self.monitor, self.best_score)
        if self.check_finite and not np.isfinite(value) and self.monitor in metrics:
            raise DivergenceError(f"{self.monitor} is {float(value)} after epoch {runner.epoch}; {_REMEDY}")
        super().after_val_epoch(runner, metrics)
        runner.message_hub.update_info(
            "early_stopping", {"wait_count": self.wait_count, "best_score": float(self.best_score)})


@register(HOOKS)
class FiniteLossHook(Hook):
    """End a training whose loss or weights are no finite numbers: no later step mends it.

    The last checkpoint stays good: weights that are infinite or not a number are never saved.

    Args:
        interval: Steps between two looks at the loss; on a GPU each waits for the step to be done. The last loss of an
            epoch is looked at in any case, and all weights before they are validated or saved.

    Raises:
        DivergenceError: if the loss or a weight is infinite or not a number.
    """

    priority = "VERY_HIGH"  # before any hook acts on what has diverged

    def __init__(self, interval: int = 50):
        self.interval = interval
        self._loss: torch.Tensor | None = None

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        self._loss = outputs["loss"]
        if self.every_n_train_iters(runner, self.interval):
            self._check_loss(runner.iter + 1)

    def after_train_epoch(self, runner) -> None:
        self._check_loss(runner.iter)
        self._check_weights(runner.model.state_dict(), runner.iter)

    def before_val_epoch(self, runner) -> None:
        if self._loss is not None:  # in training
            self.after_train_epoch(runner)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        for weights in ("state_dict", "ema_state_dict"):
            self._check_weights(checkpoint.get(weights, {}), runner.iter)

    def _check_loss(self, step: int) -> None:
        if self._loss is not None and not torch.isfinite(self._loss):
            raise DivergenceError(f"the loss is {float(self._loss)} at step {step}; {_REMEDY}")

    def _check_weights(self, weights: dict[str, torch.Tensor], step: int) -> None:
        values = {name: value for name, value in weights.items()
                  if isinstance(value, torch.Tensor) and value.is_floating_point()}
        if values and not torch.stack([value.isfinite().all() for value in values.values()]).all():
            name = next(name for name, value in values.items() if not value.isfinite().all())
            raise DivergenceError(f"weights are not finite after step {step}, such as {name}; {_REMEDY}")


@register(HOOKS)
class RuntimeInfoHook(_RuntimeInfoHook):
    """MMEngine's hook, which reads the losses of many steps at once: a GPU has to be waited for at each reading.

    They are read before ``LoggerHook`` looks at them, at the end of an epoch, and before a checkpoint is saved. What
    is logged and saved is the same.
    """

    def __init__(self):
        self._unread: list[dict[str, torch.Tensor]] = []

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        self._unread.append({name: value.detach() for name, value in (outputs or {}).items()})
        interval = min((hook.interval for hook in runner.hooks if isinstance(hook, LoggerHook)), default=50)
        if self.every_n_inner_iters(batch_idx, interval) or self.every_n_train_iters(runner, interval) or (
                self.end_of_epoch(runner.train_dataloader, batch_idx)):
            self._read(runner)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        self._read(runner)

    def _read(self, runner) -> None:
        values = [value for each in self._unread for value in each.values()]
        numbers = iter(torch.stack([value.double() for value in values]).tolist() if values else ())
        for each in self._unread:
            for name in each:
                runner.message_hub.update_scalar(f"train/{name}", next(numbers))
        self._unread = []


@register(HOOKS)
class StepTimeHook(Hook):
    """Write how long a training took to ``step_times.json``, in seconds.

    Its entries are ``step``, the median of all steps, those before a resume included, with the loading of their data;
    and ``training``, the time from the first epoch to the end, since a resume if there was one. ``IterTimerHook`` keeps
    the time of each step.
    """

    priority = "VERY_LOW"

    def before_train(self, runner) -> None:
        self._start = time.monotonic()

    def after_train(self, runner) -> None:
        steps = runner.message_hub.get_scalar("train/time").data[0]
        content = json.dumps({"step": float(np.median(steps)), "training": time.monotonic() - self._start})
        if is_main_process():
            write_atomically(osp.join(runner.work_dir, "step_times.json"), content.encode())
