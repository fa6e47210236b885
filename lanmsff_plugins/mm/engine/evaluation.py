"""Test a checkpoint on a split: with the mirror images if asked to, by lists of faces, with the predictions kept."""
import copy
from collections.abc import Mapping
from pathlib import Path

from mmengine.config import Config

from .launch import build_runner

__all__ = ["evaluate"]


def evaluate(cfg: Config, checkpoint: str, split: str, mirror: bool = False,
             lists: Mapping[str, str | Path] | None = None) -> tuple[dict[str, float], Path]:
    """Test a checkpoint.

    Args:
        cfg: What :func:`~lanmsff_plugins.mm.engine.launch.load_config` gives; it stays as it is.
        checkpoint: What :func:`~lanmsff_plugins.mm.engine.launch.find_checkpoint` gives.
        split: 'train', 'val', 'test' or 'train+val'. The first and the last have the label mode that the config
            trains with: FERPlus keeps more faces by the distribution of the votes than by majority.
        mirror: Average the scores of each face and its mirror image; the pipeline must end in ``PackInputs``.
        lists: Files of faces to tell the accuracy of, by the names that they get.

    Returns:
        The metrics, and the file of predictions, SPLIT.npz or SPLIT_mirror.npz in the work dir.

    Raises:
        FileNotFoundError: if there is no checkpoint, or no such list.
        CheckpointError: if the checkpoint is damaged, is of another network, or holds values that are not finite.
    """
    cfg = copy.deepcopy(cfg)
    cfg.load_from = checkpoint
    dataset = cfg.test_dataloader.dataset
    dataset.split = split
    if split.startswith("train") and "mode" in cfg.train_dataloader.dataset:
        dataset.mode = cfg.train_dataloader.dataset.mode
    # The checkpoint's weights are the average already, and the hook would put others into the network that mirrors.
    cfg.custom_hooks = [hook for hook in cfg.get("custom_hooks", []) if hook.type != "EMAHook"]
    if mirror:
        *before, pack = dataset.pipeline
        flips = [dict(type="RandomFlip", prob=float(prob)) for prob in (0, 1)]
        dataset.pipeline = [*before, dict(type="TestTimeAug", transforms=[flips, [pack]])]
        cfg.model = dict(type="AverageClsScoreTTA", module=cfg.model)
    out_file = Path(cfg.work_dir) / f"{split}{'_mirror' if mirror else ''}.npz"
    for metric in cfg.test_evaluator:
        if metric.type == "lanmsff_plugins.ExpressionMetric":
            metric.update(lists={name: str(path) for name, path in (lists or {}).items()}, out_file=str(out_file))
    return build_runner(cfg, "test").test(), out_file
