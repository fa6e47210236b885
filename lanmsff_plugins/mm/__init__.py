"""All that MMEngine builds from a config; importing it fills the registries of ``lanmsff_plugins.registry``."""
from . import backbone, checkpoint, datasets, hooks, losses, metrics, neck, optim, plugins, preprocessor, transforms  # noqa: F401
