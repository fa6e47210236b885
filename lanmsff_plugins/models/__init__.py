"""LANMSFF, its variants by name, and the names of its weights in other libraries."""
from .lanmsff import LANMSFF, VARIANTS, build

__all__ = ["LANMSFF", "VARIANTS", "build"]
