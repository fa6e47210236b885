"""Drawn faces in the official formats, for those who do not have the data sets yet, and for the tests.

    write_fer2013("data/synthetic")
"""
from .drawing import EXPRESSIONS, draw_face
from .writers import write_fer2013, write_kdef

__all__ = ["EXPRESSIONS", "draw_face", "write_fer2013", "write_kdef"]
