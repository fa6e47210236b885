"""The command ``lanmsff``: one file a command, and the only place that reads the command line."""
