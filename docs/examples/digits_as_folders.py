"""Write the digits that scikit-learn ships as a folder of pictures for each class, to compare layers on.

    python docs/examples/digits_as_folders.py digits
    lanmsff compare --host resnet18 --layers MassAtt se --data digits --size 32 --no-mirror

1,797 handwritten digits of 8x8 pixels, from the Optical Recognition of Handwritten Digits data set by E. Alpaydin and
C. Kaynak (UCI), under CC BY 4.0. Needs scikit-learn.
"""
import sys
from pathlib import Path

from PIL import Image
from sklearn.datasets import load_digits

digits = load_digits()
root = Path(sys.argv[1] if len(sys.argv) > 1 else "digits")
for number, (pixels, label) in enumerate(zip(digits.images, digits.target)):
    folder = root / str(label)
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray((pixels * 255 / 16).round().astype("uint8")).save(folder / f"{number:04}.png")
print(f"{len(digits.target):,} pictures of {len(digits.target_names)} classes in {root}")
