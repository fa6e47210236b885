"""Cards of weights, the page about finished runs, tables and plots for the docs."""
