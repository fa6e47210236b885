"""One input to a door, and the judgement of what the door did with it."""
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

__all__ = ["Case", "Family", "Outcome", "files_below", "judge", "misspelt"]


@dataclass(frozen=True)
class Outcome:
    """What a door left behind: its exit status, what it printed, and the files that were not there before."""

    status: int
    stdout: str
    stderr: str
    written: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One input.

    Attributes:
        what: The input in a few words, for the list of faults.
        argv: The command and its arguments; called in the case's own folder.
        prepare: Puts into that folder, which is empty, what the command reads.
        right: Checks the result of an input that may be taken; None if it must be refused.
        call: Instead of a command, a function; a ValueError is a refusal, an AssertionError a wrong result.
        must_be_taken: Refusing it is a fault.
        status: The exit status where it is taken; 1 where one input of several cannot be read.
    """

    what: str
    argv: tuple[str, ...] = ()
    prepare: Callable[[Path], None] = lambda folder: None
    right: Callable[[Path, Outcome], None] | None = None
    call: Callable[[], None] | None = None
    must_be_taken: bool = False
    status: int = 0


@dataclass(frozen=True)
class Family:
    """Inputs of one kind for one door, drawn at random."""

    door: str
    kind: str  # layers, weights, data, settings or doors
    draw: Callable[[Random], Case]


def judge(case: Case, folder: Path, outcome: Outcome) -> str:
    """'right', 'refused', or what is wrong."""
    if "Traceback" in outcome.stderr + outcome.stdout:
        return f"traceback: {outcome.stderr.strip().splitlines()[-1][:200]}"
    if outcome.status == 2:
        lines = outcome.stderr.strip().splitlines()
        if case.must_be_taken:
            return f"refused, though it is fine: {outcome.stderr.strip()[:200]}"
        if len(lines) != 1 or outcome.stdout.strip():
            return f"refused in {len(lines)} lines and {len(outcome.stdout.splitlines())} on stdout: {lines[-1:]}"
        if len(lines[0].replace(str(folder), "")) > 600:
            return f"refused in a line of {len(lines[0])} characters"
        left = [path for path in outcome.written if not path.endswith(".cache.safetensors")]  # of the file that is fine
        if left:
            return f"refused, but left {', '.join(left[:4])}"
        return "refused"
    if outcome.status != case.status:
        return f"exit status {outcome.status}: {outcome.stderr.strip()[-200:]}"
    if case.right is None and case.call is None:
        return f"taken without a word; wrote {', '.join(outcome.written[:4]) or 'nothing'}"
    if case.right is not None:
        try:
            case.right(folder, outcome)
        except Exception as error:
            return f"taken, but wrong: {type(error).__name__}: {error}"
    return "right"


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def misspelt(random: Random, word: str) -> str:
    """``word`` with one slip of the fingers: a letter left out, doubled, swapped with the next, or another one."""
    while True:
        at = random.randrange(len(word))
        slip = random.choice((
            word[:at] + word[at + 1:],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at:at + 2][::-1] + word[at + 2:],
            word[:at] + random.choice("abcdefghijklmnopqrstuvwxyz") + word[at + 1:]))
        if slip and slip != word and slip[0].isalpha():
            return slip
