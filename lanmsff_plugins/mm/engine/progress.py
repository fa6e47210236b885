"""What a training says on the terminal: one line with the remaining time; the whole log goes to the log file."""
import logging
import shutil
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.evaluator import Evaluator
from mmengine.hooks import CheckpointHook, Hook
from torch.utils.data import Dataset

from ...registry import HOOKS, register
from ...weights.loading import find_file
from .checkpoint import StrictRunner

__all__ = ["ProgressHook", "QuietRunner", "closing_words"]


class QuietRunner(StrictRunner):
    """A Runner whose log goes to the log file alone; only errors go to the terminal.

    Of a work dir that was copied or moved it resumes, and later replaces, the checkpoints in it, not the original's.
    """

    def build_logger(self, *args, **kwargs):
        logger = super().build_logger(*args, **kwargs)
        for handler in logger.handlers:
            if type(handler) is logging.StreamHandler:
                handler.setLevel(logging.ERROR)
        return logger

    def use_datasets(self, datasets: Mapping[str, Dataset]) -> None:
        """Take data sets that are built already, by 'train', 'val' and 'test', instead of building them once more."""
        for split, dataset in datasets.items():
            loader = getattr(self, f"_{split}_dataloader")
            loader["dataset"] = dict(type=lambda dataset=dataset: dataset)  # a type may be any function

    def build_evaluator(self, evaluator) -> Evaluator:
        """Have processes send one another their results: MMEngine's default is files below the current folder, which
        several machines need not share."""
        built = super().build_evaluator(evaluator)
        for metric in built.metrics:
            if metric.collect_dir is None:
                metric.collect_device = "gpu"  # that of the process group: the processor, where it is gloo's
        return built

    def resume(self, *args, **kwargs) -> None:
        super().resume(*args, **kwargs)
        hook = next((hook for hook in self.hooks if isinstance(hook, CheckpointHook)), None)
        folder = Path(self.work_dir)
        if hook is not None and hook.out_dir is not None:
            folder = Path(hook.out_dir, folder.name)  # as the hook itself has it
        for name, path in list(self.message_hub.runtime_info.items()):
            if name == "last_ckpt" or name.startswith("best_ckpt"):  # absolute paths of where they were written
                self.message_hub.update_info(name, str(folder / Path(path).name))


@register(HOOKS)
class ProgressHook(Hook):
    """Print the epoch, the loss and the remaining time on stderr, and the figures of each validation.

    On a terminal one line is rewritten every second; elsewhere a line is printed every half minute.
    """

    priority = "VERY_LOW"

    def __init__(self):
        self._live = sys.stderr.isatty()
        self._interval = 1. if self._live else 30.
        self._said = 0.  # when the last line was printed

    def before_train(self, runner) -> None:
        self._start, self._first_step = time.monotonic(), runner.iter
        if runner.iter == 0 and any(Path(runner.work_dir).glob("*_*.pth")):
            self._say(f"note: {runner.work_dir} has checkpoints of an earlier training, which this one overwrites; "
                      "--resume would go on from them", last=True)
        self._say(f"training {runner.max_epochs} epochs of {len(runner.train_dataloader)} steps; log in "
                  f"{runner.log_dir}", last=True)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        done = runner.iter + 1 - self._first_step
        if done > 1 and time.monotonic() - self._said < self._interval:
            return
        left = (time.monotonic() - self._start) / done * (runner.max_iters - runner.iter - 1)
        self._say(f"epoch {runner.epoch + 1}/{runner.max_epochs}, step {batch_idx + 1}/{len(runner.train_dataloader)}, "
                  f"loss {outputs['loss'].item():.3f}, {timedelta(seconds=round(left))} left")

    def after_val_epoch(self, runner, metrics: dict | None = None) -> None:
        figures = ", ".join(f"{name} {value:.4g}" for name, value in (metrics or {}).items())
        self._say(f"epoch {runner.epoch}/{runner.max_epochs}, validation: {figures}", last=True)

    def after_test_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        if time.monotonic() - self._said >= self._interval:
            self._say(f"testing, batch {batch_idx + 1}/{len(runner.test_dataloader)}")

    def after_test(self, runner) -> None:
        if self._live:
            self._say("", last=True)

    def _say(self, line: str, last: bool = False) -> None:
        if not is_main_process():
            return
        self._said = time.monotonic()
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r{line[:width]:<{width}}", end="\n" if last and line else "", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)


def closing_words(config: str, work_dir: str) -> str:
    """Where a training's best checkpoint is, and the command that tests it."""
    try:
        best = str(find_file(work_dir))
    except FileNotFoundError:
        best = "none; validation was off"
    return "\n".join([
        f"best checkpoint: {best}",
        f"next: lanmsff test {config} {work_dir}"])
