"""All that MMEngine builds from a config; importing it fills the registries of ``lanmsff_plugins.registry``."""
import warnings

# mmcv-lite says at every import that it lacks this operator. Nothing here wants it.
warnings.filterwarnings("ignore", "Fail to import ``MultiScaleDeformableAttention``")

from . import data, engine, models  # noqa: E402, F401
