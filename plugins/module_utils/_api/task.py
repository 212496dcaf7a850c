# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an operation gets to work with. Private to the collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .client import Client

#: Returns the content of a file that ansible-vault has encrypted. Raises ``ValueError`` when it cannot.
Decrypt = Callable[[Path], bytes]


def undecrypted(_path: Path) -> bytes:
    """Refuse: the secrets of ansible-vault are in the controller, and modules do not get them."""
    raise ValueError("only a task that runs inside the controller can decrypt it")


@dataclass(frozen=True)
class Task:
    """What an operation gets: the client, which may be one for check mode, its parameters, and how to be heard.

    ``warn`` adds to the result; ``progress`` reaches people while the work goes on, where there is a way to them.
    ``called`` returns the name under which they know an option: a role has variables of its own for them. ``decrypt``
    returns the content of a file that ansible-vault has encrypted, or raises ``ValueError``.
    """

    client: Client
    params: Mapping[str, Any]
    warn: Callable[[str], None]
    progress: Callable[[str], None]
    called: Callable[[str], str] = str
    decrypt: Decrypt = undecrypted

    @property
    def check_mode(self) -> bool:
        """Whether nothing is to be written."""
        return self.client.check_mode

    def organization(self) -> dict[str, Any]:
        """Return where this works and in whose name, for those who read the result.

        The name takes a request, which is sent only for a report and for a role, which show it.
        """
        is_shown = self.params.get("report") or self.called is not str
        name = self.client.organization().get("name") if is_shown else None
        return {"id": self.client.connection.org_id, "name": name, "acting_as": self.client.acting_as()}
