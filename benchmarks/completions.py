# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Complete 2,000 steps while answers get lost, come late or come with an error, and count who was told twice.

    PYTHONPATH=. .venv/bin/python benchmarks/completions.py [--completions 2000] [--seed 7] [--workers 4]

Needs what the tests need. The exit status is 1 unless each step was completed once, with its form and one comment.
The same seed draws the same faults, though not for the same steps, because several workers are at it.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import conftest  # noqa: F401 - for its effect: only then can the collection be imported
from sandbox.testing import running_sandbox
from tests.acceptance.completions import complete_many


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0] if __doc__ else None)
    parser.add_argument("--completions", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--workers", type=int, default=4)
    options = parser.parse_args()
    started = time.perf_counter()
    with running_sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
        tally = complete_many(
            sandbox, Path(folder) / "cache", options.completions, seed=options.seed, workers=options.workers
        )
        requests = len(sandbox.ledger())
    failures = ", ".join(f"{name} {number}" for name, number in sorted(tally.failures.items()))
    print(f"desired steps        {tally.desired} (seed {options.seed}, {options.workers} workers)")
    print(f"POSTs to complete    {tally.posts}, without those refused with a 429")
    print(f"completed twice      {tally.twice}")
    print(f"missing              {tally.missing}")
    print(f"forms not stored     {tally.unstored}")
    print(f"comments of a step   {dict(tally.comments)}")
    print(f"rounds until done    {tally.rounds}; {tally.doubts} runs ended in doubt")
    print(f"failed runs          {failures}")
    print(f"requests             {requests} in {time.perf_counter() - started:.0f} s")
    is_right = (tally.twice, tally.missing, tally.unstored, tally.comments) == (0, 0, 0, {1: tally.desired})
    return int(not is_right)


if __name__ == "__main__":
    sys.exit(main())
