"""Image transforms: grey images from any file, the one way of resizing them, the authors' four versions of a face."""
import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from ...data.kdef.reader import MIRRORED_VIEWS
from ...inference.preprocess import SIDE, resize
from ...pictures import to_array
from ...registry import TRANSFORMS, register

__all__ = ["FourVersions", "ResizeFace", "ToGray"]


@register(TRANSFORMS)
class ToGray(BaseTransform):
    """Make a BGR image (H, W, 3) grey (H, W), as ``pictures.py`` does; a grey one passes. Readers give BGR."""

    def transform(self, results: dict) -> dict:
        image = results["img"]
        if image.ndim == 3:
            results["img"] = image[..., 0] if image.shape[2] == 1 else to_array(
                Image.fromarray(np.ascontiguousarray(image[..., ::-1])))
        return results


@register(TRANSFORMS)
class ResizeFace(BaseTransform):
    """Bring an image (H, W) or (H, W, 3) uint8 to the network's size, by the rule of ``inference/preprocess.py``.

    Args:
        scale: Side in pixels.
    """

    def __init__(self, scale: int = SIDE):
        self.scale = scale

    def transform(self, results: dict) -> dict:
        results["img"] = resize(results["img"], self.scale)
        results["img_shape"] = results["img"].shape[:2]
        return results


@register(TRANSFORMS)
class FourVersions(BaseTransform):
    """The authors' augmentation: a face as it is, mirrored, rotated, or shifted by an enlarged crop.

    Version 0 is the image; 1 its mirror; 2 is rotated by a whole number of degrees, enlarged and cropped
    in the centre; 3 is enlarged and cropped anywhere. The data set says which one by ``version``;
    where it does not, one is drawn.

    Args:
        enlarge: Side of the enlarged image as a multiple of the image's; 72 / 64 is the authors'.
        max_angle: Largest rotation, in degrees.
        seed: The authors wrote their versions to disk once: with a seed the angle and the place of a
            face's crop are the same in every epoch. None draws them anew each time.
    """

    def __init__(self, enlarge: float = 72 / 64, max_angle: int = 15, seed: int | None = 0):
        self.enlarge = enlarge
        self.max_angle = max_angle
        self.seed = seed

    def transform(self, results: dict) -> dict:
        image = results["img"]
        version = results.get("version")
        if version is None:
            version = np.random.randint(4)
        seed = np.random.randint(2 ** 31) if self.seed is None else (self.seed, results["sample_idx"])
        rng = np.random.default_rng(seed)
        height, width = image.shape[:2]
        if version == 1:
            image = mmcv.imflip(image)
            if "view" in results:  # who looked to the left looks to the right
                results["view"] = MIRRORED_VIEWS.get(results["view"], results["view"])
        elif version >= 2:
            if version == 2:
                image = mmcv.imrotate(image, float(rng.integers(-self.max_angle, self.max_angle + 1)))
            image = mmcv.imresize(image, (round(width * self.enlarge), round(height * self.enlarge)))
            top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
            if version == 3:
                top, left = rng.integers(image.shape[0] - height + 1), rng.integers(image.shape[1] - width + 1)
            image = image[top:top + height, left:left + width]
        results["img"] = np.ascontiguousarray(image)
        return results
