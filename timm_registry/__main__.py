"""Run one of timm's scripts with the LANMSFF models known to timm.

    python -m timm_registry train.py --model lanmsff.ferplus --pretrained --num-classes 4 --data-dir faces
    python -m timm_registry train.py --model resnet18 --model-kwargs "block_args={'attn_layer':'mass_att'}" ...

The script gets the arguments behind its name; timm's own are in the folder of its repository. Within it, each model
of timm that takes an attention layer by name ('se', 'cbam') takes those of this package too, such as 'mass_att'.
"""
import runpy
import sys
from pathlib import Path

import timm

import timm_registry  # noqa: F401
from lanmsff_plugins.cli.shell import fail
from lanmsff_plugins.layers import catalog


def main() -> None:
    if sys.argv[1:2] in (["-h"], ["--help"]):
        print("usage: python -m timm_registry SCRIPT [ARG ...]", __doc__, sep="\n\n", end="")
        return
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_file():
        given = f"no script at {sys.argv[1]}" if len(sys.argv) > 1 else "no script given"
        fail(f"{given}; usage: python -m timm_registry SCRIPT [ARG ...], such as timm's train.py")
    name_layers()
    del sys.argv[0]
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)  # as Python itself does for a script
    runpy.run_path(sys.argv[0], run_name="__main__")


def name_layers() -> None:
    """Make timm's ``get_attn``, which has no registry, find the attention layers of the catalog until the process ends.

    timm's modules have imported it by name, so it is replaced in each.
    """
    timms = timm.layers.get_attn

    def get_attn(attn_type):
        ours = catalog.attention(attn_type) if isinstance(attn_type, str) else None
        return ours or timms(attn_type)

    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "timm" and vars(module).get("get_attn") is timms:
            module.get_attn = get_attn


if __name__ == "__main__":
    main()
