# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many completions with random faults: none twice, none missing, every value stored.

``benchmarks/completions.py`` does the same with more of them and other faults each time.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.testing import Sandbox
from tests.acceptance.completions import complete_many

pytestmark = pytest.mark.any_core

COMPLETIONS = 200


def test_exactly_once(sandbox: Sandbox, tmp_path: Path) -> None:
    tally = complete_many(sandbox, tmp_path / "cache", COMPLETIONS, seed=4)
    assert (tally.twice, tally.missing, tally.unstored) == (0, 0, 0), tally
    assert tally.comments == {1: COMPLETIONS}
    # Otherwise nothing has been tried.
    assert tally.doubts > COMPLETIONS / 20
    assert set(tally.failures) >= {"LostAnswerError", "NotStoredError"}
    assert tally.posts > COMPLETIONS
