"""Kill and carry on: a sweep is disturbed at random moments, again and again, and must lose nothing.

    python -m benchmarks.faults [--rounds 200] [--seed 1] [--runs 50] [--only FAULT ...]

Each round starts the same command, waits for a random moment of the time that it takes, from its imports to its summary,
and injects one fault (`injecting`). What must hold then is checked (`inspecting`): every stored file is whole, what
was stored before is kept byte for byte, and nothing is left behind, neither processes nor shared memory nor files. A sweep
that is complete must hold every run exactly once; the next rounds begin a new one. The seed decides which faults come
in which order and at which part of the time; the last sweep is completed in any case.

Linux only. Where the system allows it (root, or user namespaces) all of it takes place in namespaces of its own, so that
whatever process or shared memory is there was made here (`surroundings`). Prints what came of each fault. Exits with 1,
the seed, the round and the folder where something did not hold.
"""
