"""Where only the core is installed, these tests have nothing to test; the report's header says so."""
from importlib.util import find_spec

if find_spec("mmpretrain") is None:
    collect_ignore_glob = ["test_*.py"]
