"""Putting a layer into any CNN, and which CNN takes one where."""
from .surgery import insert_after, replace_modules

__all__ = ["insert_after", "replace_modules"]
