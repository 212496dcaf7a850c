# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creations whose answer may be lost. Private to the collection."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.tallyfy.platform.plugins.module_utils._errors import ApiError, LostAnswerError
from ansible_collections.tallyfy.platform.plugins.module_utils._http.outcome import MAY_BE_DONE_ADVICE

from .answer import Answer, Record

CREATE_ATTEMPTS = 3
# Waits before each attempt to read a record after a write whose answer was lost.
READ_BACK_WAITS_SECONDS = (0.0, 1.0, 2.0)


def created(
    post: Callable[[], Answer],
    path: str,
    *,
    find: Callable[[], Record | None],
    wait: Callable[[float], bool],
    attempts: int,
) -> Record:
    """Return the record that ``post`` creates at ``path``, as answered or as read back; see ``Client.create``."""
    attempt = 1
    while True:
        try:
            return _created(post(), path)
        except ApiError as error:
            if not error.may_be_done:
                raise
            found = _read_back(find, error, wait)
            if found is not None:
                return found
            if attempt == attempts:
                raise
            attempt += 1


def _created(answer: Answer, path: str) -> Record:
    if "id" not in answer.record:
        raise LostAnswerError(
            f"POST {path}",
            f"the answer has no record (HTTP {answer.status})",
            advice=MAY_BE_DONE_ADVICE,
        )
    return answer.record


def _read_back(find: Callable[[], Record | None], lost: ApiError, wait: Callable[[float], bool]) -> Record | None:
    try:
        for seconds in READ_BACK_WAITS_SECONDS:
            wait(seconds)
            found = find()
            if found is not None:
                return found
    except ApiError as error:
        raise LostAnswerError(
            lost.request,
            f"{lost.answer}, and reading back failed too ({error.request}: {error.answer})",
            advice=MAY_BE_DONE_ADVICE,
        ) from error
    return None
