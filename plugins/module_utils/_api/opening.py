# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opens a client with the state in ``state_dir``. Private to the collection."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.tallyfy.platform.plugins.module_utils._auth.store import HAS_CRYPTOGRAPHY
from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import Connection
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import SecretKeeper
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import (
    PrivateDirectory,
    UnusableError,
    reason_of,
)

from .client import Client


def open_client(connection: Connection, secrets: SecretKeeper, warn: Callable[[str], None]) -> Client:
    """Return a client with the tokens, locks and budget of ``state_dir``; warn if they cannot be used.

    Operations that need a lock then fail; see ``Client.alone``.
    """
    directory, flaw = None, ""
    try:
        directory = PrivateDirectory(connection.state_dir)
    except (OSError, UnusableError) as error:
        flaw = reason_of(error)
    client = Client(connection, directory=directory, state_flaw=flaw, secrets=secrets)
    lacking = "each sign in and do not share" if flaw else "do not share"
    if client.lock_flaw:
        warn(
            f"The directory {connection.state_dir} (state_dir) cannot be used ({client.lock_flaw}): tasks "
            f"{lacking} their request budget, and writes that need a lock are refused. Set state_dir to a directory "
            f"of your own."
        )
    elif directory is not None and not HAS_CRYPTOGRAPHY and connection.cache_tokens and connection.has_application:
        warn("Tokens are not cached: the Python library cryptography, which encrypts them, is not installed.")
    return client
