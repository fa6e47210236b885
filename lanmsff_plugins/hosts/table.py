"""Which of timm's CNNs takes an attention layer where.

    model = find_host("resnet18").build(MassAtt)

The test of all hosts and the gallery of the docs read this table. A new host is a row here.
"""
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import timm
from torch import nn

from ..base.errors import one_line, unknown
from .surgery import insert_after, replace_modules

__all__ = ["HOSTS", "Host", "find_host"]

Layer = Callable[..., nn.Module]


@dataclass(frozen=True)
class Host:
    """A CNN of timm and its door; exactly one of ``slot``, ``replace`` and ``after`` is set.

    Attributes:
        name: timm's name of the model.
        slot: Argument of ``timm.create_model`` that takes an attention layer.
        replace: Name of the class of modules to replace by surgery.
        after: Glob over the names of modules to insert behind by surgery, or several with blanks between them.
        block_args: For the slot ``block_args``, what the host itself gives there: timm lets ours replace
            that, so it is said again.
        own_size: It takes images of its own size only, though timm's config of it does not say so.
    """

    name: str
    slot: str = ""
    replace: str = ""
    after: str = ""
    block_args: tuple[tuple[str, object], ...] = ()
    own_size: bool = False

    @property
    def door(self) -> str:
        """How to let the layer in, as a user would write it, with ``L`` for the layer."""
        if self.slot == "block_args":
            own = "".join(f"{name}={value}, " for name, value in self.block_args)
            return f"`block_args=dict({own}attn_layer=L)`"
        if self.slot:
            return f"`{self.slot}=L`"
        if self.replace:
            return f"`replace_modules(model, {self.replace}, L)`"
        return ", ".join(f'`insert_after(model, "{pattern}", L)`' for pattern in self.after.split())

    def build(self, layer: Layer | None = None, input_shape: Sequence[int] | None = None, **kwargs) -> nn.Module:
        """The host with the layer in it, or bare.

        Args:
            layer: Called with a number of channels; None for the bare host.
            input_shape: As for the functions of surgery.
            **kwargs: For ``timm.create_model``.
        """
        if layer is not None and self.slot:
            kwargs[self.slot] = {**dict(self.block_args), "attn_layer": layer} if self.slot == "block_args" else layer
        model = timm.create_model(self.name, **kwargs)
        if layer is None or self.slot:
            return model
        if self.replace:
            replace_modules(model, self.replaced_types(model), layer, input_shape)
        for pattern in self.after.split():
            insert_after(model, pattern, layer, input_shape=input_shape)
        return model

    def image_shape(self, side: int) -> tuple[int, int, int]:
        """(C, H, W) of an image of ``side`` pixels, or of the host's own size where that is fixed."""
        config = timm.get_pretrained_cfg(self.name)
        assert config is not None  # all hosts of the table have one
        channels, height, width = config.input_size
        return (channels, height, width) if self.own_size or config.fixed_input_size else (channels, side, side)

    def replaced_types(self, model: nn.Module) -> tuple[type[nn.Module], ...]:
        """The classes of the model that have the name ``replace``: timm has several SqueezeExcites."""
        return tuple({type(module) for module in model.modules() if type(module).__name__ == self.replace})


def _hosts(names: str, **door) -> list[Host]:
    return [Host(name, **door) for name in names.split()]


HOSTS = [
    *_hosts("resnet18 seresnet50 resnext50_32x4d ecaresnet26t", slot="block_args"),
    *_hosts("skresnet18", slot="block_args",
            block_args=(("sk_kwargs", {"rd_ratio": 1 / 8, "rd_divisor": 16, "split_input": True}),)),
    *_hosts("res2net50_14w_8s", slot="block_args", block_args=(("scale", 8),)),
    *_hosts("efficientnet_b0 tf_efficientnetv2_b0 mnasnet_small tinynet_e mixnet_s", slot="se_layer"),
    *_hosts("gernet_s resnext26ts repvgg_a0 mobileone_s1 regnetz_b16 nf_regnet_b0 eca_nfnet_l0", slot="attn_layer"),
    *_hosts("botnet26t_256 halonet26t", slot="attn_layer", own_size=True),
    *_hosts("ese_vovnet19b_slim", slot="attn"),
    *_hosts("coatnet_pico_rw_224 maxvit_rmlp_pico_rw_256", slot="conv_attn_layer"),
    *_hosts("mobilenetv3_small_050 lcnet_050 fbnetv3_b hardcorenas_a ghostnet_050", replace="SqueezeExcite"),
    *_hosts("regnety_002 rexnet_100 repvit_m0_9", replace="SEModule"),
    *_hosts("mobilenetv2_050 mobilenetv4_conv_small_035 efficientnet_lite0 mobilenetv1_100", after="blocks.?"),
    *_hosts("convnext_atto fastvit_t8 hgnet_tiny cspresnet50 resnetv2_50 starnet_s050", after="stages.?"),
    *_hosts("regnetx_002", after="s?"),
    *_hosts("densenet121", after="features.norm?"),
    *_hosts("dla34", after="level?"),
    *_hosts("vgg11_bn", after="features.??"),
]


class _Place(nn.Identity):
    """Stands where a layer would stand."""


def find_host(name: str, input_shape: Sequence[int] | None = None, **kwargs) -> Host:
    """Where any CNN that timm knows takes an attention layer.

    The host's own row says so; of another model the first that works of: the rows of the models in the same file of
    timm; the argument ``attn_layer`` of its class, if it is not timm's own, whose transformers have one as well; behind
    each of its stages.

    Args:
        name: timm's name of the model, without the tag of weights.
        input_shape: As for the functions of surgery.
        **kwargs: For ``timm.create_model``.

    Raises:
        ValueError: if timm has no such model, or if there is no place in it.
    """
    if not timm.is_model(name):
        raise ValueError(unknown("timm model", name, timm.list_models(), "timm.list_models()"))
    own = next((host for host in HOSTS if host.name == name), None)
    if own is not None:
        return own
    reason = "it has no stages of maps (N, C, H, W)"
    for host in _candidates(name, timm.create_model(name, **kwargs)):
        try:
            model = host.build(_Place, input_shape, **kwargs)
        except (AttributeError, RuntimeError, TypeError, ValueError) as error:
            reason = one_line(error)
        else:
            if any(isinstance(module, _Place) for module in model.modules()):
                return host
    raise ValueError(f"no place for a layer found in {name}: {reason}; name the modules to insert it behind")


def _candidates(name: str, model: nn.Module) -> Iterator[Host]:
    file = timm.model_entrypoint(name).__module__
    for host in HOSTS:
        if timm.is_model(host.name) and timm.model_entrypoint(host.name).__module__ == file:  # older ones know fewer
            yield replace(host, name=name)
    if not file.startswith("timm.") and "attn_layer" in inspect.signature(type(model)).parameters:
        yield Host(name, slot="attn_layer")
    stages = [stage["module"] for stage in getattr(model, "feature_info", ()) if stage["reduction"] >= 4]
    if stages and getattr(model, "output_fmt", "NCHW") == "NCHW":
        yield Host(name, after=" ".join(stages))
