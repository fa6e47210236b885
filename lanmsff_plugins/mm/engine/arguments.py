"""Which keyword arguments a class or a function takes, those included that ``**kwargs`` hands on to its bases.

    Arguments.of(DefaultSampler).names    # {'dataset', 'shuffle', 'seed', 'round_up'}
"""
import ast
import functools
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Arguments"]


@dataclass
class Arguments:
    """What may be passed by name.

    Attributes:
        defaults: The arguments, with their defaults; ``inspect.Parameter.empty`` for those without one.
        open: Whether any other name is accepted too, or may be: where ``**kwargs`` goes cannot be told.
    """

    defaults: dict[str, Any] = field(default_factory=dict)
    open: bool = False

    @property
    def names(self) -> set[str]:
        return set(self.defaults)

    @classmethod
    def of(cls, target: Callable) -> "Arguments":
        """The arguments of a class or a function; any may be accepted where Python cannot tell."""
        return _of_class(target, target) if inspect.isclass(target) else _of_function(target, None)

    def add(self, other: "Arguments") -> None:
        self.defaults = {**other.defaults, **self.defaults}
        self.open |= other.open


def _of_class(cls: type, start: type) -> Arguments:
    """What ``cls(...)`` takes by the first constructor from ``start`` on in the order of its bases."""
    if "__signature__" in vars(start):
        return _of_signature(vars(start)["__signature__"])
    order = cls.__mro__
    owner = next(base for base in order[order.index(start):] if "__init__" in vars(base))
    if owner is object:
        return Arguments()
    return _of_function(owner.__init__, cls, owner)


def _of_function(function: Callable, cls: type | None, owner: type | None = None) -> Arguments:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # written in C
        return Arguments(open=True)
    found = _of_signature(signature, skip=int(owner is not None))
    rest = next((p.name for p in signature.parameters.values() if p.kind is p.VAR_KEYWORD), None)
    if rest is not None:
        found.open = False
        found.add(_handed_on(inspect.unwrap(function), rest, cls, owner))
    return found


def _of_signature(signature: inspect.Signature, skip: int = 0) -> Arguments:
    parameters = list(signature.parameters.values())[skip:]
    return Arguments({p.name: p.default for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)},
                     any(p.kind is p.VAR_KEYWORD for p in parameters))


@functools.cache
def _body(function: Callable) -> ast.AST | None:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError, TypeError):
        return None


def _handed_on(function: Callable, rest: str, cls: type | None, owner: type | None) -> Arguments:
    """What the function does with its ``**rest``: it passes it on, takes single names out of it, or anything else."""
    found, tree = Arguments(), _body(function)
    if tree is None:
        return Arguments(open=True)
    understood = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if any(keyword.arg is None and _is_name(keyword.value, rest) for keyword in node.keywords):
                understood += 1
                found.add(_called(node.func, function, cls, owner))
            elif isinstance(node.func, ast.Attribute) and _is_name(node.func.value, rest) and (
                    node.func.attr in ("pop", "get", "setdefault") and isinstance(node.args[0], ast.Constant)):
                understood += 1
                found.defaults.setdefault(node.args[0].value, inspect.Parameter.empty)
        elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Constant) and (
                _is_name(node.comparators[0], rest)):  # "name" in kwargs
            understood += 1
        elif isinstance(node, ast.Dict):  # kwargs = {"name": 1, **kwargs}
            understood += sum(key is None and _is_name(value, rest) for key, value in zip(node.keys, node.values))
    uses = sum(_is_name(node, rest) and isinstance(node.ctx, ast.Load) for node in ast.walk(tree))
    found.open |= uses == 0 or understood < uses
    return found


def _is_name(node: ast.AST | None, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _called(node: ast.expr, function: Callable, cls: type | None, owner: type | None) -> Arguments:
    """The arguments of what a call within ``function`` calls."""
    if isinstance(node, ast.Attribute) and node.attr == "__init__":
        if isinstance(node.value, ast.Call) and _is_name(node.value.func, "super"):
            if cls is None or owner is None:
                return Arguments(open=True)
            return _of_class(cls, cls.__mro__[cls.__mro__.index(owner) + 1])
        node = node.value  # Base.__init__(self, ...)
    target = _look_up(node, function)
    if inspect.isclass(target):
        return _of_class(target, target)
    return _of_function(target, None) if inspect.isfunction(target) and target is not function else Arguments(open=True)


def _look_up(node: ast.expr, function: Callable) -> object:
    """What a dotted name means within a function; None where only running it would tell."""
    if isinstance(node, ast.Attribute):
        return getattr(_look_up(node.value, function), node.attr, None)
    if not isinstance(node, ast.Name):
        return None
    known = inspect.getclosurevars(function)
    return {**known.globals, **known.nonlocals}.get(node.id)
