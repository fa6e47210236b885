"""Test a checkpoint: python tools/test.py mm_configs/lanmsff_ferplus.py CHECKPOINT; the same as `lanmsff test`."""
from lanmsff_plugins.cli.main import main

if __name__ == "__main__":
    main("test")
