# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of variables: which are known, which are misspelled, and what they say about where a play runs.

A variable that nobody reads is no mistake for Ansible. Where ``offboarding_protected`` was written for
``offboarding_protect``, people lose their access who were to be protected; so what looks like one of the collection's
variables and is none is refused. Private to the collection. Every function here is pure, and only those about where a
play runs look at values.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import ALIASES, OPTIONS
from ansible_collections.tallyfy.platform.plugins.plugin_utils._surveys import PERSON, PERSON_ANSWERS

CONNECTION = "tallyfy"
ROLES = ("onboarding", "offboarding", "roster", "drift", "export_roster", "worklist")
#: Variables of the playbooks and of the collection's own machinery that are no connection options.
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
#: Variables of the rulebooks, which no play sees unless somebody has one file for all.
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
#: What a role gives the task files that it includes, beside its own variables.
_HANDED_TO_TASKS = ("onboarding_token", "onboarding_token_user", "worklist_result", "worklist_task")
#: Artifacts of a role, which AWX hands to the next job as variables, and what the inventory plugin tells of a task.
_HANDED_ON = tuple(f"{CONNECTION}_{name}_" for name in (*ROLES, "task"))
#: Options that differ from organization to organization. Who has several may keep ``tallyfy_client_secret_globex``.
_PER_ORGANIZATION = ("org_id", "client_id", "client_secret", "access_token", "act_as", "api_url", "token_url")
#: Words of their own, though much like ``protect``, ``concurrency``, ``organization_id`` and ``in_process``.
_OTHER_WORDS = frozenset({"project", "currency", "organizations", "process"})
#: The names of the playbooks, which are no prefixes.
_PLAYBOOK_PREFIXES = {"onboard": "onboarding", "offboard": "offboarding"}
#: From which likeness on a name counts as another one misspelled, by ``difflib``. The first is for names of one length:
#: one letter of six may be another. The others are apart by an omission or two.
_LIKE_IN_LENGTH, _LIKE, _LIKE_PREFIX = 0.83, 0.85, 0.85
#: How far words can be apart at all that are that much alike; it saves nearly all comparisons.
_MOST_LETTERS_APART = 2
_SHORTEST_BEGINNING = 4
#: What may have been left out: the groups of a row are called so, those that are to be made are not.
_LEFT_OUT = "ensure_"
_SHORTEST_WORD = 3


# --- misspelled variables ---------------------------------------------------------------------------------------------


@cache
def connection_variables() -> frozenset[str]:
    """Return the variables of the connection options under all their names, and those of the playbooks."""
    return frozenset((*(f"{CONNECTION}_{name}" for name in (*OPTIONS, *ALIASES)), *PLAYBOOK_VARIABLES))


def misspelled_connection(names: Iterable[str]) -> list[str]:
    """Return a sentence for each variable that looks like one of the connection's or the playbooks' and is none."""
    return misspelled(names, known={CONNECTION: connection_variables()})


def misspelled_for_role(names: Iterable[str], role: str, variables: Collection[str]) -> list[str]:
    """Return a sentence for each variable that looks like one of the role's or the connection's and is none.

    ``variables`` are all names that the role takes, those of other roles included that stand in for its own.
    """
    prefixes = {role, *(prefix for prefix in ROLES if any(name.startswith(f"{prefix}_") for name in variables))}
    known = {prefix: [name for name in variables if name.startswith(f"{prefix}_")] for prefix in prefixes}
    return misspelled(names, known={CONNECTION: connection_variables(), **known})


def misspelled(names: Iterable[str], *, known: Mapping[str, Collection[str]]) -> list[str]:
    """Return a sentence for each of ``names`` that looks like a known variable and is none, with what was meant.

    ``known`` holds the full names of the variables by their prefix, aliases included. A name is refused when it differs
    from a known one in case or underscores only, when its letters are in another order, when it is much like it (the
    prefix, too), or when one begins with the other. What begins like nothing known is somebody's own, and so are names
    with an underscore in front and whatever a role hands on.
    """
    vocabularies = {prefix: _Vocabulary(prefix, own) for prefix, own in known.items()}
    in_order = {*RULEBOOK_VARIABLES, *_HANDED_TO_TASKS}.union(*(own.full.values() for own in vocabularies.values()))
    squashed = {_squashed(name): name for own in vocabularies.values() for name in own.full.values()}
    prefixes = tuple(sorted({CONNECTION, *ROLES, *known}))
    handled = (*_HANDED_ON, *((PERSON,) if "onboarding" in known else ()))
    found = []
    for name in sorted(names):
        if name in in_order or name.startswith("_"):
            continue
        behind = name[len(CONNECTION) + 1 :] if name.startswith(_HANDED_ON) else ""
        if name.startswith(handled) and not name.endswith("_") and behind not in in_order:
            continue
        meant = behind if behind in in_order else squashed.get(_squashed(name)) or _meant(name, prefixes, vocabularies)
        if meant:
            whose = "this collection" if meant.startswith(f"{CONNECTION}_") else "this role"
            found.append(f"{name} is not a variable of {whose}; did you mean {meant}?")
    return found


class _Vocabulary:
    """The variables of one prefix, by what follows it."""

    def __init__(self, prefix: str, names: Collection[str]) -> None:
        ordered = sorted(names)
        if prefix == "onboarding":
            ordered = [*(f"{PERSON}{name}" for name in PERSON_ANSWERS), *ordered]
        self.full = {name[len(prefix) + 1 :]: name for name in ordered}
        self.is_connection = prefix == CONNECTION
        #: Those that others may not begin with, nor be the beginning of.
        self.firm = [rest for rest in self.full if not self.is_connection or rest in OPTIONS or rest in ALIASES]

    def meant(self, rest: str) -> str | None:
        """Return the full name of the variable that was meant by what follows the prefix."""
        found = self.like(rest, [one for one in self.full if not self._is_extended(one, rest)])
        found = found or self._beginning_of(rest) or self._begun_by(rest)
        found = found or next((one for one in self.full if one == f"{_LEFT_OUT}{rest}"), None)
        return self.full[found] if found else None

    def like(self, rest: str, candidates: Iterable[str]) -> str | None:
        """Return the one that is most like it, if it is much like any."""
        likeness, found = max(((_likeness(rest, one), one) for one in candidates), default=(0.0, ""))
        return found if likeness else None

    def _is_extended(self, known: str, rest: str) -> bool:
        """Return whether a name is a variable of the connection with a word behind it that makes it somebody's own."""
        is_open = self.is_connection and (known in _PER_ORGANIZATION or known in ALIASES or known not in self.firm)
        return is_open and rest.startswith(f"{known}_")

    def _beginning_of(self, rest: str) -> str | None:
        extended = [one for one in self.firm if rest.startswith(one) and not self._is_extended(one, rest)]
        return max(extended, key=len, default=None)

    def _begun_by(self, rest: str) -> str | None:
        longer = [one for one in self.full if one.startswith(rest) and _is_cut_off(one, rest)]
        if self.is_connection:
            # tallyfy_token may be anything; tallyfy_org can only be the ID of the organization. A part of a word is
            # left alone, since every module looks at these, in whatever play it is.
            longer = [one for one in longer if one[len(rest)] == "_"]
            if len({ALIASES.get(one, one) for one in longer}) != 1:
                return None
        return next((one for one in longer if one in self.firm), None)


def _meant(name: str, prefixes: tuple[str, ...], vocabularies: Mapping[str, _Vocabulary]) -> str | None:
    words = name.lower().split("_")
    prefix = _prefix_meant(words, prefixes)
    # A prefix of another role is that role's business.
    own = vocabularies.get(prefix) if prefix else None
    if prefix is None or own is None:
        return None
    number = prefix.count("_") + 1
    rest = "_".join(words[number:])
    if words[:number] == prefix.split("_"):
        return own.meant(rest)
    # Two mistakes are one too many, if the rest is no more than the beginning of something.
    found = own.like(rest, own.full)
    return own.full[found] if found else None


def _prefix_meant(words: Sequence[str], prefixes: tuple[str, ...]) -> str | None:
    """Return the prefix that was written, or the one that is most like it, of a name that goes on behind it."""
    likely = _prefix_of_word(words[0], prefixes)
    if likely is None:
        return None
    parts = likely.split("_")
    is_meant = len(words) > len(parts) and all(map(_likeness_of_words, words[1:], parts[1:]))
    return likely if is_meant else None


@lru_cache(maxsize=4096)
def _prefix_of_word(word: str, prefixes: tuple[str, ...]) -> str | None:
    """Return the prefix whose first word was meant."""
    meant = _PLAYBOOK_PREFIXES.get(word, word)
    likeness, found = max((_likeness_of_words(meant, prefix.partition("_")[0]), prefix) for prefix in prefixes)
    return found if likeness else None


def _likeness_of_words(one: str, other: str) -> float:
    if one == other:
        return 2.0
    if abs(len(one) - len(other)) > _MOST_LETTERS_APART or not _spelling(one).is_near(_spelling(other)):
        return 0.0
    ratio = 1.0 if sorted(one) == sorted(other) else _ratio(one, other)
    return ratio if ratio >= _LIKE_PREFIX else 0.0


def _likeness(one: str, other: str) -> float:
    """Return how much alike two names are, from 1 on if only case, underscores or the order differ; 0 if not enough."""
    left, right = _spelling(one), _spelling(other)
    if left.squashed == right.squashed:
        return 2.0
    if not left.is_near(right):
        return 0.0
    if len(left.squashed) >= _SHORTEST_WORD and left.in_order == right.in_order:
        return 1.0
    if one in _OTHER_WORDS:
        return 0.0
    ratio = _ratio(left.squashed, right.squashed)
    return ratio if ratio >= (_LIKE_IN_LENGTH if len(left.squashed) == len(right.squashed) else _LIKE) else 0.0


def _ratio(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()


def _squashed(name: str) -> str:
    return name.replace("_", "").lower()


class _Spelling(NamedTuple):
    """What is looked at before names are compared letter by letter, which takes a hundred times as long."""

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
    """Return whether enough of a name is left: so many letters, or whole words."""
    if len(rest) < _SHORTEST_WORD:
        return False
    return len(rest) >= _SHORTEST_BEGINNING or known[len(rest)] == "_"


# --- where a play runs ------------------------------------------------------------------------------------------------


def slice_notice(
    variables: Mapping[str, Any], play_hosts_all: Sequence[str], inventory_hosts: Collection[str]
) -> list[str]:
    """Return why a slice of a job of AWX does nothing, in lines; none when there is work to do.

    AWX divides the hosts of an inventory among the slices of a job, but a localhost that is not listed is in every
    slice: three slices would bring everybody in three times, at the same moment. No variable tells a slice that it is
    one; but the workflow job that AWX makes for the slices is called like the job template. Nothing here concerns a run
    from a shell. ``inventory_hosts`` is ``groups['all']``, where the localhost that Ansible adds by itself is not.
    """
    workflow = _given(variables, "awx_workflow_job_name")
    if workflow is None or workflow != _given(variables, "awx_job_template_name"):
        return []
    if not set(play_hosts_all).isdisjoint(inventory_hosts):
        return []
    return [
        "NOTHING WAS DONE HERE. This job is a slice, and its hosts do not include localhost.",
        "If the inventory lists it, another slice does the work, once.",
        "If not, add it to the inventory, or set the job slice count of the template to 1.",
        "To divide organizations among slices, list them in the inventory and name their group in tallyfy_hosts.",
    ]


def missing_organization(
    variables: Mapping[str, Any], host: str, play_hosts_all: Sequence[str], inventory_hosts: Collection[str]
) -> str | None:
    """Return what is wrong when a host is one of several organizations and does not say which.

    ``TALLYFY_ORG_ID`` is one organization for all hosts, and would stand in for any that was forgotten. A host that
    ``--limit`` or a slice leaves alone is one of several all the same; only one that is named itself, or has no others
    beside it, is not. The inventory of a slice may hold no more than its own hosts, so it proves nothing there.
    """
    if any(_given(variables, name) is not None for name in ("tallyfy_org_id", "tallyfy_organization_id")):
        return None
    if list(play_hosts_all) == [_given(variables, "tallyfy_hosts") or "localhost"]:
        return None
    if len(inventory_hosts) == 1 and _given(variables, "awx_workflow_job_name") is None:
        return None
    return f"{host} has no tallyfy_org_id. With several hosts each needs its own."


def hosts_hint(variables: Mapping[str, Any], inventory_hosts: Iterable[str]) -> str:
    """Return a hint for those who gave an inventory of organizations and nothing that says so; else a blank text.

    It is for a run that has nothing to do, or nobody to do it for.
    """
    if _given(variables, "tallyfy_hosts") is not None or not set(inventory_hosts) - {"localhost"}:
        return ""
    return (
        "This ran on localhost, and the inventory has other hosts."
        " Name those that are meant, such as: -e tallyfy_hosts=all"
    )


def _given(variables: Mapping[str, Any], name: str) -> Any:
    """Return the value of a variable; ``None`` stands for a blank one, too."""
    value = variables.get(name)
    return None if isinstance(value, str) and not value.strip() else value
