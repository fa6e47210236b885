"""Muon is timm's in what it computes and in what it saves, in few operators."""
import copy
import pickle

import pytest
import torch

pytest.importorskip("timm", "1.0.26", reason="batching Muon needs timm 1.0.26")
from timm.optim import Muon as TimmMuon
from timm.optim.muon import _COEFFICIENTS, _is_suitable_for_muon, zeropower_via_newtonschulz
from torch import nn

from lanmsff_plugins.measure.dispatch import count_operators
from lanmsff_plugins.mm.engine.muon import START, Muon, bucket_sizes, orthogonalize
from lanmsff_plugins.models import build

from ...versions import needs

SETTINGS = dict(lr=1e-2, weight_decay=0.1, nesterov=True)


def network(channels_last: bool = False) -> nn.Module:
    """Wide, tall and square matrices of several sizes, depthwise kernels, norms and biases."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(4, 12, 3), nn.BatchNorm2d(12), nn.Conv2d(12, 12, 3, groups=12, bias=False), nn.Conv2d(12, 6, 1),
        nn.Conv2d(6, 24, 3), nn.Flatten(), nn.Linear(24, 24), nn.LayerNorm(24), nn.Linear(24, 8))
    return model.to(memory_format=torch.channels_last if channels_last else torch.contiguous_format)


def pair(model: nn.Module, grouped: bool = False, **settings) -> list[tuple[nn.Module, torch.optim.Optimizer]]:
    """Two copies of a network, the first with our optimizer, the second with timm's."""
    copies = model, copy.deepcopy(model)

    def groups(model: nn.Module):
        return [dict(params=[p], weight_decay=0.1 if p.ndim > 1 else 0.) for p in model.parameters()]

    return [(each, kind(groups(each) if grouped else each.parameters(), **{**SETTINGS, **settings}))
            for each, kind in zip(copies, (Muon, TimmMuon))]


def step(models, seed: int, without: tuple[int, ...] = ()) -> None:
    """One step of each with the same gradients, but for some parameters that have none."""
    for model, optimizer in models:
        torch.manual_seed(seed)
        for i, p in enumerate(model.parameters()):
            p.grad = None if i in without else torch.randn_like(p) * 0.1
        optimizer.step()


def assert_equal(models, start: nn.Module, steps: int) -> None:
    """Of matrices, to the bfloat16 of the iteration, as a share of what the steps have changed; of others, exactly."""
    (ours, _), (timms, _) = models
    for (name, p), q, before in zip(ours.named_parameters(), timms.parameters(), start.parameters()):
        if _is_suitable_for_muon(p):
            assert (p - q).norm() <= 2 ** -8 * steps * (q - before).norm(), name
        else:
            torch.testing.assert_close(p, q, rtol=1e-6, atol=1e-8, msg=name)


@pytest.mark.parametrize("settings", [
    dict(), dict(grouped=True), dict(nesterov=False), dict(scale_eps=True, safety_factor=1.02),
    dict(adjust_lr_fn="original", ns_coefficients="polar_express", ns_steps=6), dict(adjust_lr_fn=None, ns_steps=3)])
@pytest.mark.parametrize("channels_last", [False, True])
def test_three_steps_are_those_of_timm(settings, channels_last):
    start = network(channels_last)
    models = pair(copy.deepcopy(start), **settings)
    for seed in range(3):
        step(models, seed)
    assert_equal(models, start, 3)


def test_parameters_of_bfloat16_step_as_those_of_timm():
    start = network().bfloat16()
    models = pair(copy.deepcopy(start))
    step(models, 0)
    for p, q in zip(models[0][0].parameters(), models[1][0].parameters()):
        torch.testing.assert_close(p, q, rtol=2 ** -7, atol=2 ** -10)


def test_rates_may_differ_and_change_and_gradients_come_and_go():
    start = network()
    models = pair(copy.deepcopy(start), grouped=True)
    for seed, without in enumerate([(0, 2), (), (1, 5), ()]):
        for _, optimizer in models:
            for i, group in enumerate(optimizer.param_groups):
                group["lr"] = 1e-2 / (1 + seed) * (1 + i % 2)
        step(models, seed, without)
    assert_equal(models, start, 4)


@pytest.mark.parametrize("first", [0, 1])
def test_a_state_goes_on_with_the_other_optimizer(first):
    """Two steps by one, its state saved and loaded by the other, two more: as four of timm's."""
    start = network(channels_last=True)
    models = pair(copy.deepcopy(start))
    reference = pair(copy.deepcopy(start))[1:]
    for seed in range(2):
        step([models[first], *reference], seed)
    (model, optimizer), (other, loaded) = models[first], models[1 - first]
    other.load_state_dict(model.state_dict())
    loaded.load_state_dict(pickle.loads(pickle.dumps(optimizer.state_dict())))
    for seed in range(2, 4):
        step([(other, loaded), *reference], seed)
    assert_equal([(other, loaded), *reference], start, 4)


def test_the_state_and_the_groups_have_the_names_and_shapes_of_timm():
    models = pair(network())
    step(models, 0)
    ours, timms = (optimizer.state_dict() for _, optimizer in models)
    assert ours["param_groups"] == timms["param_groups"]
    for index, state in timms["state"].items():
        assert {name: getattr(value, "shape", value) for name, value in ours["state"][index].items()} == {
            name: getattr(value, "shape", value) for name, value in state.items()}


def test_a_copy_of_the_optimizer_steps_as_the_original():
    model = network()
    (_, optimizer), _ = models = pair(model)
    step(models, 0)
    copied = pickle.loads(pickle.dumps(optimizer))
    params = [p for group in copied.param_groups for p in group["params"]]
    for p, q in zip(params, model.parameters()):
        p.grad = q.grad = torch.ones_like(q)
    copied.step()
    optimizer.step()
    assert copied.batched and all(map(torch.equal, params, model.parameters()))


@pytest.mark.parametrize("settings", [dict(algo="adamuon"), dict(conv_mode="batched"), dict(batched=False)])
def test_what_cannot_be_batched_steps_by_timm(settings):
    batched = settings.pop("batched", True)
    models = pair(network(), **settings)
    models[0][1].batched = batched
    step(models, 0)
    assert all(map(torch.equal, models[0][0].parameters(), models[1][0].parameters()))


@needs("timm", "1.0.28", "a fallback of few operators")
def test_a_step_of_the_network_is_at_most_sixty_operators_of_pytorch():
    model = build("lanmsff").to("meta")
    optimizer = Muon([dict(params=[p], weight_decay=0.02 * (p.ndim > 1)) for p in model.parameters()], **SETTINGS)
    for p in model.parameters():
        p.grad = torch.empty_like(p)
    optimizer.step()
    found = count_operators(optimizer.step)
    assert sum(found.values()) <= 60 and all(name.startswith("aten.") for name in found), found


def test_padded_matrices_come_out_as_those_alone_and_padding_stays_zero():
    torch.manual_seed(0)
    sizes = [(5, 9), (8, 8), (3, 20)]
    batch = torch.zeros(3, 8, 20)
    for x, (height, width) in zip(batch, sizes):
        x[:height, :width] = torch.randn(height, width)
    found = orthogonalize(batch, 5, "quintic", 1e-7)
    for x, y, (height, width) in zip(batch, found, sizes):
        alone = zeropower_via_newtonschulz(x[:height, :width], 5, _COEFFICIENTS["quintic"], dtype=torch.float32)
        torch.testing.assert_close(y[:height, :width], alone, rtol=1e-5, atol=1e-5)
        y[:height, :width] = 0
        assert not y.any()


def test_bfloat16_is_rounded_after_each_product_whatever_the_processor():
    torch.manual_seed(0)
    x = torch.randn(1, 16, 24).bfloat16()
    alone = zeropower_via_newtonschulz(x[0], 5, _COEFFICIENTS["quintic"])
    assert (orthogonalize(x, 5, "quintic", 1e-7)[0] - alone).norm() <= 2 ** -8 * alone.norm()


def test_matrices_share_a_size_where_a_batch_costs_more_than_padding():
    sizes = [(4, 8), (4, 8), (5, 9), (64, 640), (60, 640)]
    assert bucket_sizes(sizes, 0) == sizes
    assert bucket_sizes(sizes, 1e6) == [(5, 9)] * 3 + [(64, 640)] * 2
    assert bucket_sizes(sizes, 1e12) == [(64, 640)] * 5


def test_the_matrices_of_the_network_take_two_sizes_on_a_gpu():
    sizes = [(min(len(p), p[0].numel()), max(len(p), p[0].numel())) for p in build("lanmsff").parameters()
             if _is_suitable_for_muon(p)]
    found = bucket_sizes(sizes, START)
    assert {size: found.count(size) for size in found} == {(42, 756): 21, (84, 702): 7}
