"""LANMSFF is the authors' network, number for number, and behaves as timm's models do."""
import copy
import logging
import pickle

import pytest
import torch
from fvcore.nn import FlopCountAnalysis
from hypothesis import given, settings
from hypothesis import strategies as st
from timm.layers import SEModule
from timm.models import group_parameters
from timm.optim import create_optimizer_v2
from torch import nn

from lanmsff_plugins import LANMSFF
from lanmsff_plugins.layers import LastScale

from ..versions import needs

SIDE = st.integers(16, 70)
CHANNELS, STRIDES = (66, 72, 78, 84), (2, 4, 8, 16)


def count(model):
    return sum(p.numel() for p in model.parameters())


def images(height=64, width=64, batch=2):
    return torch.rand(batch, 1, height, width, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def model():
    """A network that no test may change."""
    torch.manual_seed(0)
    return LANMSFF().eval()


@pytest.fixture
def own(model):
    """A network to change."""
    return copy.deepcopy(model)


# The paper's numbers

@torch.no_grad()
@pytest.mark.parametrize("i", range(4))
def test_each_block_gives_what_the_authors_gives(parity, i):
    model, keras = parity
    torch.testing.assert_close(model.forward_blocks(keras["x"])[i], keras[f"block{i + 1}"], rtol=0, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("i", range(3))
def test_each_selection_gives_what_the_authors_gives(parity, i):
    model, keras = parity
    select = model.fusion.branches[i][0]
    torch.testing.assert_close(select(keras[f"block{i + 1}"]), keras[f"pwfs{i + 1}"], rtol=0, atol=1e-5)


@torch.no_grad()
def test_the_fused_vector_and_the_probabilities_are_the_authors(parity):
    model, keras = parity
    vector = model.forward_head(model.forward_features(keras["x"]), pre_logits=True)
    torch.testing.assert_close(vector, keras["features"], rtol=0, atol=1e-5)
    torch.testing.assert_close(model(keras["x"]).softmax(1), keras["probs"], rtol=0, atol=1e-5)


def test_it_has_the_papers_parameters_and_statistics(model):
    assert count(model) == 356_451 and all(p.requires_grad for p in model.parameters())
    assert sum(b.numel() for name, b in model.named_buffers() if "running" in name) == 2_112


@pytest.mark.parametrize("num_classes", [1, 7, 9])
def test_a_class_more_or_less_is_157_parameters(num_classes):
    assert count(LANMSFF(num_classes, device="meta")) == 356_451 + 157 * (num_classes - 8)


def test_it_does_the_papers_work(model):
    flops = FlopCountAnalysis(model, images(batch=1)).unsupported_ops_warnings(False)
    work = flops.by_operator()
    assert work["conv"] + work["linear"] == 300_586_632
    assert work["conv"] + work["linear"] + work["batch_norm"] == 302_961_288
    parts = [flops.by_module_and_operator()[name] for name in ("blocks.0", "blocks.1", "blocks.2", "blocks.3", "head")]
    millions = [(part["conv"] + part["linear"]) / 1e6 for part in parts]
    assert millions == pytest.approx([183.3, 81.6, 28.7, 7.0, 0.001248], abs=0.05)


# Forward

@settings(max_examples=15, deadline=None)
@given(SIDE, SIDE)
@torch.no_grad()
def test_forward_is_its_two_halves_at_every_size(model, height, width):
    x = images(height, width, batch=1)
    fused = model.forward_features(x)
    assert fused.shape == (1, 156, height // 16, width // 16)
    assert torch.equal(model.forward_head(fused), model(x))
    torch.testing.assert_close(model(x), model.head.fc(fused.mean((2, 3))))


@torch.no_grad()
@pytest.mark.parametrize("size", [(16, 16), (32, 48), (80, 64)])
def test_where_16_divides_the_fused_vector_is_the_papers(model, size):
    blocks = model.forward_blocks(images(*size))
    vector = []
    for x in blocks[:3]:
        a, b, c = x.double().chunk(3, dim=1)
        vector.append(((a + b + c - torch.minimum(torch.minimum(a, b), c)) / 2).mean((2, 3)))
    vector.append(blocks[3].double().mean((2, 3)))
    expected = torch.cat(vector, dim=1).float()
    torch.testing.assert_close(model.forward_head(model.forward_features(images(*size)), pre_logits=True), expected)


def test_every_parameter_gets_a_finite_gradient(own):
    nn.functional.cross_entropy(own.train()(images(batch=4)), torch.tensor([0, 3, 5, 7])).backward()
    assert [name for name, p in own.named_parameters() if p.grad is None or not p.grad.isfinite().all()] == []


def test_checkpointing_gives_equal_gradients(model):
    gradients = []
    for enable in (False, True):
        each = copy.deepcopy(model).train()
        each.set_grad_checkpointing(enable)
        torch.manual_seed(0)  # the same dropout
        each(images()).square().sum().backward()
        gradients.append({name: p.grad for name, p in each.named_parameters()})
    torch.testing.assert_close(*gradients)


def test_checkpointing_keeps_less_for_the_backward_pass(own):
    kept = []
    own.train().set_grad_checkpointing()
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x.shape) or x, lambda x: x):
        own(images())
    assert (2, 66, 64, 64) not in kept  # what block 1 works on, at full size
    assert (2, 66, 32, 32) in kept  # what it hands on


def test_dropout_of_the_given_rate_ends_each_block():
    for rate in (0.4, 0.25):
        rates = [m.p for m in LANMSFF(drop_rate=rate, device="meta").blocks.modules() if isinstance(m, nn.Dropout)]
        assert rates == [rate] * 4


# Features

@torch.no_grad()
@pytest.mark.parametrize("indices", [None, 2, [0, 2], [-1], [3, 1]])
def test_intermediates_are_the_blocks_asked_for(model, indices):
    taken = {None: [0, 1, 2, 3], 2: [2, 3]}.get(indices) if not isinstance(indices, list) else [i % 4 for i in indices]
    fused, features = model.forward_intermediates(images(64, 96), indices)
    assert [x.shape for x in features] == [(2, CHANNELS[i], 64 // STRIDES[i], 96 // STRIDES[i]) for i in taken]
    torch.testing.assert_close(fused, model.forward_features(images(64, 96)))
    only = model.forward_intermediates(images(64, 96), indices, intermediates_only=True)
    torch.testing.assert_close(only, features)


@torch.no_grad()
def test_to_stop_early_is_not_to_run_what_comes_after(own):
    ran = []
    for i, block in enumerate(own.blocks):
        block.register_forward_hook(lambda *args, i=i: ran.append(i))
    own.forward_intermediates(images(), [0, 1], stop_early=True, intermediates_only=True)
    assert ran == [0, 1]


def test_another_layout_of_the_features_is_refused(model):
    with pytest.raises(ValueError, match="output_fmt='NCHW', got 'NLC'"):
        model.forward_intermediates(images(), output_fmt="NLC")


def test_feature_info_tells_channels_strides_and_names(model):
    assert [(i["num_chs"], i["reduction"]) for i in model.feature_info] == list(zip(CHANNELS, STRIDES))
    assert [model.get_submodule(i["module"]) for i in model.feature_info] == list(model.blocks)


@torch.no_grad()
@pytest.mark.parametrize("last", [0, 1, 2])
def test_a_pruned_network_ends_in_the_last_block_asked_for(model, own, last):
    assert own.prune_intermediate_layers([0, last]) == [0, last]
    assert len(own.blocks) == last + 1
    assert torch.equal(own(images()), model.forward_blocks(images())[last])
    own.reset_classifier(5, "avg")
    assert own.num_features == own.head_hidden_size == CHANNELS[last] and own(images()).shape == (2, 5)


@torch.no_grad()
def test_to_prune_nothing_keeps_the_fusion(model, own):
    own.prune_intermediate_layers([3], prune_head=False)
    torch.testing.assert_close(own(images()), model(images()))
    own.prune_intermediate_layers([3])
    torch.testing.assert_close(own(images()), model.forward_features(images()))


# Classifier

@torch.no_grad()
@pytest.mark.parametrize("num_classes", [1, 7, 20])
def test_a_new_classifier_has_the_classes_asked_for(model, own, num_classes):
    own.reset_classifier(num_classes)
    assert own.get_classifier().out_features == own.num_classes == num_classes
    assert own(images()).shape == (2, num_classes) and not own.get_classifier().bias.any()
    torch.testing.assert_close(own.forward_features(images()), model.forward_features(images()))


@torch.no_grad()
def test_without_classes_the_vector_or_the_map_comes_out(model, own):
    fused = model.forward_features(images())
    own.reset_classifier(0)
    torch.testing.assert_close(own(images()), fused.mean((2, 3)))
    own.reset_classifier(0, "")
    torch.testing.assert_close(own(images()), fused)
    assert isinstance(own.get_classifier(), nn.Identity)


@torch.no_grad()
@pytest.mark.parametrize(("pool", "vector"), [
    ("avg", lambda x: x.mean((2, 3))), ("max", lambda x: x.amax((2, 3))),
    ("avgmax", lambda x: (x.mean((2, 3)) + x.amax((2, 3))) / 2),
    ("catavgmax", lambda x: torch.cat([x.mean((2, 3)), x.amax((2, 3))], dim=1))])
def test_the_pool_makes_the_vector_it_is_named_after(pool, vector):
    model = LANMSFF(global_pool=pool).eval()
    fused = model.forward_features(images())
    torch.testing.assert_close(model.forward_head(fused, pre_logits=True), vector(fused))
    assert model.head_hidden_size == vector(fused).shape[1] and model.num_features == 156
    assert model(images()).shape == (2, 8)


def test_classes_without_a_pool_are_refused(own):
    with pytest.raises(ValueError, match="a vector for its 8 classes, got global_pool=''"):
        LANMSFF(global_pool="")
    with pytest.raises(ValueError, match="a vector for its 5 classes, got global_pool=''"):
        own.reset_classifier(5, "")


def test_a_negative_number_of_classes_is_refused(own):
    for build_head in (lambda: LANMSFF(num_classes=-1), lambda: own.reset_classifier(-1)):
        with pytest.raises(ValueError, match="or 0 for no classifier, got -1"):
            build_head()


# Arguments

def test_attention_is_an_argument(model):
    without, squeeze = (LANMSFF(attn_layer=layer).eval() for layer in (None, SEModule))
    assert count(model) - count(without) == 2_963 + 3_914
    assert sum(isinstance(m, SEModule) for m in squeeze.modules()) == 2
    assert without(images()).shape == squeeze(images()).shape == (2, 8)


def test_fusion_is_an_argument(model):
    alone = LANMSFF(fusion=LastScale).eval()
    assert alone.num_features == 84 and count(model) - count(alone) == 8 * (156 - 84)
    assert torch.equal(alone.forward_features(images()), alone.forward_blocks(images())[-1])


@pytest.mark.parametrize("channels", [(6, 12), (12, 12, 18), (6, 6, 6, 6, 6)])
def test_channels_are_an_argument(channels):
    model = LANMSFF(channels=channels).eval()
    assert model.num_features == sum(channels[:-1]) // 3 + channels[-1]
    stride = 2 ** len(channels)
    assert model.forward_features(images()).shape == (2, model.num_features, 64 // stride, 64 // stride)


@pytest.mark.parametrize(("kwargs", "message"), [
    ({"output_stride": 8}, "output_stride of 16, got 8"),
    ({"channels": (64, 72)}, "PWFS needs channels divisible by groups=3, got 64"),
    ({"channels": (66, 75)}, "in_channels=66, out_channels=75; make both even")])
def test_what_cannot_be_built_is_refused_by_name(kwargs, message):
    with pytest.raises(ValueError, match=message):
        LANMSFF(**kwargs)


def test_a_drop_path_rate_is_taken_with_a_warning(caplog):
    with caplog.at_level(logging.WARNING):
        LANMSFF(device="meta")
        assert not caplog.messages
        LANMSFF(drop_path_rate=0.1, device="meta")
    assert caplog.messages == ["LANMSFF has no residual branch, so drop_path_rate=0.1 has no effect"]


def test_parameters_are_made_in_the_type_and_on_the_device_given():
    model = LANMSFF(dtype=torch.bfloat16).eval()
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    assert model(images().bfloat16()).dtype is torch.bfloat16
    model.reset_classifier(0)  # no parameter of the head is left to tell the type
    model.reset_classifier(3)
    assert model.get_classifier().weight.dtype is torch.bfloat16
    assert all(value.is_meta for value in LANMSFF(device="meta").state_dict().values())


def test_a_network_made_on_meta_starts_as_any_other(own):
    meta = LANMSFF(device="meta").to_empty(device="cpu")
    for each in (own, meta):
        torch.manual_seed(3)
        each.reset_parameters()
    torch.testing.assert_close(meta.state_dict(), own.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize("coarse", [False, True])
def test_parameter_groups_go_from_stem_to_head_and_leave_none_out(model, coarse):
    groups = group_parameters(model, model.group_matcher(coarse))
    assert sorted(sum(groups.values(), [])) == sorted(name for name, _ in model.named_parameters())
    assert [{name.rsplit(".", 2)[0] if name.startswith("head") else name[:8] for name in groups[i]} for i in groups] \
        == [{"blocks.0"}, {"blocks.1"}, {"blocks.2"}, {"blocks.3"}, {"head"}]


def test_layer_decay_gives_the_stem_the_smallest_step(own):
    groups = create_optimizer_v2(own, "adamw", lr=1e-3, layer_decay=0.5).param_groups
    scale = {id(p): group["lr_scale"] for group in groups for p in group["params"]}
    weights = own.blocks[0].conv1.conv.weight, own.blocks[3].conv.conv.weight, own.head.fc.weight
    assert [scale[id(p)] for p in weights] == [0.5 ** 4, 0.5, 1.]
    assert len(scale) == len(list(own.parameters()))


# What PyTorch does to a module

@torch.no_grad()
@pytest.mark.parametrize("change", [
    torch.jit.script, torch.fx.symbolic_trace, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))],
    ids=["script", "fx", "deepcopy", "pickle"])
def test_a_changed_form_gives_the_same(own, change):
    torch.testing.assert_close(change(own)(images(batch=3)), own(images(batch=3)))


@torch.no_grad()
def test_channels_last_changes_no_value(model, own):
    out = own.to(memory_format=torch.channels_last)(images().contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(out, model(images()))


@torch.no_grad()
@needs("torch", "2.7", "a program of torch.export for any size")
def test_export_takes_any_batch_and_sides_from_48_that_16_divides(model):
    batch, height, width = map(torch.export.Dim, ("batch", "height", "width"))
    exported = torch.export.export(
        model, (images(64, 80),), dynamic_shapes=({0: batch, 2: 16 * height, 3: 16 * width},)).module()
    for size in ((64, 64, 1), (48, 96, 3)):
        torch.testing.assert_close(exported(images(*size)), model(images(*size)))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_trains_every_parameter(own, dtype):
    with torch.autocast("cpu", dtype):
        loss = nn.functional.cross_entropy(own.train()(images(32, 32)), torch.tensor([1, 2]))
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in own.parameters())


@pytest.mark.parametrize(("image", "message"), [
    (torch.rand(1, 3, 64, 64), "LANMSFF was built for 1 channels, got 3"),
    (torch.rand(1, 64, 64), "LANMSFF expects a 4-D input"),
    (torch.zeros(1, 1, 64, 64, dtype=torch.uint8), "LANMSFF expects floating-point features, got torch.uint8"),
])
def test_a_wrong_image_is_refused_by_name(image, message):
    with pytest.raises(ValueError, match=message):
        LANMSFF()(image)
