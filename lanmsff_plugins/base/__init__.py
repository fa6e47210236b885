"""What every other part uses: errors, files, progress, text tables, memory. Neither torch nor NumPy at import."""
