"""Test a checkpoint on a split: with the mirror images if asked to, by lists of faces, with the predictions kept."""
import copy
from collections.abc import Mapping
from pathlib import Path

from mmengine.config import Config, ConfigDict
from mmengine.runner import CheckpointLoader
from mmpretrain import get_model

from ...base.errors import CheckpointError
from ..data.wrappers import dataset_of_split, innermost
from .checkpoint import read_checkpoint
from .launch import build_runner, is_file

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
        CheckpointError: if the checkpoint is damaged, or is of another network.
        ConfigError: if the config does not tell which pictures the split has.
    """
    cfg = copy.deepcopy(cfg)
    cfg.load_from = checkpoint
    _check_fit(cfg)
    dataset = cfg.test_dataloader.dataset = dataset_of_split(cfg, split)
    # The checkpoint's weights are the average already, and the hook would put others into the network that mirrors.
    cfg.custom_hooks = [hook for hook in cfg.get("custom_hooks", []) if hook.type != "EMAHook"]
    if mirror:
        flips = [dict(type="RandomFlip", prob=float(prob)) for prob in (0, 1)]
        for part in innermost(dataset):
            *before, pack = part.pipeline
            part.pipeline = [*before, dict(type="TestTimeAug", transforms=[flips, [pack]])]
        cfg.model = dict(type="AverageClsScoreTTA", module=cfg.model)
    out_file = Path(cfg.work_dir) / f"{split}{'_mirror' if mirror else ''}.npz"
    evaluator = cfg.test_evaluator if isinstance(cfg.test_evaluator, list) else [cfg.test_evaluator]
    writers = [metric for metric in evaluator if metric.type == "lanmsff_plugins.ExpressionMetric"]
    if not writers:  # a config of the user's may lack it
        writers = [ConfigDict(type="lanmsff_plugins.ExpressionMetric")]
        evaluator = [*evaluator, *writers]
    for metric in writers:
        metric.update(lists={name: str(path) for name, path in (lists or {}).items()}, out_file=str(out_file))
    cfg.test_evaluator = evaluator
    return build_runner(cfg, "test").test(), out_file


def _check_fit(cfg: Config) -> None:
    """MMEngine would leave what does not fit as it was drawn, and only log it."""
    load = read_checkpoint if is_file(cfg.load_from) else CheckpointLoader.load_checkpoint
    found = load(cfg.load_from, "cpu").get("state_dict")
    if found is None:
        raise CheckpointError(f"{cfg.load_from} is no checkpoint of MMEngine: it has no state_dict")
    for name, value in get_model(cfg).state_dict().items():
        shape = tuple(found[name].shape) if name in found else None
        if shape != tuple(value.shape):
            raise CheckpointError(f"{cfg.load_from} is not of this config's network: {name} should be of shape "
                                  f"{tuple(value.shape)}, got {shape}; name the config that it was trained by")
