"""Settings that are not the ones meant: misspelt keys, types and names, and values that make no sense."""
from collections.abc import Iterator
from functools import cache, partial
from random import Random

from lanmsff_plugins.cli.main import COMMANDS
from lanmsff_plugins.mm.engine.launch import load_config

from .case import Case, Family, misspelt
from .world import KERAS, ROOT, tiny, world

__all__ = ["FAMILIES"]

CONFIGS = ("lanmsff_ferplus", "lanmsff_fer2013", "lanmsff_ferplus_modern")
# What nobody means; each for a config of FERPlus by the authors' recipe.
ABSURD = (
    "train_cfg.max_epochs=0", "train_cfg.max_epochs=-3", "train_cfg.max_epochs=2.5", "train_cfg.max_epochs=many",
    "train_cfg.val_interval=0", "train_cfg.val_interval=-1", "train_cfg.by_epoch=maybe",
    "train_dataloader.batch_size=0", "train_dataloader.batch_size=-8", "train_dataloader.batch_size=2.5",
    "val_dataloader.batch_size=0", "train_dataloader.num_workers=-1", "train_dataloader.num_workers=two",
    "model.data_preprocessor.std=[0]", "model.data_preprocessor.std=[nan]", "model.data_preprocessor.mean=[a]",
    "model.head.num_classes=7", "model.head.num_classes=0", "model.head.in_channels=23", "model.neck.in_channels=[12]",
    "model.backbone.channels=[12,12]", "model.backbone.channels=[0,0,0,0]", "model.backbone.channels=12",
    "model.backbone.drop_rate=2", "model.backbone.drop_rate=-0.5", "model=None", "model.backbone=None",
    "optim_wrapper.optimizer.lr=-1", "optim_wrapper.optimizer.lr=fast", "optim_wrapper.optimizer.lr=nan",
    "optim_wrapper.optimizer.betas=[0.9]", "optim_wrapper.optimizer.betas=[2,3]", "optim_wrapper=None",
    "randomness.seed=-1", "randomness.seed=none", "log_level=LOUD", "default_hooks.checkpoint.interval=0",
    "default_hooks.checkpoint.rule=lesss", "default_hooks.checkpoint.save_best=acuracy",
    "default_hooks.checkpoint.max_keep_ckpts=x", "default_hooks.logger.interval=0",
    "default_hooks.finite_loss.interval=0", "custom_hooks.1.patience=-1", "custom_hooks.1.monitor=nothing",
    "custom_hooks.1.rule=more", "param_scheduler.monitor=nothing", "param_scheduler.factor=2",
    "param_scheduler.patience=-1", "train_dataloader.dataset.split=training", "train_dataloader.dataset.mode=majorty",
    "train_dataloader.dataset.versions=0", "train_dataloader.dataset.versions=9", "train_dataloader.dataset.indices=0",
    "train_dataloader.dataset.data_root=", "train_dataloader.dataset.data_root=/nonexistent",
    "train_dataloader=None", "val_dataloader.dataset.split=vall", "train_dataloader.dataset.pipeline.0.scale=0",
    "train_dataloader.dataset.pipeline.0.scale=-64", "default_scope=mmpretain", "launcher=local",
)
VALUES = {  # options of the other commands, and absurd values for them
    "export": [("lanmsff.ferplus", "x.onnx", *more) for more in (
        ("--opset", "99"), ("--opset", "0"), ("--opset", "-1"), ("--opset", "x"), ("--opset", "1000000"),
        ("--shape", "0", "64", "64"), ("--shape", "1", "-64", "64"), ("--shape", "3", "64", "64"),
        ("--shape", "1", "64"), ("--shape", "1", "8", "8"), ("--classes", "a", "b"), ("--classes", *["joy"] * 8),
        ("--int8", "y.onnx"), ("--data", "/nonexistent"), ("--data-set", "ferpluss"), ("--checkpoint", "none.pth"),
        ("--int8", "x.onnx", "--data", "/nonexistent"), ("--opset", "18.5"))]
        + [("lanmsff.ferplus", out) for out in (".", "", "/proc/x.onnx")],
    "flops": [("lanmsff", *more) for more in (
        ("--shape", "0", "64", "64"), ("--shape", "3", "64", "64"), ("--shape", "1", "2", "2"), ("--depth", "-1"),
        ("--depth", "x"), ("--compare", "resnet81"), ("--table", "--json"), ("--shape", "1", "64", "-64"))]
        + [(name,) for name in ("lanmsff(num_classes=-1)", "lanmsff(num_clases=7)", "lanmsff(", "lanmsff(7", "(7)", "",
                                "lanmsff(channels=(1,2))", "nn:Nothing", "torch.nn:Conv2d", "torch.nn:Conv2d(3)",
                                "os:getcwd", "lanmsff(num_classes=7);print()", "timm.layers:SEModul(72)")],
    "benchmark": [("lanmsff", "--seconds", "0.01", *more) for more in (
        ("--batch", "0"), ("--batch", "-1"), ("--batch", "x"), ("--threads", "0"), ("--threads", "-2"),
        ("--seconds", "-1"), ("--form", "eagre"), ("--dtype", "float8"), ("--shape", "3", "64", "64"),
        ("--vs", "resnet81"), ("--read", "/nonexistent"),
        ("--plot", "x.gif"), ("--workers", "-1", "--read", "/nonexistent"), ("--device", "tpu"),
        ("--mode", "trainning"), ("--memory-format", "last"), ("--batch",))],
    "kfold": [("lanmsff_kdef", "--work-dir", "w", *more) for more in (
        ("--folds", "0"), ("--folds", "1"), ("--folds", "-3"), ("--folds", "x"), ("--folds", "99999"),
        ("--split-by", "faces"), ("--by", "persons"), ("--cfg-options", "trian_cfg.max_epochs=1"),
        ("--cfg-options", "train_dataloader.dataset.data_root=/nonexistent"), ("--cfg-options", "x"))]
        + [("lanmsff_kdf",), ("lanmsff_ferplus", "--work-dir", "w", "--folds", "2"), ("",), (".",), ("a.py",)],
    "compare": [("--layers", "se"), ("--data", "FACES"), ("--layers", "--data", "FACES")] + [
        ("--layers", "se", *more) for more in (
            ("--data", "/nonexistent"), ("--data", ""), ("--data", "FACES"), ("--data", "CSV"), ("--data", "ferplus"),
            ("--data", "ferplus", "--data-root", "/nonexistent"), ("--data", "ferplus", "--data-root", "KDEF"))]
        + [("--data", "ferplus", "--data-root", "FACES", "--work-dir", "w", "--layers", *more) for more in (
            ("none",), ("sse",), ("torch.nn:Nothing",), ("os:getcwd",), ("se", "--seeds", "0"), ("se", "--epochs", "0"),
            ("se", "--budget", "soon"), ("se", "--budget", "-3m"), ("se", "--budget", "0"), ("se", "--size", "0"),
            ("se", "--batch-size", "1"), ("se", "--host", "resnet81"), ("se", "--host", "vit_tiny_patch16_224"),
            ("se", "--host", "resnet18.a1_in1k"), ("se", "--after", "nothing*"))],
    "config": [("lanmsf",), ("lanmsff_ferplus", "--out", "/dev/null/x.py"), ("lanmsff_ferplus", "--out", "."),
               ("",), ("../lanmsff",), ("lanmsff_ferplus.py.py",), ("lanmsff ferplus",), ("lanmsff_ferplus", "extra"),
               ("LANMSFF_FERPLUS",), ("resnet18",), ("/nonexistent.py",), ("lanmsff_ferpluss", "--out", "x.py"),
               ("lanmsff_ferplus", "--out", "/proc/x.py"), ("lanmsff_ferplus", "--uot", "x.py"), ("lanmsff_",)],
    "draw": [("d", *more) for more in (
        ("--faces", "0"), ("--faces", "-5"), ("--faces", "x"), ("--faces", "3"), ("--layout", "csvv"),
        ("--kdef", "--people", "0"), ("--kdef", "--people", "-1"), ("--kdef", "--people", "999"), ("--seed", "-1"),
        ("--seed", "x"), ("--kdef", "--sheet"), ("--flat", "extra"), ("--people", "2.5"))]
        + [("/proc/d",), ("/dev/null",)],
    "prepare": [("/nonexistent", "out"), ("", "out"), (".", "out"), ("FACES", "/proc/out"), ("FACES",),
                ("FACES", "out", "--side", "0", "--kdef"), ("KDEF", "out", "--kdef", "--side", "-1"),
                ("KDEF", "out", "--kdef", "--side", "x"), ("KDEF", "out", "--kdef", "--boxes", "none.csv"),
                ("KDEF", "out", "--kdef", "--boxes", "."), ("FACES", "out", "--kdef"), ("KDEF", "out"),
                ("FACES", "out", "extra"), ("KDEF", "out", "--kdf"), ("KDEF", "out", "--kdef", "--side", "99999999")],
    "audit": [("/nonexistent", "--out", "o"), ("", "--out", "o"), (".", "--out", "o"), ("FACES",),
              ("FACES", "--out", "/proc/o"), ("FACES", "--out", "o", "--near", "x"),
              ("FACES", "--out", "o", "--near", "2"), ("FACES", "--out", "o", "--near", "-1"),
              ("FACES", "--out", "o", "--near", "nan"), ("KDEF", "--out", "o"),
              ("FACES", "--out", "o", "--kdef"), ("FACES", "--uot", "o"), ("FACES", "--out"),
              ("FACES", "o", "--out", "o"), ("FACES", "--out", "o", "--near", "0")],
    "predict": [("/nonexistent.jpg",), ("",), (), ("FACES",), ("--camera", "x"), ("--camera",),
                *(("FACE", *more) for more in (
                    ("--weights", "lanmsff_ferpluss"), ("--engine", "tensorflow"), ("--json", "/proc/x.json"),
                    ("--json", "a", "--csv", "b"), ("--csv", "."), ("--save", "CSV"), ("--maps",), ("--resume",),
                    ("--no-detect", "--boxes", "CSV"), ("--boxes", "/nonexistent.csv"), ("--boxes", "CSV"),
                    ("--detector-weights", "/nonexistent.onnx"), ("--detector-weights", "CSV"), ("--no-detct",)))],
    "report": [("/nonexistent",), ("",), (".",), ("RUN", "/nonexistent"), ("RUN", "--out", "/dev/null/r.html"),
               ("RUN", "--out", "."), ("RUN", "--list", "hard"), ("RUN", "--list", "hard=/nonexistent"),
               ("RUN", "--list", "=x"), ("RUN", "--list", "hard=."), ("FACES",), ("RUN", "--uot", "r.html"), (),
               ("RUN", "--out", "/proc/r.html"), ("RUN", "--list", "hard=")],
    "convert-keras": [("none.h5", "x.safetensors"), (".", "x.safetensors"), ("", "x.safetensors"),
                      ("CHECKPOINT", "x.safetensors"), ("KERAS", "/dev/null/x"), ("KERAS", "."),
                      ("KERAS", "/proc/x.safetensors"), ("KERAS",), ("KERAS", "a", "b"), ("FACES", "x.safetensors"),
                      ("CSV", "x.safetensors"), ("KERAS", ""), ("KERAS", "x.safetensors", "--what"),
                      ("RUN", "x.safetensors"), ("none", "none")],
}


def key_of(config: str, command: str, random: Random) -> Case:
    """A key of a config with one letter wrong, at any level."""
    path, value = random.choice(_paths(config))
    keys = path.split(".")
    at = random.choice([i for i, key in enumerate(keys) if not key.isdigit() and len(key) > 3])
    keys[at] = misspelt(random, keys[at])
    return _with(command, config, f"{'.'.join(keys)}={_plain(value)}")


def type_of(config: str, command: str, random: Random) -> Case:
    """A type with one letter wrong."""
    path, value = random.choice([(path, value) for path, value in _paths(config) if path.endswith(".type")])
    scope, dot, name = str(value).rpartition(".")
    return _with(command, config, f"{path}={scope}{dot}{misspelt(random, name)}")


def value_of(command: str, random: Random) -> Case:
    """A value that makes no sense."""
    return _with(command, "lanmsff_ferplus", random.choice(ABSURD))


def option_of(command: str, random: Random) -> Case:
    """An absurd value of an option, or an argument that names nothing."""
    here = world()
    stand_for = {"FACES": here.faces, "KDEF": here.kdef, "RUN": here.run, "CHECKPOINT": here.checkpoint,
                 "CSV": here.faces / "fer2013.csv", "KERAS": KERAS, "FACE": ROOT / "docs" / "face.png"}
    chosen = random.choice(VALUES[command])
    return Case(" ".join([command, *map(repr, chosen)]),
                (command, *(str(stand_for.get(arg, arg)) for arg in chosen)))


def command_of(random: Random) -> Case:
    """A command with one letter wrong."""
    name = random.choice([name for name in COMMANDS if len(name) > 4])
    name = misspelt(random, name)
    return Case(name, (name,))


def _with(command: str, config: str, setting: str) -> Case:
    here = world()
    checkpoint = [str(here.checkpoint)] if command == "test" else []
    return Case(setting, (command, config, *checkpoint, "--work-dir", "w", *tiny(here.faces, setting)))


@cache
def _paths(config: str) -> list[tuple[str, object]]:
    """All dotted paths of a config that a run reads, with their values."""
    def walk(node, path: str) -> Iterator[tuple[str, object]]:
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, value in items:
            yield f"{path}{key}", value
            yield from walk(value, f"{path}{key}.")

    read = load_config(config)._cfg_dict.to_dict()
    return [(path, value) for path, value in walk(read, "") if path.split(".")[0] not in (
        "train_pipeline", "test_pipeline", "augment", "loss", "vis_backends", "test_dataloader", "test_evaluator")
        and any(not key.isdigit() and len(key) > 3 for key in path.split("."))]


def _plain(value: object) -> str:
    return str(value).replace(" ", "") if isinstance(value, (bool, int, float, str)) else "1"


FAMILIES = [
    *(Family("train", "settings", partial(key_of, config, "train")) for config in CONFIGS),
    *(Family("train", "settings", partial(type_of, config, "train")) for config in CONFIGS),
    Family("train", "settings", partial(value_of, "train")),
    Family("test", "settings", partial(key_of, "lanmsff_ferplus", "test")),
    *(Family(command, "settings", partial(option_of, command)) for command in VALUES),
    # Of these there is no other family, and each command gets fifteen inputs at least.
    *(Family(command, "settings", partial(option_of, command)) for command in ("compare", "config", "draw", "kfold")),
    Family("lanmsff", "settings", command_of),
]
