"""Kill and resume: a sweep is disturbed at random moments, again and again, and must lose nothing.

    python -m benchmarks.faults [--rounds 200] [--seed 1] [--runs 50] [--only FAULT ...]

Each round starts the same command, waits for a random moment of the time that it takes, from its imports to
its summary, and injects one fault (`injecting`). What must hold then is checked (`inspecting`): every stored
file is whole, what was stored before is kept byte for byte, and nothing is left behind, neither processes nor
shared memory nor files. A sweep that is complete must hold every run exactly once; the next rounds begin a
new one. The seed decides which faults come in which order and at which part of the time; the last sweep is
completed in any case.

Linux only. If the system allows it (root, or user namespaces), everything runs in separate namespaces, so
that any process or shared memory found there was made here (`surroundings`). Prints the outcome of each
fault. Exits with 1 and prints the seed, the round and the folder if something did not hold.
"""
