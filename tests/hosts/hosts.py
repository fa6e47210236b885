"""Small hosts with layers put into them, and what they compute, by hooks on the bare host."""
import copy
from collections.abc import Callable

import pytest
import timm
import torch
from torch import Tensor, nn

from lanmsff_plugins import MassAtt
from lanmsff_plugins.hosts.surgery import insert_after

IMAGES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
PLACES = {  # host, glob
    "norms": ("test_resnet", "layer*.?.bn2"),
    "norms with activations": ("test_efficientnet", "blocks.*.bn1"),
    "blocks": ("test_byobnet", "stages.?.?"),
    "stages": ("test_convnext", "stages.?"),
    "sequentials": ("test_resnet", "layer?"),
    "all stages": ("test_efficientnet", "blocks"),
    "nested": ("test_resnet", "layer[23]*"),
}


def bare(name: str) -> nn.Module:
    """A model of timm in evaluation mode, with statistics and scales that are not those of a new one."""
    if not timm.is_model(name):
        pytest.skip(f"{name} needs a newer timm")
    torch.manual_seed(0)
    model = timm.create_model(name, num_classes=5)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
    return model.eval()


def extended(places: str) -> nn.Module:
    """The host of some places with MassAtt in them."""
    name, pattern = PLACES[places]
    model = bare(name)
    insert_after(model, pattern, MassAtt, name="mass_att", input_shape=(3, 64, 64))
    return model


def hooked(model: nn.Module, name: str, convert: Callable[[nn.Module], nn.Module] = lambda host: host) -> nn.Module:
    """The bare host of ``model``, converted, which calls copies of its MassAtt by hooks: the same, in another way."""
    host = convert(bare(name)).eval()
    for path, layer in model.named_modules():
        if path.endswith(".mass_att"):
            layer = copy.deepcopy(layer)
            host.get_submodule(path.removesuffix(".mass_att")).register_forward_hook(
                lambda module, args, output, layer=layer: layer(output))
    return host


def count_and_run(model: nn.Module, images: Tensor = IMAGES) -> tuple[int, object]:
    """How often the model calls a MassAtt, and what it gives."""
    calls = []
    handles = [module.register_forward_hook(lambda *args: calls.append(1)) for module in model.modules()
               if isinstance(module, MassAtt)]
    try:
        with torch.no_grad():
            output = model(images)
    finally:
        for handle in handles:
            handle.remove()
    return len(calls), output


def layers_in(model: nn.Module) -> int:
    return sum(isinstance(module, MassAtt) for module in model.modules())
