"""The packaged weights for OpenMMLab: ``get_model('lanmsff_ferplus', pretrained=True)``, ``lanmsff://NAME``."""
from pathlib import Path

from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader
from mmpretrain.apis import ModelHub
from mmpretrain.registry import MODELS
from safetensors.torch import load_file
from torch import nn

from ...base.errors import ConfigError
from ...models.naming import to_mm
from ...weights import weights_file
from ...weights.loading import PACKAGED
from ..engine.configs import FOLDER, read_config
from ..engine.settings import check_settings

__all__ = ["build_config", "load_from_packaged"]


@CheckpointLoader.register_scheme(prefixes=PACKAGED, force=True)
def load_from_packaged(filename: str, map_location=None) -> dict:
    """Load packaged weights by the name that ``load_from`` or a metafile gives, such as 'lanmsff://lanmsff_ferplus'.

    Raises:
        ValueError: if there are none of that name.
    """
    name = filename.removeprefix(PACKAGED)
    return {"state_dict": to_mm(load_file(weights_file(name), device=str(map_location or "cpu")))}


def build_config(path: str | Path) -> nn.Module:
    """Build the model of a config, with weights as it starts.

    Raises:
        FileNotFoundError: if there is no such config.
        ConfigError: if it cannot be read as one, has no model, or has settings that cannot be meant.
    """
    cfg = read_config(path)
    check_settings(cfg)
    if "model" not in cfg:
        raise ConfigError(f"{path} has no model; name one of the configs that train one")
    init_default_scope(cfg.get("default_scope", "mmpretrain"))
    return MODELS.build(cfg.model)


def _register_metafile() -> None:
    metafile = FOLDER / "metafile.yml"
    if metafile.is_file() and not ModelHub.has("lanmsff_ferplus"):
        ModelHub.register_model_index(metafile)


_register_metafile()
