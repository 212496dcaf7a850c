# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""What the sandbox prints for the person who starts it: variables to paste, and the first commands."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from .records import Organization

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = """\
ansible-playbook tallyfy.platform.export_roster -e export_roster_dest=roster.yml
ansible-playbook tallyfy.platform.roster -e roster_src=roster.yml --check --diff
"""


def first_steps(url: str, organization: Organization, ca_file: str | None = None) -> str:
    """Return the text for a terminal; its ``export`` lines and commands are complete and can be pasted together."""
    variables = {
        "TALLYFY_API_URL": f"{url}/api",
        "TALLYFY_TOKEN_URL": f"{url}/oauth/token",
        "TALLYFY_ORG_ID": organization.id,
        "TALLYFY_CLIENT_ID": organization.client_id,
        "TALLYFY_CLIENT_SECRET": organization.client_secret,
        **({"TALLYFY_CA_PATH": str(Path(ca_file).resolve())} if ca_file else {}),
    }
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    # The collection of this clone, which need not be installed for it.
    tree = shlex.join([sys.executable, str(ROOT / "tests" / "collection_tree.py")])
    exports.append(f'export ANSIBLE_COLLECTIONS_PATH="$({tree})"')
    programs = Path(sys.executable).parent
    install = ""
    if (programs / "ansible-playbook").exists():
        exports.append(f'export PATH={shlex.quote(str(programs))}:"$PATH"')
    elif shutil.which("ansible-playbook") is None:
        install = f"0. Install Ansible:\n\n{shlex.quote(sys.executable)} -m pip install ansible-core requests\n\n"
    lines = "\n".join(exports)
    return (
        f"{install}1. Paste this into another terminal:\n\n{lines}\n\n"
        f"2. Save its people as your roster, then see what the roster would change (nothing yet):\n\n{COMMANDS}\n"
        "3. Change a role in roster.yml, or add a person. Run the last command again, then without --check.\n\n"
        "All data is invented and kept in memory. Press Ctrl-C to stop.\n"
    )
