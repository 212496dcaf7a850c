# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do with the official SDK what ``members.py`` measures: ``python -m benchmarks.sdk new|unchanged people.json``.

The environment has ``TALLYFY_URL``, ``TALLYFY_ORG_ID`` and ``TALLYFY_ACCESS_TOKEN``.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from tallyfy import TallyfySDK

PAGE = 1000
FIELDS = ("first_name", "last_name", "role")


def invite(client: TallyfySDK, org_id: str, people: list[dict[str, Any]]) -> bool:
    """Invite everybody by the SDK's own call for many, and return whether all have been invited."""
    return None not in client.users.invite_multiple_users(org_id, people)


def is_unchanged(client: TallyfySDK, org_id: str, people: list[dict[str, Any]]) -> bool:
    """Read all members, page by page, and return whether everybody is there with the same values."""
    found: dict[str, Any] = {}
    page, last = 1, 1
    while page <= last:
        users = client.users.get_organization_users(org_id, page=page, per_page=PAGE)
        found.update((user.email.lower(), user) for user in users.data)
        page, last = page + 1, users.meta.total_pages
    return all(
        all(getattr(found.get(person["email"]), field, None) == person[field] for field in FIELDS) for person in people
    )


def main() -> int:
    case, file = sys.argv[1:]
    people = json.loads(Path(file).read_text(encoding="utf-8"))
    act = {"new": invite, "unchanged": is_unchanged}[case]
    with TallyfySDK(api_key=os.environ["TALLYFY_ACCESS_TOKEN"], base_url=os.environ["TALLYFY_URL"]) as client:
        client.session.trust_env = False
        return 0 if act(client, os.environ["TALLYFY_ORG_ID"], people) else 1


if __name__ == "__main__":
    sys.exit(main())
