# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token cache: encrypted, readable by its owner only, locked against other processes. Private to the collection."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import BusyRequestError, OptionError
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import (
    HeldError,
    PrivateDirectory,
    UnusableError,
)

HAS_CRYPTOGRAPHY = True

if TYPE_CHECKING:
    from cryptography.fernet import Fernet, InvalidToken
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
else:
    try:
        from cryptography.fernet import Fernet, InvalidToken
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    except ImportError:
        HAS_CRYPTOGRAPHY = False

# Part of the key: raise it when the file format changes, so that older files count as absent.
FORMAT = b"tallyfy.platform token cache 1"


@dataclass(frozen=True)
class Token:
    """A bearer token and its properties. Times are epoch seconds; 0 means unknown."""

    access_token: str = field(repr=False)
    kind: str
    org_id: str
    user: str | None = None
    token_type: str = "Bearer"
    issued_at: float = 0.0
    expires_at: float = 0.0
    source: str = "issued"

    def is_fresh(self, now: float, min_ttl: float | None = None) -> bool:
        """Return whether the token is valid for ``min_ttl`` more seconds, by default for a tenth of its lifetime."""
        life = self.expires_at - self.issued_at
        margin = life * 0.1 if min_ttl is None else min_ttl
        return now + margin < self.expires_at


class TokenStore:
    """Stores tokens between processes, encrypted with a key that only the owner of the client secret can derive.

    Without a directory or the library for encryption, nothing is stored and every look-up is a miss.
    """

    def __init__(self, directory: PrivateDirectory | None, client_secret: str) -> None:
        self._directory = directory if HAS_CRYPTOGRAPHY else None
        self._client_secret = client_secret

    @property
    def keeps(self) -> bool:
        """Whether a token can be stored; without a client secret anybody could derive the key."""
        return self._directory is not None and bool(self._client_secret)

    def get(self, scope: str) -> Token | None:
        """Return the stored token of ``scope``; a file that cannot be read, trusted or decrypted counts as absent."""
        if self._directory is None or not self.keeps:
            return None
        try:
            content = self._directory.read(_name(scope))
            if content is None:
                return None
            fields = json.loads(self._cipher(scope).decrypt(content))
            return replace(Token(**fields), source="cache")
        except (OSError, UnusableError, InvalidToken, ValueError, TypeError, RecursionError):
            return None

    def put(self, scope: str, token: Token) -> bool:
        """Store ``token`` and return whether it is stored; a full or read-only disk costs a sign-in later."""
        if self._directory is None or not self.keeps:
            return False
        content = self._cipher(scope).encrypt(json.dumps(asdict(token)).encode())
        try:
            self._directory.write(_name(scope), content)
        except OSError:
            return False
        return True

    def forget(self, scope: str) -> bool:
        """Remove the token of ``scope`` and return whether there was one.

        Raises ``OptionError`` if it exists and cannot be removed.
        """
        try:
            return self._directory is not None and self._directory.delete(_name(scope))
        except OSError as error:
            raise OptionError(f"The stored token cannot be removed from state_dir: {error.strerror}.") from error

    @contextlib.contextmanager
    def locked(self, scope: str, seconds: float) -> Iterator[None]:
        """Let one process at a time issue the token of ``scope``; if locking is not possible, each issues its own.

        Raises ``BusyRequestError`` if another process holds the lock for longer than ``seconds``.
        """
        with contextlib.ExitStack() as stack:
            if self._directory is not None:
                try:
                    stack.enter_context(self._directory.locked(_name(scope) + ".lock", seconds=seconds))
                except HeldError as error:
                    answer = f"another process has held the lock of the sign-in for too long: {error}"
                    raise BusyRequestError("The sign-in", answer, error.holder) from None
                except UnusableError:
                    # Two sign-ins instead of one are harmless.
                    pass
            yield

    def _cipher(self, scope: str) -> Fernet:
        derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=FORMAT + b"\0" + scope.encode())
        return Fernet(base64.urlsafe_b64encode(derivation.derive(self._client_secret.encode())))


def _name(scope: str) -> str:
    return "token-" + hashlib.sha256(scope.encode()).hexdigest()[:24]
