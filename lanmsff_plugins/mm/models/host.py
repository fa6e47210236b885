"""A CNN of timm with a layer in it as a classifier, both by their names: what `lanmsff compare` trains."""
from collections.abc import Sequence

from mmpretrain.models.classifiers import BaseClassifier, TimmClassifier

from ...hosts.variants import NONE, build_variant
from ...registry import MODELS, register

__all__ = ["HostClassifier"]


@register(MODELS)
class HostClassifier(TimmClassifier):
    """MMPretrain's ``TimmClassifier``, with a layer in all places that the CNN has for one.

    Args:
        host: timm's name of the CNN; it starts untrained.
        layer: As for :func:`lanmsff_plugins.hosts.variants.build_variant`. From one seed, CNNs with different layers
            start from the same weights, but for those of the layers.
        after: Glob over the names of the CNN's modules to insert the layer behind; '' for its own places.
        input_shape: (C, H, W) of an image.
        num_classes: Number of classes.
        loss: Config of the loss.
        data_preprocessor: Config of the preprocessor.

    Raises:
        ValueError: if there is no such CNN or layer, or if no place takes it.
    """

    def __init__(self, host: str, layer: str = NONE, after: str = "", input_shape: Sequence[int] = (3, 128, 128),
                 num_classes: int = 1000, loss: dict = dict(type="CrossEntropyLoss"),
                 data_preprocessor: dict | None = None):
        model = build_variant(host, layer, after, input_shape, num_classes=num_classes, in_chans=input_shape[0])
        BaseClassifier.__init__(self, data_preprocessor=data_preprocessor)  # TimmClassifier's builds a CNN by itself
        self.model = model
        self.loss_module = MODELS.build(loss)

    def init_weights(self) -> None:
        """Leave the weights as they were drawn: timm's own method would draw them anew, the layer's as well."""
