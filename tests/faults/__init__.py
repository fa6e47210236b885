"""Damaged, misnamed, misplaced and absurd inputs, drawn by a seeded generator and given to every door.

    python -m tests.faults --seed 1 --only export    # `make test-faults` tries 500 of them, with seed 0

Each is either taken, and the result is then compared with what an undamaged input gives, or refused: exit status 2,
one line on stderr, and nothing written. Anything else is a fault.
"""
