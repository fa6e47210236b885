"""python -m lanmsff_plugins COMMAND ..., the same as lanmsff COMMAND ..."""
from .cli.main import main

if __name__ == "__main__":
    main()
