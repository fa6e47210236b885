"""What is done to a model after surgery leaves the layers in it: each is called, and the outputs are those of hooks."""
import copy
import pickle

import pytest
import timm
import torch
from timm.layers import convert_sync_batchnorm, freeze_batch_norm_2d, unfreeze_batch_norm_2d
from timm.models._features import FeatureDictNet, FeatureGetterNet, FeatureHookNet, FeatureListNet
from timm.models._features_fx import FeatureGraphNet
from timm.utils import ModelEmaV3, reparameterize_model
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from lanmsff_plugins import MassAtt
from lanmsff_plugins.export import export_onnx, for_inference, run_onnx
from lanmsff_plugins.hosts.surgery import insert_after
from lanmsff_plugins.models.lanmsff import build

from ..versions import needs
from .hosts import IMAGES, PLACES, bare, count_and_run, extended, hooked, layers_in

getter = needs("timm", "1.0.16", "a getter that does not count ConvNeXt's stem as a stage")


def mmengine():
    return pytest.importorskip("mmengine.model")


COPIED = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "timm's EMA": lambda model: ModelEmaV3(model).module,
    "MMEngine's EMA": lambda model: mmengine().ExponentialMovingAverage(model).module,
    "torch's EMA": lambda model: torch.optim.swa_utils.AveragedModel(model).module,
    "double": lambda model: model.double().float(),
    "timm's reparameterization": reparameterize_model,
    "for_inference": for_inference,
}
CONVERTED = {  # torch's loses the activations of timm's BatchNormAct2d, in a bare host as well
    "torch's SyncBN": nn.SyncBatchNorm.convert_sync_batchnorm,
    "timm's SyncBN": convert_sync_batchnorm,
    "MMEngine's SyncBN": lambda model: mmengine().convert_sync_batchnorm(model),
    "MMEngine's SyncBN and back": lambda model: mmengine().revert_sync_batchnorm(
        mmengine().convert_sync_batchnorm(model)),
    "frozen norms": freeze_batch_norm_2d,
    "frozen norms and back": lambda model: unfreeze_batch_norm_2d(freeze_batch_norm_2d(model)),
}
TRACED = {
    "fx": torch.fx.symbolic_trace,
    "jit.trace": lambda model: torch.jit.trace(model, IMAGES),
    "export": lambda model: torch.export.export(model, (IMAGES,)).module(),
}
FOLDED_HOSTS = [
    ("repvit_m0_9", "stages.?.blocks.0.token_mixer", 4), ("repvit_m0_9", "stages.0.blocks.0.token_mixer.conv*", 4),
    ("mobileone_s1", "stages.?.0", 4), ("mobileone_s1", "stages.?.0.conv_kxk.0", 4),
    ("repvgg_a0", "stages.?.0", 4), ("repvgg_a0", "stages.?.0.conv_kxk.bn", 4),
    ("fastvit_t8", "stages.?.blocks.0.token_mixer", 4), ("fastvit_t8", "stages.0.blocks.0.token_mixer.norm", 1),
    ("ghostnetv3_100", "blocks.1.0.ghost1", 1), ("repghostnet_050", "blocks.?.0", 10),
    ("efficientvit_m0", "stages.?.blocks.0", 3),
]


@pytest.mark.parametrize("places", PLACES)
def test_the_layers_run_where_hooks_would_run_them_and_no_name_changes(places):
    model, host = extended(places), bare(PLACES[places][0])
    calls, output = count_and_run(model)
    assert calls == layers_in(model) > 0
    with torch.no_grad():
        torch.testing.assert_close(output, hooked(model, PLACES[places][0])(IMAGES))
    for names in (lambda m: m.state_dict(), lambda m: dict(m.named_parameters()), lambda m: dict(m.named_buffers())):
        assert [name for name in names(model) if ".mass_att." not in name] == list(names(host))
    assert dict(host.named_modules()).keys() <= dict(model.named_modules()).keys()
    assert all(model.get_submodule(name) is module for name, module in model.named_modules())
    assert all(model.get_parameter(name) is parameter for name, parameter in model.named_parameters())


@pytest.mark.parametrize("copied", COPIED)
@pytest.mark.parametrize("places", ["norms", "blocks", "stages", "nested"])
def test_the_layers_are_in_every_copy(places, copied):
    model = extended(places)
    calls, expected = count_and_run(model)
    calls_after, output = count_and_run(COPIED[copied](model).eval())
    assert calls_after == calls == layers_in(model)
    torch.testing.assert_close(output, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("converted", CONVERTED)
@pytest.mark.parametrize("places", PLACES)
def test_the_layers_survive_a_conversion_of_the_norms(places, converted):
    convert, model = CONVERTED[converted], extended(places)
    with torch.no_grad():
        expected = hooked(model, PLACES[places][0], convert)(IMAGES)
    calls, output = count_and_run(convert(model).eval())
    assert calls == layers_in(model) > 0
    torch.testing.assert_close(output, expected)


@pytest.mark.parametrize("traced", TRACED)
@pytest.mark.parametrize("places", ["norms", "stages", "nested"])
def test_tracers_see_the_layers(places, traced):
    model = extended(places)
    with torch.no_grad():
        expected = hooked(model, PLACES[places][0])(IMAGES)
        torch.testing.assert_close(TRACED[traced](model)(IMAGES), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("places", ["norms", "stages", "nested"])
def test_compilers_see_the_layers(places):
    model = extended(places)
    with torch.no_grad():
        expected = hooked(model, PLACES[places][0])(IMAGES)
        torch.testing.assert_close(torch.compile(model, fullgraph=True)(IMAGES), expected, rtol=1e-3, atol=1e-4)


@needs("torch", "2.8", "a program of torch.export for any size")
@pytest.mark.parametrize("places", ["norms", "stages"])
def test_onnx_has_the_layers(places, tmp_path):
    model = extended(places)
    with torch.no_grad():
        expected = hooked(model, PLACES[places][0])(IMAGES)
    export_onnx(model, tmp_path / "model.onnx", (3, 64, 64))
    torch.testing.assert_close(run_onnx(tmp_path / "model.onnx", threads=1)(IMAGES), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "pattern", "count"), FOLDED_HOSTS)
def test_hosts_that_fold_their_branches_keep_the_layers(name, pattern, count):
    model = bare(name)
    assert len(insert_after(model, pattern, MassAtt, name="mass_att", input_shape=(3, 64, 64))) == count
    calls, expected = count_and_run(model)
    assert calls == count
    for folded in (reparameterize_model(model), for_inference(model)):
        calls, output = count_and_run(folded)
        assert calls == count
        torch.testing.assert_close(output, expected, rtol=1e-3, atol=1e-3 * expected.abs().max().item())
    assert sum(isinstance(module, nn.BatchNorm2d) for module in reparameterize_model(model).modules()) < sum(
        isinstance(module, nn.BatchNorm2d) for module in model.modules())


@pytest.mark.parametrize("pattern", [
    "blocks.?", "blocks.?.shrink", "blocks.?.shrink.?", "blocks.?.conv?", "blocks.?.conv?.*",
    "blocks.?.dual_path.stage?.?"])
def test_our_own_network_folds_around_the_layers(pattern):
    torch.manual_seed(0)
    model, faces = build("lanmsff_small", num_classes=5), torch.rand(2, 1, 64, 64)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.running_mean, std=0.1)
    insert_after(model.eval(), pattern, MassAtt)
    calls, expected = count_and_run(model, faces)
    assert calls == layers_in(model)
    for folded in (copy.deepcopy(model).fuse(), reparameterize_model(model), for_inference(model)):
        calls_after, output = count_and_run(folded, faces)
        assert calls_after == calls
        torch.testing.assert_close(output, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("places", ["norms", "sequentials", "stages", "all stages"])
def test_gradient_checkpointing_runs_the_layers_and_gives_the_same_gradients(places):
    gradients, ran = [], []
    for enable in (False, True):
        model = extended(places)
        model.set_grad_checkpointing(enable)
        for module in model.modules():
            if isinstance(module, MassAtt | nn.Conv2d):
                module.register_forward_hook(lambda module, *_: ran.append(type(module)))
        torch.manual_seed(0)
        model.train()(IMAGES).square().sum().backward()
        gradients.append({name: parameter.grad for name, parameter in model.named_parameters()})
    convs = sum(isinstance(module, nn.Conv2d) for module in model.modules())
    assert sum(issubclass(kind, nn.Conv2d) for kind in ran) > 2 * convs  # some are computed anew
    assert ran.count(MassAtt) >= 2 * layers_in(model)
    assert all(gradient is not None for gradient in gradients[1].values())
    torch.testing.assert_close(gradients[1], gradients[0])


def gradients(model) -> dict[str, torch.Tensor]:
    model(IMAGES).square().sum().backward()
    return {name.removeprefix("module."): parameter.grad for name, parameter in model.named_parameters()}


@pytest.mark.parametrize("places", ["norms", "stages"])
def test_ddp_trains_the_layers(places, one_process):
    replicated = DistributedDataParallel(extended(places).train())
    torch.testing.assert_close(gradients(replicated), gradients(extended(places).train()))


@needs("torch", "2.7", "FSDP2 on a CPU")
@pytest.mark.parametrize("places", ["norms", "stages"])
def test_fsdp_trains_the_layers(places, one_process):
    from torch.distributed.fsdp import fully_shard

    plain, sharded = extended(places).train(), extended(places).train()
    mesh = distributed.init_device_mesh("cpu", (1,))
    for module in [*sharded.children()][-3:]:
        fully_shard(module, mesh=mesh)
    fully_shard(sharded, mesh=mesh)
    assert sharded.state_dict().keys() == plain.state_dict().keys()
    torch.testing.assert_close({name: grad.full_tensor() for name, grad in gradients(sharded).items()},
                               gradients(plain))


def features_by_hooks(model, name):
    """What leaves the modules that timm names as a host's features, the layers included."""
    host, found = hooked(model, name), []
    for info in host.feature_info:
        host.get_submodule(info["module"]).register_forward_hook(lambda module, args, output: found.append(output))
    with torch.no_grad():
        host(IMAGES)
    return found


@pytest.mark.parametrize("cls", [
    FeatureListNet, FeatureDictNet, FeatureHookNet, FeatureGraphNet, pytest.param(FeatureGetterNet, marks=getter)])
@pytest.mark.parametrize("places", ["norms", "sequentials", "stages", "nested", "norms with activations", "blocks"])
def test_features_come_through_the_layers(places, cls):
    model = extended(places)
    expected = features_by_hooks(model, PLACES[places][0])
    nested = cls in (FeatureListNet, FeatureDictNet) and not hasattr(model, "layer1")
    flatten = {"flatten_sequential": True} if nested else {}
    net = cls(model, out_indices=tuple(range(len(expected))), **flatten).eval()
    with torch.no_grad():
        features = net(IMAGES)
    features = list(features.values()) if isinstance(features, dict) else features
    torch.testing.assert_close(features, expected, rtol=1e-4, atol=1e-5)


@needs("timm", "1.0.10", "test_convnext")
@pytest.mark.parametrize(("cls", "pattern"), [
    ("list", "stages_?"), ("dict", "stages_?"), ("hook", "stages_?"),
    pytest.param("getter", "model.stages.?", marks=getter)])
def test_layers_can_be_put_into_a_feature_extractor(cls, pattern):
    torch.manual_seed(0)
    net = timm.create_model("test_convnext", features_only=True, feature_cls=cls).eval()
    with torch.no_grad():
        before = net(IMAGES)
        layers = insert_after(net, pattern, MassAtt, input_shape=(3, 64, 64))
        after = net(IMAGES)
        assert len(layers) == len(before)
        first = next(iter(layers.values()))
        before, after = (x if isinstance(x, list) else list(x.values()) for x in (before, after))
        torch.testing.assert_close(after[0], first(before[0]))
