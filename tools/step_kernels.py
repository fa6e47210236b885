"""Count what a GPU would start in a training step of the modern recipe, on any machine, and write it into the docs.

    python tools/step_kernels.py --write

Augmentation, network and loss are compiled forward and backward by PyTorch's inductor, whose kernels and external calls
are counted in the code that it writes; the optimizer and the running average are run as they are, and count by
operators, an operator on a list of tensors being one.
"""
import argparse
import copy
import re
import tempfile
from functools import partial
from pathlib import Path
from unittest.mock import patch

import torch
from functorch.compile import make_boxed_func
from mmengine.runner import Runner
from torch._inductor.compile_fx import compile_fx, compile_fx_inner
from torch._inductor.graph import GraphLowering

from lanmsff_plugins.base.tables import markdown, replace_section
from lanmsff_plugins.cli.gpu_check import ON_A_GPU, make_runner, trained
from lanmsff_plugins.data.synthetic.writers import write_fer2013
from lanmsff_plugins.measure.dispatch import count_operators
from lanmsff_plugins.mm.engine.averaging import ExponentialMovingAverage

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
CALL = re.compile(r"^\s+(?:[\w, ]+ = )?"
                  r"(?:cpp_\w+|triton_\w+\.run|extern_kernels\.\w+|torch\.ops\.[\w.]+|aten\.[\w.]+)\(", re.M)


class _Written(BaseException):
    """What stops inductor where its code is written, before minutes of C++."""


def compiled_calls(call) -> list[int]:
    """The kernels and external calls of each graph of a function that returns a loss, forward and backward."""
    found = []

    def stop(code: str) -> None:
        found.append(len(CALL.findall(code[code.index("def call("):])))
        raise _Written

    def lower(graph: torch.fx.GraphModule, inputs: list[torch.Tensor], **kwargs):
        runnable = copy.deepcopy(graph)
        try:
            with patch.object(GraphLowering, "save_output_code", staticmethod(stop)), \
                    torch._inductor.config.patch(fx_graph_cache=False):
                compile_fx_inner(graph, inputs, **kwargs)
        except _Written:
            pass
        return make_boxed_func(runnable.forward)

    torch.compile(call, backend=partial(compile_fx, inner_compile=lower), dynamic=False)().backward()
    return found


def optimizer_of_a_gpu(runner: Runner) -> torch.optim.Optimizer:
    """The optimizer after a step, on tensors without values: there Muon pads its matrices as it does for a GPU."""
    runner.model.to("meta")
    optimizer = runner.build_optim_wrapper(copy.deepcopy(runner.cfg.optim_wrapper)).optimizer
    for p in runner.model.parameters():
        p.grad = torch.empty_like(p)
    optimizer.step()
    return optimizer


def count(batch: int) -> list[tuple[str, int, int]]:
    """For each part of a step: as PyTorch runs it operator by operator, and as it is compiled."""
    with tempfile.TemporaryDirectory() as folder:
        write_fer2013(Path(folder), faces=400)
        runner = make_runner(folder, batch, ON_A_GPU)
        loop = trained(runner)
        average = ExponentialMovingAverage(loop.model, momentum=4e-3, update_buffers=True)
        average.update_parameters(loop.model)
        indices = torch.arange(batch) % len(loop.split.pixels)
        size = loop.model.data_preprocessor.current_size()

        def losses() -> torch.Tensor:
            with runner.optim_wrapper.optim_context(loop.model):
                return loop.loss(indices, size)

        eager = count_operators(lambda: losses().backward()).total()
        averaging = count_operators(lambda: average.update_parameters(loop.model)).total()
        runner.optim_wrapper.zero_grad()
        compiled = sum(compiled_calls(losses))
        step = count_operators(optimizer_of_a_gpu(runner).step).total()
    parts = [("augmentation, network and loss, forward and backward", eager, compiled), ("Muon", step, step),
             ("average of the weights", averaging, averaging)]
    return [*parts, ("a step", *(sum(each[i] for each in parts) for i in (1, 2)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    args = parser.parse_args()
    table = markdown(["", "operators", "compiled"], [[name, str(a), str(b)] for name, a, b in count(args.batch)])
    print(table)
    if args.write:
        replace_section(PAGE, "kernels", table)


if __name__ == "__main__":
    main()
