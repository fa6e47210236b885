"""Losses are their papers' formulas, and give what their authors' code gives."""
import json
import sys

import numpy as np
import pytest
import torch
from safetensors import safe_open

from lanmsff_plugins.registry import MODELS

from ...conftest import ROOT


def fixture(name: str) -> tuple[dict, dict[str, torch.Tensor]]:
    with safe_open(ROOT / "tests" / "fixtures" / "losses" / f"{name}.safetensors", "pt") as file:
        return json.loads(file.metadata()["about"]), {key: file.get_tensor(key) for key in file.keys()}


def build(name: str, **kwargs) -> torch.nn.Module:
    return MODELS.build({"type": f"lanmsff_plugins.{name}", **kwargs})


def close(got: torch.Tensor, expected: torch.Tensor) -> bool:
    return bool((got - expected).abs().max() <= 1e-5 * (1 + expected.abs().max()))


def test_it_is_the_paper_s_formula_in_float64():
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(size=(6, 8)), (rng.random((6, 8)) < .4).astype(float)
    targets[:, 0] = 1
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    expected = -np.log((targets * p).max(1)).mean()
    loss = MODELS.build({"type": "lanmsff_plugins.MultiTargetLoss"})(torch.tensor(logits), torch.tensor(targets))
    assert loss.item() == pytest.approx(expected, rel=1e-6)


def test_its_gradient_pulls_the_likeliest_accepted_class_up_alone():
    logits = torch.tensor([[2., 1., 0.]], requires_grad=True)
    MODELS.build({"type": "lanmsff_plugins.MultiTargetLoss"})(logits, torch.tensor([[0., .5, .5]])).backward()
    assert (logits.grad < 0).tolist() == [[False, True, False]]


@pytest.mark.parametrize("case", ["a", "b", "c", "d"])
def test_the_view_contrastive_loss_and_its_gradient_are_the_authors(case):
    pytest.importorskip("pytorch_metric_learning")
    about, tensors = fixture("ViewContrastiveLoss")
    z = tensors[f"{case}.in.z"].requires_grad_()
    loss = build("ViewContrastiveLoss", temperature=about["cases"][case]["T"])(z, tensors[f"{case}.in.view"])
    loss.backward()
    assert close(loss.detach(), tensors[f"{case}.out.loss"]) and close(z.grad, tensors[f"{case}.grad.z"])
    assert loss.item() == pytest.approx(about["cases"][case]["slow_float64"], rel=2e-6)


@pytest.mark.parametrize(("z", "view"), [
    (torch.randn(5, 6, generator=torch.Generator().manual_seed(0)), [0] * 5),
    (torch.randn(5, 6, generator=torch.Generator().manual_seed(0)), range(5)),
    (torch.tensor([[1., 0.], [1., 0.], [-1., 0.], [-1., 0.]]), [0, 0, 1, 1])],
    ids=["one view", "each view once", "views that are separated"])
def test_where_the_authors_loss_is_nan_the_view_contrastive_loss_is_zero_and_can_be_learned_from(z, view):
    pytest.importorskip("pytorch_metric_learning")
    z = z.clone().requires_grad_()
    loss = build("ViewContrastiveLoss")(z, torch.tensor([*view]))
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-6) and z.grad.isfinite().all()


def test_without_its_package_the_view_contrastive_loss_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("pytorch_metric_learning")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pytorch_metric_learning", None)
    with pytest.raises(ImportError, match=r"needs pytorch-metric-learning .*pip install 'lanmsff-plugins\[metric\]'"):
        build("ViewContrastiveLoss")


def online_instance_loss(about, tensors, step: str) -> torch.nn.Module:
    sizes = about["sizes"]
    loss = build("OnlineInstanceLoss", classes=sizes["num_pid"], channels=sizes["dim"], queue=sizes["queue"])
    loss.load_state_dict({name: tensors[f"{step}.before.{name}"] for name in ("lut", "queue")})
    return loss


def test_three_steps_of_the_online_instance_loss_are_the_authors():
    about, tensors = fixture("OnlineInstanceLoss")
    loss = online_instance_loss(about, tensors, "s0")
    for step in ("s0", "s1", "s2"):
        assert all(close(loss.state_dict()[name], tensors[f"{step}.before.{name}"]) for name in ("lut", "queue"))
        feat = tensors[f"{step}.in.feat"].requires_grad_()
        value = loss(feat, tensors[f"{step}.in.pid"])
        assert close(loss.lut, tensors[f"{step}.before.lut"])  # only learning changes the tables
        value.backward()
        assert close(value.detach(), tensors[f"{step}.out.loss"]) and close(feat.grad, tensors[f"{step}.grad.feat"])
        assert all(close(loss.state_dict()[name], tensors[f"{step}.after.{name}"]) for name in ("lut", "queue"))


def test_pictures_without_a_class_alone_cost_nothing_and_are_queued():
    loss = build("OnlineInstanceLoss", classes=3, channels=2, queue=2)
    embeddings = torch.nn.functional.normalize(torch.rand(3, 2)).requires_grad_()
    value = loss(embeddings, torch.full((3,), -1))
    value.backward()
    assert value.item() == 0 and (embeddings.grad == 0).all()
    torch.testing.assert_close(loss.queue, embeddings.detach()[1:])
    assert (loss.lut == 0).all()


def test_without_a_queue_pictures_without_a_class_are_left_out():
    loss = build("OnlineInstanceLoss", classes=3, channels=2)
    loss(torch.eye(2).requires_grad_(), torch.tensor([1, -1])).backward()
    torch.testing.assert_close(loss.lut, torch.tensor([[0., 0.], [1., 0.], [0., 0.]]))


def test_the_tables_are_part_of_a_checkpoint():
    assert build("OnlineInstanceLoss", classes=3, channels=2, queue=4).state_dict().keys() == {"lut", "queue"}


@pytest.mark.parametrize("wrong", [{"classes": 0}, {"channels": 0}, {"queue": -1}, {"momentum": 1.5}])
def test_tables_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="OnlineInstanceLoss needs classes and channels of 1 or more"):
        build("OnlineInstanceLoss", **{"classes": 3, "channels": 2, **wrong})
