# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Count the requests that it takes to find a reference where a template has launched 20,000 processes.

    PYTHONPATH=. .venv/bin/python benchmarks/references.py [--processes 20000]

Waits take no time. Run it with the Python of an ansible-core; ``TALLYFY_SANDBOX_PYTHON`` names one with the sandbox's
requirements if that has none. Exits with 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import conftest  # noqa: F401 - for its effect: only then can the collection be imported
from sandbox.testing import Sandbox, running_sandbox
from tests.acceptance.controllers import Controller, RealTime

KNOWN, LOOP = 1_000, 5


class Scene:
    """One template with a history; each count is made by a controller of its own, whose token has to be fetched."""

    def __init__(self, sandbox: Sandbox, processes: int, folder: str) -> None:
        self.sandbox = sandbox
        self.pages = -(-processes // 100)
        self._folder = Path(folder)
        self._number = 0
        template = sandbox.insert_template("Tour", prerun=[{"label": "Reference", "field_type": "text"}])
        self.template = template["id"]
        field_id = template["prerun"][0]["id"]
        sandbox.insert_members(*map(person, range(KNOWN)))
        sandbox.insert_runs(
            *(
                {
                    "checklist_id": self.template,
                    "name": f"Tour of Hire (hire{number}@example.com)",
                    "prerun": {field_id: f"E-{number}"},
                }
                for number in range(processes)
            )
        )

    def controller(self) -> Controller:
        self._number += 1
        return Controller(self.sandbox, self._folder / str(self._number), RealTime())

    def count(self, act: Callable[[], dict[str, Any]]) -> int:
        """Return how many requests it takes, which must not fail."""
        self.sandbox.clear_ledger()
        result = act()
        assert not result.get("failed"), result["msg"]
        return len(self.sandbox.ledger())

    def onboarding(self, *numbers: int, **process: Any) -> int:
        wish = {"template": self.template, "name": "Tour of {first_name}", **process}
        people = list(map(person, numbers))
        return self.count(lambda: self.controller().onboarding(people=people, process=wish))

    def loop(self, prefix: str) -> float:
        """Return how many requests each item of a loop of new processes takes."""
        controller = self.controller()
        wishes = [
            {"template": self.template, "reference": f"{prefix}-{number}", "reference_field": "Reference"}
            for number in range(LOOP)
        ]
        return sum(self.count(lambda one=one: controller.process(**one)) for one in wishes) / LOOP


def person(number: int) -> dict[str, Any]:
    return {"email": f"hire{number}@example.com", "first_name": "Hire", "last_name": f"Number {number}"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0] if __doc__ else None)
    parser.add_argument("--processes", type=int, default=20_000)
    options = parser.parse_args()
    rows: list[tuple[str, float, float]] = []
    with running_sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
        scene = Scene(sandbox, options.processes, folder)
        rows.append(("onboarding of one new person", scene.onboarding(10**6), 12))
        rows.append(("onboarding of one known person", scene.onboarding(7), 8))
        rows.append((f"onboarding of {KNOWN} known people", scene.onboarding(*range(KNOWN)), scene.pages + 15))
        rows.append(("a new process by its field, the search finds values", scene.loop("N"), 10))
        sandbox.switch(run_values_filter="ignored")
        rows.append(("the same, it does not: each of a loop", scene.loop("M"), 10 + scene.pages / LOOP + 1))
        sandbox.switch(run_values_filter="finds", run_prerun_missing=True)
        requests = scene.onboarding(10**6 + 1, reference_field="Reference")
        rows.append(("one new person where lists show no values", requests, 130))
    for what, count, goal in rows:
        print(f"{what:55} {count:8.1f}   goal at most {goal:g}")
    return int(any(count > goal for _what, count, goal in rows))


if __name__ == "__main__":
    sys.exit(main())
