"""Networks that are hard to count or to export, for commands that take ``module:factory``."""
import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

import timm_registry  # noqa: F401  (timm knows lanmsff from here on)

__all__ = ["Pool", "altered"]


class Pool(nn.Module):
    """A convolution, a pooling over the map in one of several ways, and a classifier."""

    def __init__(self, how: str = "avg", channels: int = 8):
        super().__init__()
        self.how = how
        with torch.random.fork_rng():  # the same weights each time, to compare with
            torch.manual_seed(0)
            self.conv = nn.Conv2d(1, channels, 3, padding=1)
            self.fc = nn.Linear(channels, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        size = (x.shape[2], x.shape[3])
        match self.how:
            case "avg":
                x = F.avg_pool2d(x, size, stride=size)
            case "max":
                x = F.max_pool2d(x, size)
            case "rows":
                x = F.adaptive_avg_pool2d(x, (None, 1)).mean(2, keepdim=True)
            case "columns":
                x = F.adaptive_max_pool2d(x, (1, None)).amax(3, keepdim=True)
            case "half":
                x = F.adaptive_avg_pool2d(x, (x.shape[2] // 2, 4)).mean((2, 3), keepdim=True)
            case "norm":
                x = F.lp_pool2d(x, 2., size)
            case "interpolate":
                x = F.interpolate(x, (4, 4), mode="bilinear").mean((2, 3), keepdim=True)
        return self.fc(x.flatten(1))


def altered(how: str, name: str = "blocks.3.conv.conv") -> nn.Module:
    """LANMSFF with one convolution pruned or reparametrised."""
    model = timm.create_model("lanmsff", channels=(12, 12, 12, 12)).eval()
    module = model.get_submodule(name)
    match how:
        case "pruned":
            prune.l1_unstructured(module, "weight", 0.5)
        case "pruned by channel":
            prune.ln_structured(module, "weight", 0.5, n=2, dim=0)
        case "weight norm":
            parametrizations.weight_norm(module)
        case "spectral norm":
            parametrizations.spectral_norm(module)
        case "orthogonal":
            parametrizations.orthogonal(module)
        case "old weight norm":
            nn.utils.weight_norm(module)
        case "old spectral norm":
            nn.utils.spectral_norm(module)
    return model
