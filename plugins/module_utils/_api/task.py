# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The input of an operation. Private to the collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .client import Client

#: Returns the content of a file that ansible-vault has encrypted. Raises ``ValueError`` if that fails.
Decrypt = Callable[[Path], bytes]


def undecrypted(_path: Path) -> bytes:
    """Refuse, because modules do not get the secrets of ansible-vault from the controller."""
    raise ValueError("only a task that runs inside the controller can decrypt it")


@dataclass(frozen=True)
class Task:
    """The input of an operation: the client, which may be in check mode, the parameters, and callbacks.

    ``warn`` adds a warning to the result. ``progress`` shows a text during the run, if possible. ``called`` returns the
    name of an option for the user, because a role has its own variables. ``decrypt`` returns the content of a file that
    ansible-vault has encrypted, or raises ``ValueError``.
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
        """Return the organization and the acting user for the result.

        The name of the organization needs a request, which is sent only for a report or a role, because they show it.
        """
        is_shown = self.params.get("report") or self.called is not str
        name = self.client.organization().get("name") if is_shown else None
        return {"id": self.client.connection.org_id, "name": name, "acting_as": self.client.acting_as()}
