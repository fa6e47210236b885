"""The package's configs: where they are, reading one by name or path, and writing one as a file to start from.

    cfg = read_config("lanmsff_ferplus")
"""
import ast
import io
import tokenize
from pathlib import Path

from mmengine.config import Config

from ...base.errors import ConfigError, one_line, unknown

__all__ = ["FOLDER", "config_names", "find_config", "read_config", "standalone"]

_PACKAGE = Path(__file__).resolve().parent.parent.parent
_INSTALLED, _CHECKOUT = _PACKAGE / ".mim" / "configs", _PACKAGE.parent / "mm_configs"
FOLDER = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT


def config_names() -> list[str]:
    """The names of the package's configs, such as 'lanmsff_ferplus' and 'plugins/resnet18_mass_att_ferplus'."""
    paths = (path.relative_to(FOLDER) for path in sorted(FOLDER.rglob("*.py")))
    return [path.with_suffix("").as_posix() for path in paths if path.parts[0] not in ("_base_", "ablation")]


def find_config(name: str | Path) -> Path:
    """The file of a config.

    Args:
        name: A path, or the name of one of the package's, with or without ``.py``.

    Raises:
        FileNotFoundError: if there is neither.
    """
    if Path(name).is_file():
        return Path(name)
    if str(name).removesuffix(".py") in config_names():
        return FOLDER / f"{str(name).removesuffix('.py')}.py"
    known = unknown("config", Path(name).stem, config_names(), see="`lanmsff config`")
    raise FileNotFoundError(f"no config at {name}; {known}")


def read_config(name: str | Path) -> Config:
    """Read a config as it stands.

    Raises:
        FileNotFoundError: if there is no such config.
        ConfigError: if it cannot be read as one.
    """
    path = find_config(name)
    try:
        return Config.fromfile(path)
    except Exception as error:  # a config is a program: it can fail in any way
        raise ConfigError(f"{path} cannot be read as a config: {one_line(error)}") from None


def standalone(name: str | Path) -> str:
    """The text of a config with its bases merged in, so that it stands alone, below the comments of all of them.

    A setting's comments stand above the whole setting: merging leaves no line of the bases where it was.
    """
    values = read_config(name).to_dict()
    comments: dict[str, list[str]] = {}
    for path in _with_bases(find_config(name)):
        for key, found in _comments(path).items():
            comments.setdefault(key, []).extend(found)
    parts = ["\n".join(comments.pop("", []))]
    for key, value in values.items():
        text = Config({key: value}).pretty_text.strip()
        parts.append("\n".join([*comments.get(key, []), text]))
    return "\n\n".join(part for part in parts if part) + "\n"


def _with_bases(path: Path) -> list[Path]:
    """A config's bases, each before what builds on it, and itself; those of other packages, PACKAGE::NAME, left out."""
    tree = ast.parse(path.read_text())
    bases = next((ast.literal_eval(node.value) for node in tree.body
                  if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "_base_"), [])
    found = []
    for base in [bases] if isinstance(bases, str) else bases:
        if "::" in base:
            continue
        found += [each for each in _with_bases(path.parent / base) if each not in found]
    return [*found, path]


def _comments(path: Path) -> dict[str, list[str]]:
    """The comment lines of a file, by the setting that they stand in or above; '' for those at its head."""
    text = path.read_text()
    spans = {node.targets[0].id: (node.lineno, node.end_lineno) for node in ast.parse(text).body
             if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)}
    first = min((start for start, _ in spans.values()), default=1)
    found: dict[str, list[str]] = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            line = token.start[0]
            key = next((key for key, (_, end) in spans.items() if line <= end), "")
            found.setdefault("" if line < first or key == "_base_" else key, []).append(token.string)
    return found
