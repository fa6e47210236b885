"""The data sets and image transforms, as configs name them."""
from . import datasets, transforms  # noqa: F401
