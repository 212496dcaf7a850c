# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts whose Python is too old for the modules: they are told so, and by a file that such a Python can read."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from ansible_collections.tallyfy.platform.plugins.module_utils import _python

PLUGINS = Path(__file__).parents[4] / "plugins"
GUARD = PLUGINS / "module_utils" / "_python.py"
MODULES = sorted((PLUGINS / "modules").glob("*.py"))


@pytest.mark.parametrize("file", [GUARD, *MODULES], ids=lambda file: file.stem)
def test_old_python_gets_as_far_as_the_refusal(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 6))
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    if file == GUARD:
        assert [ast.unparse(node) for node in imports] == ["import json", "import sys"]
        return
    guard = f"from {_python.__name__} import require_supported_python"
    assert ast.unparse(imports[0]) == guard, "another import is too new for Python 3.6"
    called = tree.body[tree.body.index(imports[0]) + 1]
    assert ast.unparse(called) == "require_supported_python()", "before the next import"


@pytest.mark.parametrize(("major", "minor"), [(3, 6), (3, 8), (2, 7)])
def test_old_python_is_refused_with_a_remedy(capsys: pytest.CaptureFixture[str], major: int, minor: int) -> None:
    with pytest.raises(SystemExit) as ended:
        _python.require_supported_python(major, minor, "/usr/bin/python3")
    result = json.loads(capsys.readouterr().out)
    assert ended.value.code == 1
    assert result["failed"] is True
    assert result["problems"] == [result["msg"]]
    assert f"need Python 3.9 or later; /usr/bin/python3 is Python {major}.{minor}." in result["msg"]
    assert "ansible_python_interpreter" in result["msg"]


@pytest.mark.parametrize(("major", "minor"), [(3, 9), (3, 10), (4, 0)])
def test_current_python_goes_on(major: int, minor: int) -> None:
    _python.require_supported_python(major, minor, "/usr/bin/python3")
