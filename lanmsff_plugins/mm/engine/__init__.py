"""Hooks, optimizers, metrics and checkpoints, as configs name them; and what starts a training or a test."""
from . import averaging, checkpoint, device_loop, hooks, metrics, optim, progress  # noqa: F401
