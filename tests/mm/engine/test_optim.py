"""Mixed precision on the CPU computes in bfloat16 and keeps the weights in float32; Muon is timm's, batched."""
import pytest
import torch
from mmengine.registry import OPTIM_WRAPPERS, OPTIMIZERS
from timm import optim
from torch import nn

import lanmsff_plugins.mm  # noqa: F401

from ...versions import needs


@pytest.mark.parametrize("kind", ["CPUAmpOptimWrapper", "BFloat16OptimWrapper"])
def test_the_wrapper_computes_in_bfloat16_and_steps_in_float32(kind):
    model = nn.Linear(3, 2)
    wrapper = OPTIM_WRAPPERS.build({"type": f"lanmsff_plugins.{kind}",
                                    "optimizer": torch.optim.SGD(model.parameters(), 0.1)})
    before = model.weight.clone()
    with wrapper.optim_context(model):
        out = model(torch.rand(4, 3))
    assert out.dtype is torch.bfloat16
    wrapper.update_params(out.float().sum())
    assert model.weight.dtype is torch.float32 and not torch.equal(model.weight, before)


@needs("timm", "1.0.21", "Muon")
def test_configs_find_muon():
    assert issubclass(OPTIMIZERS.get("lanmsff_plugins.Muon"), optim.Muon)


@pytest.mark.skipif(hasattr(optim, "Muon"), reason="this timm has Muon")
def test_an_old_timm_is_told_of_what_to_take_instead():
    with pytest.raises(ImportError, match=r"^Muon needs timm 1\.0\.21, got .*; upgrade timm, or train with AdamW"):
        OPTIMIZERS.build({"type": "lanmsff_plugins.Muon", "params": [nn.Parameter(torch.zeros(1))], "lr": 0.1})
