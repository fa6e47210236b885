"""Layers put into a CNN, which then is rebuilt: the layer must go on working, or be refused by name."""
import copy
import io
import pickle
from collections.abc import Callable
from functools import cache
from random import Random

import timm
import torch
from timm.layers import BatchNormAct2d, convert_sync_batchnorm, freeze_batch_norm_2d
from timm.utils.model import reparameterize_model
from timm.utils.model_ema import ModelEmaV3
from torch import Tensor, nn

from lanmsff_plugins import MassAtt
from lanmsff_plugins.export import for_inference
from lanmsff_plugins.hosts import insert_after, replace_modules

from .case import Case, Family, misspelt

__all__ = ["FAMILIES"]

HOSTS = ("resnet18", "mobilenetv3_small_050", "repvit_m0_9", "repvgg_a0", "mobileone_s0", "fastvit_t8", "convnext_atto",
         "regnety_002", "lcnet_050", "ghostnet_050", "efficientnet_lite0", "hgnet_tiny", "starnet_s050",
         "resnetv2_50", "cspresnet50", "rexnet_100", "edgenext_xx_small", "densenet121")


class Counted(MassAtt):
    """MassAtt that counts its calls, all together."""

    calls = 0

    def __init__(self, channels: int):
        super().__init__(channels)
        for parameter in self.parameters():  # so that it changes what enters
            nn.init.normal_(parameter, std=0.5)

    def forward(self, x: Tensor) -> Tensor:
        type(self).calls += 1
        return super().forward(x)


def _pickled(model: nn.Module) -> nn.Module:
    return pickle.loads(pickle.dumps(model))


def _saved(model: nn.Module) -> nn.Module:
    """Weights saved, lost, and loaded again."""
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    for parameter in model.parameters():
        nn.init.zeros_(parameter.data)
    model.load_state_dict(torch.load(file, weights_only=True))
    return model


def _trained_and_back(model: nn.Module) -> nn.Module:
    return model.train().eval()


def _traced(model: nn.Module) -> nn.Module:
    return torch.jit.trace(model, torch.rand(1, 3, 64, 64), check_trace=False)


def _checkpointed(model: nn.Module) -> nn.Module:
    model.set_grad_checkpointing()
    return model


def _frozen(model: nn.Module) -> nn.Module:
    return freeze_batch_norm_2d(model)


OPERATIONS: dict[str, Callable[[nn.Module], nn.Module]] = {
    "nothing": lambda model: model,
    "torch's SyncBN": nn.SyncBatchNorm.convert_sync_batchnorm, "timm's SyncBN": convert_sync_batchnorm,
    "frozen batch norms": _frozen, "timm's reparametrisation": reparameterize_model, "for_inference": for_inference,
    "deepcopy": copy.deepcopy, "pickle": _pickled, "a state dict": _saved, "train and eval": _trained_and_back,
    "timm's average": lambda model: ModelEmaV3(model).module, "tracing": _traced, "checkpointing": _checkpointed,
    "half and float": lambda model: model.double().float(), "channels last": lambda model: model.to(
        memory_format=torch.channels_last),
}


@cache
def _names(host: str) -> list[str]:
    return [name for name, _ in timm.create_model(host).named_modules() if name]


@cache
def _impossible(host: str, operation: str) -> bool:
    """Whether a host does not bear it, with a layer or without."""
    model = timm.create_model(host)
    if operation == "checkpointing":
        try:
            model.set_grad_checkpointing()
        except (AssertionError, AttributeError):
            return True
    # torch's conversion drops the activations of these.
    return operation == "torch's SyncBN" and any(isinstance(module, BatchNormAct2d) for module in model.modules())


def inserted(random: Random) -> Case:
    """A layer behind a module chosen at random, and something done to the CNN then."""
    host, operation = random.choice(HOSTS), random.choice(list(OPERATIONS))
    while _impossible(host, operation):
        operation = random.choice(list(OPERATIONS))
    name = random.choice(_names(host))

    def call() -> None:
        torch.manual_seed(0)
        bare = timm.create_model(host, num_classes=5).eval()
        model, x = copy.deepcopy(bare), torch.rand(2, 3, 64, 64)
        with torch.no_grad():
            before = model(x)
            names = list(model.state_dict())
            try:
                put = insert_after(model, name, Counted, input_shape=(3, 64, 64))
            except ValueError:
                assert list(model.state_dict()) == names, "refused, but the state dict has changed"
                assert torch.equal(model(x), before), "refused, but the output has changed"
                raise
            added = [key for key in model.state_dict() if key not in names]
            assert [key for key in model.state_dict() if key in names] == names, "names of the host's weights changed"
            assert added and len(put) == 1, "no new weights"
            layer = next(iter(put.values()))
            bare.get_submodule(name).register_forward_hook(lambda module, args, output: layer(output))
            expected = bare(x)
            Counted.calls = 0
            _compare(model(x), expected, "the layer does not stand behind the module")
            calls = Counted.calls
            assert calls, "the layer is never called"
            model = OPERATIONS[operation](model)
            Counted.calls = 0
            _compare(model(x), expected, "the output has changed")
            if operation not in ("tracing", "for_inference", "timm's reparametrisation"):
                assert calls == Counted.calls, f"{Counted.calls} calls of {calls}"

    return Case(f"insert_after({host}, {name}), then {operation}", call=call)


def _compare(found: Tensor, expected: Tensor, what: str) -> None:
    off = ((found - expected).abs().max() / expected.abs().max().clamp(min=1e-6)).item()
    assert off < 2e-3, f"{what}: off by {off:.4f} of the largest"


def misnamed(random: Random) -> Case:
    """A place or a class that is not there."""
    host = random.choice(HOSTS)
    name = misspelt(random, random.choice(_names(host)))
    if name in _names(host):
        return misnamed(random)

    def call() -> None:
        insert_after(timm.create_model(host), name, Counted)
        raise AssertionError("taken")

    return Case(f"insert_after({host}, {name})", call=call)


def spoilt(random: Random) -> Case:
    """A factory that fails, or whose layer changes the shape: the CNN stays as it was."""
    host = random.choice(("resnet18", "regnety_002", "mobilenetv3_small_050"))
    what = random.choice(["raises", "other channels", "half the size", "no module", "a tuple", "raises at the third"])
    surgery = random.choice(["insert", "replace"])

    class Halved(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x[..., ::2, ::2]

    class Pair(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x, x

    made = []

    def factory(channels: int) -> nn.Module:
        made.append(channels)
        match what:
            case "raises":
                raise ValueError("no such layer")
            case "raises at the third":
                if len(made) == 3:
                    raise ValueError("no such layer")
                return MassAtt(channels)
            case "other channels":
                return nn.Conv2d(channels, channels + 1, 1)
            case "half the size":
                return Halved()
            case "a tuple":
                return Pair()
        return None

    def call() -> None:
        model, x = timm.create_model(host).eval(), torch.rand(1, 3, 64, 64)
        names, tree = list(model.state_dict()), str(model)
        with torch.no_grad():
            before = model(x)
        try:
            if surgery == "insert":
                insert_after(model, "*.bn2" if host == "resnet18" else "*.conv*", factory)
            else:
                replace_modules(model, nn.BatchNorm2d, factory)
        except ValueError:
            assert list(model.state_dict()) == names and str(model) == tree, "refused, but the CNN has changed"
            with torch.no_grad():
                assert torch.equal(model(x), before), "refused, but the output has changed"
            raise
        raise AssertionError("taken")

    return Case(f"{surgery} in {host}: a factory that {what}", call=call)


FAMILIES = [Family("hosts", "layers", draw) for draw in (inserted, inserted, inserted, misnamed, spoilt)]
