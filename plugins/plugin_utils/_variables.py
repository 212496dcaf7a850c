# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds misspelled variables, and checks on which hosts a play runs. Private to the collection.

Ansible ignores variables that nothing reads. With ``offboarding_protected`` instead of ``offboarding_protect``, people
who should be protected would lose their access. So a variable that resembles a variable of the collection is refused.
Every function here is pure, and only those about hosts read values.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import ALIASES, OPTIONS
from ansible_collections.tallyfy.platform.plugins.plugin_utils._surveys import PERSON, PERSON_ANSWERS

CONNECTION = "tallyfy"
ROLES = ("onboarding", "offboarding", "roster", "drift", "export_roster", "worklist")
#: Variables of the playbooks and of the collection that are not connection options.
PLAYBOOK_VARIABLES = (
    "tallyfy_hosts",
    "tallyfy_serial",
    "tallyfy_in_process",
    # playbooks/authorize.yml
    "tallyfy_authorize_url",
    "tallyfy_code_verifier",
    "tallyfy_redirect_response",
    "tallyfy_redirect_uri",
    "tallyfy_response_type",
    "tallyfy_scope",
    "tallyfy_state",
    "tallyfy_token_name",
)
#: Variables of the rulebooks, which a play gets only from a file that both share.
RULEBOOK_VARIABLES = (
    "tallyfy_awx_organization",
    "tallyfy_hire_approval",
    "tallyfy_hire_host",
    "tallyfy_hire_port",
    "tallyfy_hire_process",
    "tallyfy_hire_secret",
    "tallyfy_webhook_host",
    "tallyfy_webhook_path",
    "tallyfy_webhook_port",
    "tallyfy_webhook_steps",
)
#: Variables that a role sets for the task files that it includes.
_HANDED_TO_TASKS = ("onboarding_token", "onboarding_token_user", "worklist_result", "worklist_task")
#: Prefixes of the artifacts of roles, which AWX passes to the next job as variables, and of the inventory plugin.
_HANDED_ON = tuple(f"{CONNECTION}_{name}_" for name in (*ROLES, "task"))
#: Options that differ by organization. Users with several may have a variable ``tallyfy_client_secret_globex``.
_PER_ORGANIZATION = ("org_id", "client_id", "client_secret", "access_token", "act_as", "api_url", "token_url")
#: Valid words that resemble ``protect``, ``concurrency``, ``organization_id`` and ``in_process``.
_OTHER_WORDS = frozenset({"project", "currency", "organizations", "process"})
#: The names of playbooks, which are not prefixes of variables.
_PLAYBOOK_PREFIXES = {"onboard": "onboarding", "offboard": "offboarding"}
#: The ratio of ``difflib`` from which a name counts as misspelled. The first is for names of the same length: one
#: letter of six may differ. The others allow one or two omissions.
_LIKE_IN_LENGTH, _LIKE, _LIKE_PREFIX = 0.83, 0.85, 0.85
#: The largest difference in letters at these ratios; this filter saves nearly all comparisons.
_MOST_LETTERS_APART = 2
_SHORTEST_BEGINNING = 4
#: A prefix that users omit: ``groups`` is a field of a row, ``ensure_groups`` an option.
_LEFT_OUT = "ensure_"
_SHORTEST_WORD = 3
_VARIABLES_FILE = re.compile(r"[\w./~-]+[.](?:ya?ml|json)", re.ASCII)


# --- misspelled variables ---------------------------------------------------------------------------------------------


@cache
def connection_variables() -> frozenset[str]:
    """Return the variables of the connection options, with aliases, and those of the playbooks."""
    return frozenset((*(f"{CONNECTION}_{name}" for name in (*OPTIONS, *ALIASES)), *PLAYBOOK_VARIABLES))


def misspelled_connection(names: Iterable[str]) -> list[str]:
    """Return an error for each misspelled variable of the connection or the playbooks."""
    return misspelled(names, known={CONNECTION: connection_variables()})


def misspelled_for_role(names: Iterable[str], role: str, variables: Collection[str]) -> list[str]:
    """Return an error for each misspelled variable of the role or the connection.

    ``variables`` are all names that the role accepts, including those of its stand-ins.
    """
    prefixes = {role, *(prefix for prefix in ROLES if any(name.startswith(f"{prefix}_") for name in variables))}
    known = {prefix: [name for name in variables if name.startswith(f"{prefix}_")] for prefix in prefixes}
    return misspelled(names, known={CONNECTION: connection_variables(), **known})


def misspelled(names: Iterable[str], *, known: Mapping[str, Collection[str]]) -> list[str]:
    """Return an error for each of ``names`` that resembles a known variable, with a suggestion.

    ``known`` has the full names of the variables by prefix, including aliases. A name is refused when it differs from a
    known name only in case, underscores or the order of letters, when it is similar (including the prefix), or when one
    name begins with the other. Names with an unknown prefix or a leading underscore belong to the user, and artifacts
    of roles are accepted.
    """
    vocabularies = {prefix: _Vocabulary(prefix, own) for prefix, own in known.items()}
    accepted = {*RULEBOOK_VARIABLES, *_HANDED_TO_TASKS}.union(*(own.full.values() for own in vocabularies.values()))
    squashed = {_squashed(name): name for own in vocabularies.values() for name in own.full.values()}
    prefixes = tuple(sorted({CONNECTION, *ROLES, *known}))
    passed_on = (*_HANDED_ON, *((PERSON,) if "onboarding" in known else ()))
    found = []
    for name in sorted(names):
        if name in accepted or name.startswith("_"):
            continue
        rest = name[len(CONNECTION) + 1 :] if name.startswith(_HANDED_ON) else ""
        if name.startswith(passed_on) and not name.endswith("_") and rest not in accepted:
            continue
        meant = rest if rest in accepted else squashed.get(_squashed(name)) or _meant(name, prefixes, vocabularies)
        if meant:
            owner = "this collection" if meant.startswith(f"{CONNECTION}_") else "this role"
            found.append(f"{name} is not a variable of {owner}; did you mean {meant}?")
    return found


def file_without_at(argument: object, role: str, variables: Collection[str]) -> list[str]:
    """Return an error when ``-e`` got neither ``name=value`` nor ``@file``; else an empty list.

    Ansible ignores such an argument and passes it on as the variable ``_raw_params``. Only the name of a file of
    variables is repeated, since another text may be a secret. ``variables`` are all names that the role accepts.
    """
    if not isinstance(argument, str) or not argument:
        return []
    if not _VARIABLES_FILE.fullmatch(argument):
        return ["An argument of -e sets no variables. Write name=value, or @ before the name of a file of variables."]
    people = f" For a list of people, write -e {role}_src={argument}." if f"{role}_src" in variables else ""
    return [f"-e {argument} sets no variables. To read variables from the file, write -e @{argument}.{people}"]


class _Vocabulary:
    """The variables with one prefix, by the rest of their names."""

    def __init__(self, prefix: str, names: Collection[str]) -> None:
        ordered = sorted(names)
        if prefix == "onboarding":
            ordered = [*(f"{PERSON}{name}" for name in PERSON_ANSWERS), *ordered]
        self.full = {name[len(prefix) + 1 :]: name for name in ordered}
        self.is_connection = prefix == CONNECTION
        #: Names that may not be a part of another name at its beginning.
        self.firm = [rest for rest in self.full if not self.is_connection or rest in OPTIONS or rest in ALIASES]

    def meant(self, rest: str) -> str | None:
        """Return the full name of the intended variable for the rest of a name."""
        found = self.like(rest, [known for known in self.full if not self._is_extended(known, rest)])
        found = found or self._beginning_of(rest) or self._begun_by(rest)
        found = found or next((known for known in self.full if known == f"{_LEFT_OUT}{rest}"), None)
        return self.full[found] if found else None

    def like(self, rest: str, candidates: Iterable[str]) -> str | None:
        """Return the most similar candidate, ``None`` when no candidate is similar enough."""
        likeness, found = max(((_likeness(rest, known), known) for known in candidates), default=(0.0, ""))
        return found if likeness else None

    def _is_extended(self, known: str, rest: str) -> bool:
        """Return whether a name is a variable of the connection with a suffix of the user."""
        is_open = self.is_connection and (known in _PER_ORGANIZATION or known in ALIASES or known not in self.firm)
        return is_open and rest.startswith(f"{known}_")

    def _beginning_of(self, rest: str) -> str | None:
        extended = [known for known in self.firm if rest.startswith(known) and not self._is_extended(known, rest)]
        return max(extended, key=len, default=None)

    def _begun_by(self, rest: str) -> str | None:
        longer = [known for known in self.full if known.startswith(rest) and _is_cut_off(known, rest)]
        if self.is_connection:
            # tallyfy_token is ambiguous; tallyfy_org can only be the ID of the organization. Only whole words count,
            # since every module checks these variables in every play.
            longer = [known for known in longer if known[len(rest)] == "_"]
            if len({ALIASES.get(known, known) for known in longer}) != 1:
                return None
        return next((known for known in longer if known in self.firm), None)


def _meant(name: str, prefixes: tuple[str, ...], vocabularies: Mapping[str, _Vocabulary]) -> str | None:
    words = name.lower().split("_")
    prefix = _prefix_meant(words, prefixes)
    # Another role validates its own prefix.
    own = vocabularies.get(prefix) if prefix else None
    if prefix is None or own is None:
        return None
    number = prefix.count("_") + 1
    rest = "_".join(words[number:])
    if words[:number] == prefix.split("_"):
        return own.meant(rest)
    # With a misspelled prefix, the rest must be similar to a whole name, not only to its beginning.
    found = own.like(rest, own.full)
    return own.full[found] if found else None


def _prefix_meant(words: Sequence[str], prefixes: tuple[str, ...]) -> str | None:
    """Return the prefix of a name, or the most similar prefix, when the name continues after it."""
    likely = _prefix_of_word(words[0], prefixes)
    if likely is None:
        return None
    parts = likely.split("_")
    is_meant = len(words) > len(parts) and all(map(_likeness_of_words, words[1:], parts[1:]))
    return likely if is_meant else None


@lru_cache(maxsize=4096)
def _prefix_of_word(word: str, prefixes: tuple[str, ...]) -> str | None:
    """Return the prefix whose first word is most similar."""
    meant = _PLAYBOOK_PREFIXES.get(word, word)
    likeness, found = max((_likeness_of_words(meant, prefix.partition("_")[0]), prefix) for prefix in prefixes)
    return found if likeness else None


def _likeness_of_words(left: str, right: str) -> float:
    if left == right:
        return 2.0
    if abs(len(left) - len(right)) > _MOST_LETTERS_APART or not _spelling(left).is_near(_spelling(right)):
        return 0.0
    ratio = 1.0 if sorted(left) == sorted(right) else _ratio(left, right)
    return ratio if ratio >= _LIKE_PREFIX else 0.0


def _likeness(name: str, known: str) -> float:
    """Return the similarity of two names: 1 or more if only case, underscores or order differ; 0 if not similar."""
    left, right = _spelling(name), _spelling(known)
    if left.squashed == right.squashed:
        return 2.0
    if not left.is_near(right):
        return 0.0
    if len(left.squashed) >= _SHORTEST_WORD and left.in_order == right.in_order:
        return 1.0
    if name in _OTHER_WORDS:
        return 0.0
    ratio = _ratio(left.squashed, right.squashed)
    return ratio if ratio >= (_LIKE_IN_LENGTH if len(left.squashed) == len(right.squashed) else _LIKE) else 0.0


def _ratio(left: str, right: str) -> float:
    return difflib.SequenceMatcher(None, left, right, autojunk=False).ratio()


def _squashed(name: str) -> str:
    return name.replace("_", "").lower()


class _Spelling(NamedTuple):
    """A cheap comparison of names before the exact one, which takes a hundred times as long."""

    squashed: str
    letters: frozenset[str]
    in_order: list[str]

    def is_near(self, other: _Spelling) -> bool:
        lengths_apart = len(self.squashed) - len(other.squashed)
        return (
            -_MOST_LETTERS_APART <= lengths_apart <= _MOST_LETTERS_APART
            and len(self.letters ^ other.letters) <= _MOST_LETTERS_APART
        )


@lru_cache(maxsize=4096)
def _spelling(name: str) -> _Spelling:
    squashed = _squashed(name)
    return _Spelling(squashed, frozenset(squashed), sorted(squashed))


def _is_cut_off(known: str, rest: str) -> bool:
    """Return whether ``rest`` is a long enough part of a name: enough letters, or whole words."""
    if len(rest) < _SHORTEST_WORD:
        return False
    return len(rest) >= _SHORTEST_BEGINNING or known[len(rest)] == "_"


# --- hosts and slices -------------------------------------------------------------------------------------------------


def slice_notice(
    variables: Mapping[str, Any], play_hosts_all: Sequence[str], inventory_hosts: Collection[str]
) -> list[str]:
    """Return the lines of a notice when a slice of an AWX job has nothing to do, else an empty list.

    AWX divides the hosts of an inventory among the slices of a job, but the implicit localhost is in every slice: three
    slices would onboard everybody three times at once. No variable identifies a slice, but the workflow job of the
    slices has the name of the job template. A run from a shell is not affected. ``inventory_hosts`` is
    ``groups['all']``, which does not include the implicit localhost.
    """
    workflow = _given(variables, "awx_workflow_job_name")
    if workflow is None or workflow != _given(variables, "awx_job_template_name"):
        return []
    if not set(play_hosts_all).isdisjoint(inventory_hosts):
        return []
    return [
        "NOTHING WAS DONE HERE. This job is a slice, and its hosts do not include localhost.",
        "If localhost is in the inventory, another slice does the work.",
        "If not, add localhost to the inventory, or set the job slice count of the template to 1.",
        "To divide organizations among slices, add them to the inventory and set tallyfy_hosts to their group.",
    ]


def missing_organization(
    variables: Mapping[str, Any], host: str, play_hosts_all: Sequence[str], inventory_hosts: Collection[str]
) -> str | None:
    """Return an error when a play has several hosts and this host has no ID of an organization.

    ``TALLYFY_ORG_ID`` is the same for all hosts, so a forgotten ID would select a wrong organization. With ``--limit``
    or in a slice, the play still has several hosts; it has one host only if ``tallyfy_hosts`` names it, or if the
    inventory has no other. The inventory of a slice may have only its own hosts, so it does not count there.
    """
    if any(_given(variables, name) is not None for name in ("tallyfy_org_id", "tallyfy_organization_id")):
        return None
    if list(play_hosts_all) == [_given(variables, "tallyfy_hosts") or "localhost"]:
        return None
    if len(inventory_hosts) == 1 and _given(variables, "awx_workflow_job_name") is None:
        return None
    return f"{host} has no tallyfy_org_id. With several hosts, set it for each host."


def hosts_hint(variables: Mapping[str, Any], inventory_hosts: Iterable[str]) -> str:
    """Return a hint for a run on localhost whose inventory has other hosts; else an empty text.

    The hint is for a run without people.
    """
    if _given(variables, "tallyfy_hosts") is not None or not set(inventory_hosts) - {"localhost"}:
        return ""
    return "This ran on localhost, but the inventory has other hosts. To run on them, give: -e tallyfy_hosts=all"


def _given(variables: Mapping[str, Any], name: str) -> Any:
    """Return the value of a variable, ``None`` for a blank value."""
    value = variables.get(name)
    return None if isinstance(value, str) and not value.strip() else value
