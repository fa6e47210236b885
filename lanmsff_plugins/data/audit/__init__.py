"""Auditing the data sets: copies, damaged and constant pictures, uneven classes, people in two folds.

    audit_faces(read_fer2013("data/fer2013")).report
"""
from .report import Audit, audit_faces, audit_kdef

__all__ = ["Audit", "audit_faces", "audit_kdef"]
