"""Train a model from a config: python tools/train.py mm_configs/lanmsff_ferplus.py; the same as `lanmsff train`."""
from lanmsff_plugins.cli.main import main

if __name__ == "__main__":
    main("train")
