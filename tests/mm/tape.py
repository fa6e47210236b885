"""A call's operators, recorded and run again on the same memory with the same numbers: a CUDA graph for a CPU."""
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map


class Tape:
    """Runs and records calls as ``capture.CudaGraphs`` does."""

    def run(self, call):
        return call()

    def record(self, call):
        """Like a graph's, the recording leaves everything as it was, the generator too."""
        generator = torch.get_rng_state()
        recording = _Recording()
        try:
            with recording:
                results = call()
        finally:
            for storage, former in recording.former.values():
                storage.copy_(former)
            torch.set_rng_state(generator)
        places = {name: _Place(value) for name, value in results.items()}

        @torch.no_grad()
        def repeat() -> None:
            storages: dict[int, torch.UntypedStorage] = {}
            for func, args, kwargs, outputs in recording.calls:
                found = func(*_tensors(args, storages), **_tensors(kwargs, storages))
                for place, tensor in zip(outputs, _flat(found)):
                    storages.setdefault(place.storage._cdata, tensor.untyped_storage())
            for name, value in results.items():
                value.copy_(places[name].tensor(storages))
        return results, repeat


class _Place:
    """Where a tensor lies. Tensors themselves are not kept: autograd makes copies of those that somebody holds."""

    def __init__(self, x: torch.Tensor):
        self.storage = x.untyped_storage()
        self.like = x.dtype, x.storage_offset(), tuple(x.shape), x.stride()

    def tensor(self, storages: dict[int, torch.UntypedStorage]) -> torch.Tensor:
        dtype, *layout = self.like
        return torch.empty(0, dtype=dtype).set_(storages.get(self.storage._cdata, self.storage), *layout)


class _Recording(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.calls: list[tuple[Any, Any, Any, list[_Place]]] = []
        self.former: dict[int, tuple[torch.UntypedStorage, torch.UntypedStorage]] = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        assert torch.Tag.data_dependent_output not in func.tags, f"{func} waits for the device"
        assert torch.Tag.dynamic_output_shape not in func.tags or (
            func is torch.ops.aten.index.Tensor and not any(x.dtype is torch.bool for x in _flat(args[1]))), (
            f"the shape of what {func} gives depends on values")
        placed = tree_map(lambda x: _Place(x) if isinstance(x, torch.Tensor) else x, (args, kwargs))
        for tensor in _flat((args, kwargs)):  # all, for batch norm does not declare that it writes its statistics
            storage = tensor.untyped_storage()
            self.former.setdefault(storage._cdata, (storage, storage.clone()))
        found = func(*args, **kwargs)
        self.calls.append((func, *placed, [_Place(each) for each in _flat(found)]))
        return found


def _flat(values) -> list[torch.Tensor]:
    return [each for each in tree_flatten(values)[0] if isinstance(each, torch.Tensor)]


def _tensors(values, storages):
    return tree_map(lambda x: x.tensor(storages) if isinstance(x, _Place) else x, values)
