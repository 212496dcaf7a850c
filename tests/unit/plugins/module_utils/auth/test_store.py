# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The token cache: unreadable without the client secret, and never worse than a miss."""

from __future__ import annotations

import base64
import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._auth import store as token_store
from ansible_collections.tallyfy.platform.plugins.module_utils._auth.store import (
    Token,
    TokenStore,
)
from ansible_collections.tallyfy.platform.plugins.module_utils._errors import BusyError
from ansible_collections.tallyfy.platform.plugins.module_utils._secrets import forms_of
from ansible_collections.tallyfy.platform.plugins.module_utils._state import private_files
from ansible_collections.tallyfy.platform.plugins.module_utils._state.private_files import PrivateDirectory

NOW = 1_700_000_000.0
SECRET = "s3cret/of+the=client"
SCOPE = "https://x\norg\n1111\napplication"
TOKEN = Token(
    access_token="eyJ0eXAiOiJKV1Qi.token+of/somebody==",
    kind="user",
    org_id="org1",
    user="alice@example.com",
    issued_at=NOW,
    expires_at=NOW + 1000,
)


@pytest.fixture
def directory(tmp_path: Path) -> PrivateDirectory:
    return PrivateDirectory(str(tmp_path / "cache"))


def token_file(directory: PrivateDirectory) -> Path:
    (file,) = directory.path.glob("token-*")
    return file


def test_token_is_read_back_from_the_cache(directory: PrivateDirectory) -> None:
    TokenStore(directory, SECRET).put(SCOPE, TOKEN)
    found = TokenStore(directory, SECRET).get(SCOPE)
    assert found is not None
    assert found.source == "cache"
    assert {**vars(found), "source": "issued"} == vars(TOKEN)


def test_nothing_readable_is_in_the_file(directory: PrivateDirectory) -> None:
    TokenStore(directory, SECRET).put(SCOPE, TOKEN)
    file = token_file(directory)
    content = file.read_bytes()
    both = content + base64.urlsafe_b64decode(content) + file.name.encode()
    for secret in (SECRET, TOKEN.access_token, "alice@example.com", "1111", "access_token"):
        for form in forms_of(secret):
            assert form.encode() not in both, form
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("other", ["", SECRET + " ", SECRET.upper(), "x"])
def test_another_secret_reads_nothing(directory: PrivateDirectory, other: str) -> None:
    TokenStore(directory, SECRET).put(SCOPE, TOKEN)
    assert TokenStore(directory, other).get(SCOPE) is None


def test_token_of_one_scope_is_not_read_as_anothers(directory: PrivateDirectory) -> None:
    store = TokenStore(directory, SECRET)
    store.put(SCOPE, TOKEN)
    assert store.get("another") is None
    # Not even if somebody renames the file.
    content = token_file(directory).read_bytes()
    store.put("another", TOKEN)
    for file in directory.path.glob("token-*"):
        file.write_bytes(content)
    assert store.get("another") is None
    assert store.get(SCOPE) is not None


def test_older_format_counts_as_absent(directory: PrivateDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    store = TokenStore(directory, SECRET)
    monkeypatch.setattr(token_store, "FORMAT", b"tallyfy.platform token cache 0")
    store.put(SCOPE, TOKEN)
    monkeypatch.undo()
    assert store.get(SCOPE) is None


@pytest.mark.parametrize(
    "fields", [[], None, "text", {}, {"access_token": "x"}, {**vars(TOKEN), "new_field": 1}, {"kind": None}]
)
def test_other_fields_count_as_absent(directory: PrivateDirectory, fields: object) -> None:
    store = TokenStore(directory, SECRET)
    store.put(SCOPE, TOKEN)
    token_file(directory).write_bytes(store._cipher(SCOPE).encrypt(json.dumps(fields).encode()))
    assert store.get(SCOPE) is None


def test_truncated_file_counts_as_absent(directory: PrivateDirectory) -> None:
    store = TokenStore(directory, SECRET)
    store.put(SCOPE, TOKEN)
    whole = token_file(directory).read_bytes()
    for length in (0, 1, 10, len(whole) // 2, len(whole) - 1):
        token_file(directory).write_bytes(whole[:length])
        assert store.get(SCOPE) is None, length


@given(place=st.integers(0, 10_000), content=st.binary(min_size=1, max_size=30))
def test_changed_file_counts_as_absent(tmp_path_factory: pytest.TempPathFactory, place: int, content: bytes) -> None:
    directory = PrivateDirectory(str(tmp_path_factory.getbasetemp() / "changed"))
    store = TokenStore(directory, SECRET)
    store.put(SCOPE, TOKEN)
    file = token_file(directory)
    whole = file.read_bytes()
    place %= len(whole)
    changed = whole[:place] + content + whole[place + len(content) :]
    file.write_bytes(changed)
    found = store.get(SCOPE)
    assert found is None or base64.urlsafe_b64decode(changed) == base64.urlsafe_b64decode(whole)


@pytest.mark.parametrize("harm", ["open to others", "link", "directory"])
def test_file_that_cannot_be_trusted_counts_as_absent(directory: PrivateDirectory, tmp_path: Path, harm: str) -> None:
    store = TokenStore(directory, SECRET)
    store.put(SCOPE, TOKEN)
    file = token_file(directory)
    if harm == "open to others":
        file.chmod(0o644)
    elif harm == "link":
        file.rename(tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere")
    else:
        file.unlink()
        file.mkdir()
    assert store.get(SCOPE) is None


def test_forgotten_token_is_gone(directory: PrivateDirectory) -> None:
    store = TokenStore(directory, SECRET)
    assert store.forget(SCOPE) is False
    store.put(SCOPE, TOKEN)
    assert store.forget(SCOPE) is True
    assert store.get(SCOPE) is None
    assert list(directory.path.iterdir()) == []


def test_what_check_mode_keeps_and_forgets_is_only_reported(directory: PrivateDirectory) -> None:
    looking = TokenStore(directory.kept_as_it_is(), SECRET)
    assert looking.put(SCOPE, TOKEN) is True
    assert (looking.get(SCOPE), looking.forget(SCOPE)) == (None, False)
    TokenStore(directory, SECRET).put(SCOPE, TOKEN)
    assert (looking.forget(SCOPE), looking.forget(SCOPE)) == (True, True)


@pytest.mark.parametrize("content", [b"", b"cannot be decrypted"])
def test_what_cannot_be_read_can_be_forgotten_too(directory: PrivateDirectory, content: bytes) -> None:
    store = TokenStore(directory, SECRET)
    store.put(SCOPE, TOKEN)
    token_file(directory).write_bytes(content)
    assert store.get(SCOPE) is None
    assert store.forget(SCOPE) is True
    assert store.forget(SCOPE) is False


def test_full_disk_costs_nothing_but_a_sign_in(directory: PrivateDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_name: str, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(directory, "write", full)
    assert TokenStore(directory, SECRET).put(SCOPE, TOKEN) is False
    assert TokenStore(directory, SECRET).get(SCOPE) is None


def test_nothing_is_kept_without_the_library(directory: PrivateDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_store, "HAS_CRYPTOGRAPHY", False)
    store = TokenStore(directory, SECRET)
    store.put(SCOPE, TOKEN)
    with store.locked(SCOPE, 0):
        assert store.get(SCOPE) is None
    assert store.forget(SCOPE) is False
    assert list(directory.path.iterdir()) == []


def test_nothing_is_kept_without_a_directory() -> None:
    store = TokenStore(None, SECRET)
    store.put(SCOPE, TOKEN)
    with store.locked(SCOPE, 0):
        assert store.get(SCOPE) is None
    assert store.forget(SCOPE) is False


def test_one_at_a_time_issues_and_nobody_waits_for_ever(tmp_path: Path) -> None:
    naps: list[float] = []
    one = TokenStore(PrivateDirectory(str(tmp_path)), SECRET)
    other = TokenStore(PrivateDirectory(str(tmp_path), sleep=naps.append), SECRET)
    with one.locked(SCOPE, 5):
        with other.locked("another", 5):
            assert naps == []
        with pytest.raises(BusyError, match=f"by process {os.getpid()} of "), other.locked(SCOPE, 5):
            pass
        assert sum(naps) >= 5
    naps.clear()
    with other.locked(SCOPE, 5):
        assert naps == []


def test_where_nothing_can_be_locked_each_signs_in(
    directory: PrivateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(private_files.fcntl, "flock", refuse)
    store = TokenStore(directory, SECRET)
    with store.locked(SCOPE, 5):
        store.put(SCOPE, TOKEN)
    assert store.get(SCOPE) is not None


def test_failure_under_the_lock_comes_through(directory: PrivateDirectory) -> None:
    # Only a failure to lock is ignored, not an error under the lock.
    with pytest.raises(TimeoutError), TokenStore(directory, SECRET).locked(SCOPE, 5):
        raise TimeoutError


# --- freshness --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "min_ttl", "fresh"),
    [
        (0, None, True), (899, None, True), (900, None, False), (901, None, False), (1001, None, False), (0, 999, True),
        (0, 1000, False), (950, 0, True), (950, 49, True), (950, 50, False), (1000, 0, False),
    ],
)  # fmt: skip
def test_token_is_fresh_until_the_last_tenth_or_the_desired_rest(
    age: float, min_ttl: float | None, fresh: bool
) -> None:
    assert TOKEN.is_fresh(NOW + age, min_ttl) is fresh


def test_token_of_unknown_life_is_not_fresh_for_long() -> None:
    assert not Token(access_token="x", kind="user", org_id="o").is_fresh(NOW)


def test_token_is_not_shown() -> None:
    assert TOKEN.access_token not in repr(TOKEN)
    assert "alice@example.com" in repr(TOKEN)


def test_without_a_client_secret_nothing_is_kept(directory: PrivateDirectory) -> None:
    """Without a client secret anybody could derive the key."""
    store = TokenStore(directory, "")
    store.put(SCOPE, TOKEN)
    assert not store.keeps
    assert store.get(SCOPE) is None
    assert list(directory.path.iterdir()) == []


def test_a_token_can_be_forgotten_without_its_secret(directory: PrivateDirectory) -> None:
    TokenStore(directory, SECRET).put(SCOPE, TOKEN)
    store = TokenStore(directory, "")
    assert store.forget(SCOPE) is True
    assert store.forget(SCOPE) is False
