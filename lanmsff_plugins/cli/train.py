"""Train a network from a config of the package, by name, or one of your own, by path.

    lanmsff train lanmsff_ferplus --amp
    lanmsff train my_config.py --amp --resume
"""
import argparse

from mmengine.dist import is_main_process

from ..base.errors import ConfigError
from ..mm.engine.launch import resume_last, train
from ..mm.engine.progress import closing_words
from .options import add_config_arguments, config_from

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", help="a config's name, such as lanmsff_ferplus, or its file")
    parser.add_argument("--resume", nargs="?", const="auto", metavar="CHECKPOINT",
                        help="continue from a checkpoint, by default from the last one in the work dir")
    parser.add_argument("--no-validate", action="store_true", help="do not validate between epochs")
    parser.add_argument("--auto-scale-lr", action="store_true",
                        help="scale the learning rate with the batch size over all processes")
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> None:
    cfg = config_from(args)
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.auto_scale_lr:
        if "base_batch_size" not in (cfg.get("auto_scale_lr") or {}):
            raise ConfigError("--auto-scale-lr needs auto_scale_lr.base_batch_size in the config, the batch size that "
                              "its learning rate is meant for")
        cfg.auto_scale_lr.enable = True
    if args.resume == "auto":
        resume_last(cfg)
    elif args.resume:
        cfg.resume, cfg.load_from = True, args.resume
    train(cfg)
    if is_main_process():  # the others have written nothing
        print(closing_words(args.config, cfg.work_dir))
