"""What every other part uses: files, locks, errors, progress, tables, memory. Neither torch nor NumPy at import."""
