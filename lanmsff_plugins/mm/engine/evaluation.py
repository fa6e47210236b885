"""Test a checkpoint on a split: with the mirror images if asked to, by lists of faces, with the predictions kept."""
import copy
from collections.abc import Mapping
from pathlib import Path

from mmengine.config import Config, ConfigDict
from mmengine.hooks import EarlyStoppingHook, EMAHook
from mmengine.registry import HOOKS, init_default_scope

from ..data.wrappers import dataset_of_split, innermost
from .launch import build_runner
from .settings import as_list, check_sections

__all__ = ["evaluate"]


def evaluate(cfg: Config, checkpoint: str, split: str, mirror: bool = False,
             lists: Mapping[str, str | Path] | None = None) -> tuple[dict[str, float], Path]:
    """Test a checkpoint.

    Args:
        cfg: What :func:`~lanmsff_plugins.mm.engine.launch.load_config` gives; it stays as it is.
        checkpoint: What :func:`~lanmsff_plugins.mm.engine.launch.find_checkpoint` gives.
        split: 'train', 'val', 'test' or 'train+val'. The first and the last are the faces that the config trains on,
            also through wrappers: FERPlus keeps more of them by the distribution of the votes than by majority.
        mirror: Average the scores of each face and its mirror image; the pipeline must end in ``PackInputs``.
        lists: Files of faces to tell the accuracy of, by the names that they get.

    Returns:
        The metrics, and the file of predictions, SPLIT.npz or SPLIT_mirror.npz in the work dir.

    Raises:
        FileNotFoundError: if there is no checkpoint, or no such list.
        CheckpointError: if the checkpoint is damaged, is of another network, or holds values that are not finite.
        ConfigError: if the config does not tell which pictures the split has.
    """
    cfg = copy.deepcopy(cfg)
    check_sections(cfg, ["test"])
    cfg.test_dataloader.dataset = dataset_of_split(cfg, split)
    _leave_out_training(cfg)
    cfg.load_from, cfg.resume = checkpoint, False
    if mirror:
        flips = [dict(type="RandomFlip", prob=float(prob)) for prob in (0, 1)]
        for part in innermost(cfg.test_dataloader.dataset):
            *before, pack = part.pipeline
            part.pipeline = [*before, dict(type="TestTimeAug", transforms=[flips, [pack]])]
        cfg.model = dict(type="AverageClsScoreTTA", module=cfg.model)
    out_file = Path(cfg.work_dir) / f"{split}{'_mirror' if mirror else ''}.npz"
    writers = [metric for metric in as_list(cfg.test_evaluator) if metric.type == "lanmsff_plugins.ExpressionMetric"]
    if not writers:  # a config of the user's may lack it
        writers = [ConfigDict(type="lanmsff_plugins.ExpressionMetric")]
        cfg.test_evaluator = [*as_list(cfg.test_evaluator), *writers]
    for metric in writers:
        metric.update(lists={name: str(path) for name, path in (lists or {}).items()}, out_file=str(out_file))
    return build_runner(cfg, "test").test(), out_file


def _leave_out_training(cfg: Config) -> None:
    """Take out what would read the training data, or change the weights: the checkpoint's are the average already."""
    init_default_scope(cfg.get("default_scope", "mmpretrain"))
    for section in ("train_dataloader", "train_cfg", "optim_wrapper", "param_scheduler",
                    "val_dataloader", "val_cfg", "val_evaluator"):
        cfg[section] = None
    with HOOKS.switch_scope_and_registry(None) as hooks:
        cfg.custom_hooks = [
            hook for hook in cfg.get("custom_hooks") or []
            if not issubclass(hooks.get(hook.type) if isinstance(hook.type, str) else hook.type,
                              (EMAHook, EarlyStoppingHook))]
