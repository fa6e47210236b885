"""The backbone, the neck, the layers as plugins, losses and preprocessors, as configs name them."""
from . import backbone, heads, host, losses, neck, plugins, preprocessor, stand_ins, zoo  # noqa: F401
