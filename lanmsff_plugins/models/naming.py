"""The names of LANMSFF's weights: ours, which are timm's, and MMPretrain's.

    torch.save({"state_dict": to_mm(model.state_dict())}, "for_mmpretrain.pth")
"""
from torch import Tensor

__all__ = ["from_mm", "to_mm", "to_timm"]

# Ours to MMPretrain's: what stands before the first dot. The head is ``head.fc`` in both.
_MM_PREFIXES = {"blocks": "backbone.blocks", "fusion": "neck.fusion"}


def to_mm(state_dict: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the weights of ``LANMSFF`` for an MMPretrain ``ImageClassifier`` around the same parts."""
    def rename(key: str) -> str:
        prefix, dot, rest = key.partition(".")
        return f"{_MM_PREFIXES.get(prefix, prefix)}{dot}{rest}"
    return {rename(key): value for key, value in state_dict.items()}


def from_mm(state_dict: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the weights of an MMPretrain ``ImageClassifier`` for ``LANMSFF``; other keys stay as they are."""
    def rename(key: str) -> str:
        for ours, theirs in _MM_PREFIXES.items():
            if key.startswith(theirs + "."):
                return ours + key[len(theirs):]
        return key
    return {rename(key): value for key, value in state_dict.items()}


def to_timm(checkpoint: dict) -> dict[str, Tensor]:
    """The weights of any of our checkpoints under ``LANMSFF``'s names, which are timm's.

    Args:
        checkpoint: A state dict of ours, or a checkpoint of MMEngine or timm that holds one.
    """
    return from_mm(checkpoint.get("state_dict", checkpoint))
