"""What is the user's to mend, as is ``lanmsff_plugins.data.DataError``; the tools say it in one line."""

__all__ = ["CheckpointError", "ConfigError", "DivergenceError"]


class CheckpointError(ValueError):
    """A checkpoint is damaged, or asks for more than may be loaded."""


class ConfigError(ValueError):
    """A config, or an option that changes it, asks for what cannot be."""


class DivergenceError(ArithmeticError):
    """A training has come to values that are no numbers."""
