# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that are refused with what was meant, and names that are somebody's own; and where a play runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tallyfy.platform.plugins.module_utils._http.connection import ALIASES, OPTIONS
from ansible_collections.tallyfy.platform.plugins.plugin_utils import _variables
from ansible_collections.tallyfy.platform.plugins.plugin_utils._surveys import PERSON_ANSWERS
from ansible_collections.tallyfy.platform.plugins.plugin_utils._variables import (
    PLAYBOOK_VARIABLES,
    ROLES,
    RULEBOOK_VARIABLES,
    connection_variables,
    file_without_at,
    hosts_hint,
    missing_organization,
    misspelled,
    misspelled_connection,
    misspelled_for_role,
    slice_notice,
)

CHECKOUT = Path(__file__).resolve().parents[4]
OF_ROLES = {
    "onboarding": "people src defaults process ensure_groups ensure_guests min_admins concurrency on_error report"
    " tokens_for tokens_tasks",
    "offboarding": "people src guests person_emails reassign_to delete protect max_removals min_admins concurrency"
    " on_error report",
    "roster": "people src defaults unlisted protect max_removals min_admins reassign_to concurrency on_error report",
    "drift": "people src defaults protect unlisted reassign_to report fail",
    "export_roster": "dest",
}
KNOWN = {
    "tallyfy": connection_variables(),
    **{role: {f"{role}_{name}" for name in names.split()} for role, names in OF_ROLES.items()},
}
PERSON_VARIABLES = {f"onboarding_person_{name}" for name in PERSON_ANSWERS}


# --- misspelled variables ---------------------------------------------------------------------------------------------

#: One begins with the other, letters are missing, doubled, other ones or in another order, underscores and case
#: differ, or the prefix.
MISSPELLINGS = {
    "offboarding_protect": (
        "offboarding_protected tallyfy_offboarding_protect offboarding_protect_emails offboard_protect "
        "ofboarding_protect Offbording_protect"
    ),
    "roster_src": "tallyfy_roster_src roster_srcs roster_srrc roster_scr rosters_src",
    "offboarding_reassign_to": "offboarding_reassign offboarding_reasign_to",
    "offboarding_person_emails": "offboarding_person_email offboarding_person offboarding_persons_emails",
    "offboarding_max_removals": "offboarding_max offboarding_max_removels",
    "offboarding_min_admins": "offboarding_min_admin",
    "roster_protect": (
        "roster_protected roster_protection roster_prorect roster_protet roster_protcet roster_Protected "
        "rooster_protect"
    ),
    "roster_unlisted": "roster_unlist roster_unlised roster_unllisted",
    "roster_max_removals": "roster_max_removal roster_maxremovals",
    "roster_report": "roster_report_text",
    "drift_fail": "drift_failed drfit_fail",
    "drift_unlisted": "drift_unlist",
    "onboarding_ensure_groups": "onboarding_groups onboarding_ensure_group onboarding_ensure",
    "onboarding_ensure_guests": "onboarding_guests onboarding_ensureguests",
    "onboarding_process": "onboarding_proc onboarding_proccess",
    "onboarding_tokens_for": "onboarding_tokens",
    "export_roster_dest": "export_roster_des exportroster_dest export_rooster_dest exprot_roster_dest",
    "tallyfy_org_id": (
        "tallyfy_org tallyfy_org_di tallyfy_orgid tallyfy_org__id tallyfyorg_id TALLYFY_ORG_ID talyfy_org_id"
    ),
    "tallyfy_act_as": "tallyfy_act tallyfy_actas tallify_act_as",
    "tallyfy_organization_id": "tallyfy_organization tallyfy_organisation_id",
    "tallyfy_timeout": "tallyfy_timeout_seconds tallyfy_timeouts tallyfy_time_out",
    "roster_people": "roster_peple roster_peopel",
    "onboarding_concurrency": "onboarding_concurency",
    "offboarding_delete": "offboarding_deleet",
    "tallyfy_validate_certs": "tallyfy_validate_cert",
    "tallyfy_access_token": "tallyfy_acess_token",
    "tallyfy_client_secret": "tallyfy_client_secrets",
    "tallyfy_client_id": "tallyfy_client_ids",
    "tallyfy_redirect_uri": "tallyfy_redirect_url",
    "tallyfy_hosts": "tallyfy_host tallyfi_hosts",
    "onboarding_report": "onboarding_reprot",
    "tallyfy_rate_limit": "tallyfy_ratelimit",
    "onboarding_people": "Onboarding_People onbaording_people onboading_peple onboard_people",
    "onboarding_person_email": (
        "onboarding_person onboarding_person_ onboarding_personemail onboarding_persons_email Onboarding_person_email"
    ),
    "onboarding_person_first_name": "onboarding_peson_first_name",
}
MISSPELLED = {wrong: right for right, wrongs in MISSPELLINGS.items() for wrong in wrongs.split()}
#: Nothing is in the way of these.
OWN = [
    name
    for names in (
        "ansible_host ansible_facts ansible_play_hosts_all ansible_check_mode inventory_hostname inventory_dir groups",
        "group_names hostvars playbook_dir role_name omit play_hosts environment vars awx_job_id",
        "onboarding offboarding roster drift tallyfy worklist export_roster",
        "onboarding_ticket onboarding_team onboarding_team_lead",
        "onboarding_date onboarding_start_date onboarding_manager",
        "onboarding_email onboarding_first_name onboarding_progress",
        "onboarding_currency onboarding_project onboarding_buddy",
        "onboarding_token onboarding_token_user",
        "onboarding_person_email onboarding_person_frist_name onboarding_person_nickname",
        "offboarding_date offboarding_ticket offboarding_owner",
        "offboarding_manager offboarding_mail offboarding_project",
        "roster_owner roster_file roster_date roster_branch roster_repository roster_name roster_path roster_url",
        "roster_project roster_mode roster_team",
        "drift_mail drift_mail_to drift_file drift_date drift_schedule",
        "export_roster_date export_dest export_path",
        "tallyfy_tenants tallyfy_environment tallyfy_connection tallyfy_organizations tallyfy_users tallyfy_user",
        "tallyfy_members tallyfy_result tallyfy_response",
        "tallyfy_token tallyfy_process tallyfy_processes tallyfy_template",
        "tallyfy_group tallyfy_task tallyfy_url tallyfy_id tallyfy_secret tallyfy_email tallyfy_status tallyfy_stage",
        "tallyfy_version tallyfy_report tallyfy_api tallyfy_hostname tallyfy_code tallyfy_redirect tallyfy_state_file",
        "tallyfy_client_secret_globex tallyfy_org_id_globex tallyfy_api_url_staging tallyfy_act_as_globex",
        "tallyfy_organization_id_initech tallyfy_scope_of_globex",
        "tallyfy_roster_created tallyfy_onboarding_report_text tallyfy_offboarding_protected tallyfy_drift_total",
        "tallyfy_export_roster_people tallyfy_worklist_done tallyfy_task_id",
        "awx_setup_organization confirm_task_process confirm_task_id",
        "report_path report_src worklist_template worklist_result",
        "boarding_pass boarding_date draft_report poster_src",
        "toaster_src roasted_people tally_state tallies_timeout rally_hosts",
        "_onboarding_people __roster_src vault_tallyfy_client_secret my_roster_src people src",
        "protect report a _ __ A_",
    )
    for name in names.split()
]


@pytest.mark.parametrize(("name", "meant"), MISSPELLED.items())
def test_a_misspelled_name_is_refused_with_what_was_meant(name: str, meant: str) -> None:
    whose = "this collection" if meant.startswith("tallyfy_") else "this role"
    assert misspelled([name], known=KNOWN) == [f"{name} is not a variable of {whose}; did you mean {meant}?"]


@pytest.mark.parametrize("name", OWN)
def test_a_name_of_somebodys_own_is_left_alone(name: str) -> None:
    assert misspelled([name], known=KNOWN) == []


def test_known_names_are_known_under_every_name() -> None:
    known = set().union(*KNOWN.values(), PERSON_VARIABLES)
    assert misspelled(known, known=KNOWN) == []
    assert {f"tallyfy_{name}" for name in (*OPTIONS, *ALIASES)} < connection_variables()
    assert misspelled_connection(known) == []
    for role in OF_ROLES:
        assert misspelled_for_role(known, role, KNOWN[role]) == [], role


def test_all_are_reported_in_order_and_the_names_may_be_those_of_all_variables() -> None:
    variables = {"roster_protected": [], "tallyfy_orgid": "a", "ansible_host": "x", "offboarding_protected": []}
    assert misspelled(variables, known=KNOWN) == [
        "offboarding_protected is not a variable of this role; did you mean offboarding_protect?",
        "roster_protected is not a variable of this role; did you mean roster_protect?",
        "tallyfy_orgid is not a variable of this collection; did you mean tallyfy_org_id?",
    ]


@pytest.mark.parametrize("argument", ["tallyfy_client_secret = s3cret", "a.yml {{ b }}.yml", "people.csv"])
def test_an_argument_that_sets_no_variables_is_refused_and_not_repeated(argument: str) -> None:
    problem = "An argument of -e sets no variables. Write name=value, or @ before the name of a file of variables."
    assert file_without_at(argument, "roster", KNOWN["roster"]) == [problem]


def test_a_file_of_variables_without_an_at_sign_is_refused_by_its_name() -> None:
    problem = "-e jobs/new-hires.yml sets no variables. To read variables from the file, write -e @jobs/new-hires.yml."
    assert file_without_at("jobs/new-hires.yml", "worklist", ["worklist_template"]) == [problem]
    hint = " For a list of people, write -e onboarding_src=jobs/new-hires.yml."
    assert file_without_at("jobs/new-hires.yml", "onboarding", KNOWN["onboarding"]) == [problem + hint]
    assert file_without_at(None, "onboarding", KNOWN["onboarding"]) == []


def test_a_role_minds_its_own_variables_and_the_connections() -> None:
    names = ["roster_protected", "offboarding_protected", "onboarding_reprot", "tallyfy_actas", "offbording_src"]
    found = misspelled_for_role(names, "roster", KNOWN["roster"])
    assert [one.partition(" ")[0] for one in found] == ["roster_protected", "tallyfy_actas"]
    # Nobody says that offboarding_people is a misspelled onboarding_people.
    found = misspelled_for_role([*names, "offboarding_people", "ofboarding_people"], "onboarding", KNOWN["onboarding"])
    assert [one.partition(" ")[0] for one in found] == ["onboarding_reprot", "tallyfy_actas"]
    # The variables of the roster serve drift, too.
    found = misspelled_for_role(names, "drift", KNOWN["drift"] | KNOWN["roster"])
    assert [one.partition(" ")[0] for one in found] == ["roster_protected", "tallyfy_actas"]
    assert misspelled_for_role(names, "export_roster", {"export_roster_dest"}) == misspelled_connection(names)
    assert misspelled_connection(names) == [
        "tallyfy_actas is not a variable of this collection; did you mean tallyfy_act_as?"
    ]


def test_answers_about_a_person_are_known_where_somebody_is_onboarded() -> None:
    names = [*PERSON_VARIABLES, "onboarding_person_nickname", "onboarding_persons_email"]
    assert len(misspelled(names, known={"onboarding": ["onboarding_people"]})) == 1
    assert misspelled(names, known={"roster": ["roster_src"]}) == []


ALL = sorted({*KNOWN["offboarding"], *KNOWN["roster"], *KNOWN["onboarding"], *(f"tallyfy_{name}" for name in OPTIONS)})


def unseen(names: dict[str, str]) -> set[str]:
    """Return those of the names that are not refused."""
    found = {one.partition(" ")[0] for one in misspelled(names, known=KNOWN)}
    known = set().union(*KNOWN.values())
    return {name for name in names if name not in found and name not in known}


def test_any_two_letters_in_each_others_place_are_seen() -> None:
    swapped = {
        name[:at] + name[at + 1] + name[at] + name[at + 2 :]: name for name in ALL for at in range(len(name) - 1)
    }
    assert len(swapped) > 500
    assert unseen(swapped) == set()


def test_any_letter_too_many_or_too_few_is_seen() -> None:
    parts = [name.partition("_") for name in ALL]
    more = {
        f"{prefix}_{rest[:at]}{letter}{rest[at:]}": rest
        for prefix, _underscore, rest in parts
        for at in range(len(rest) + 1)
        for letter in (*rest[at : at + 1], "e", "s")
    }
    fewer = {
        f"{prefix}_{rest[:at]}{rest[at + 1 :]}": rest
        for prefix, _underscore, rest in parts
        for at in range(len(rest))
        # Of src no more than two letters are left.
        if len(rest) > 3
    }
    assert unseen({**more, **fewer}) == set()


@given(st.lists(st.text() | st.text("abcdeilnorst_") | st.sampled_from(ALL).map(lambda name: name[:-2]), max_size=5))
def test_no_name_breaks_it(names: list[str]) -> None:
    known = set().union(*KNOWN.values(), PERSON_VARIABLES)
    for sentence in misspelled(names, known=KNOWN):
        meant = re.fullmatch(r"(?s).* is not a variable of this (?:role|collection); did you mean (\w+)\?", sentence)
        assert meant
        assert meant[1] in known


def test_thousands_of_names_cost_no_comparison_each(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[str, str]] = []
    ratio = _variables._ratio
    monkeypatch.setattr(_variables, "_ratio", lambda one, other: compared.append((one, other)) or ratio(one, other))
    names = [
        f"{prefix}_{number}" for number in range(500) for prefix in ("ansible_x", "nginx", "zz_top", "application")
    ]
    assert misspelled(names, known=KNOWN) == []
    assert compared == []
    # Prefixes that are near are compared once, however many names have them.
    misspelled([f"onboardings_{number}" for number in range(500)], known=KNOWN)
    assert 0 < len(compared) < 10


def test_every_variable_of_the_collection_is_in_the_table() -> None:
    modules = {file.stem for file in (CHECKOUT / "plugins" / "modules").glob("*.py")}
    # Misspelled ones that guides show, and what a rulebook calls a secret that is too short.
    names_of_other_things = {
        "tallyfy_actas",
        "tallyfy_orgid",
        # A group of the inventory of tasks.
        "tallyfy_step_create_accounts",
        "tallyfy_hire_secret_needs_32_characters",
        "tallyfy_webhook_path_needs_32_characters",
    }
    files = [
        *(CHECKOUT / "playbooks").rglob("*.yml"),
        *(CHECKOUT / "extensions" / "eda").rglob("*.yml"),
        *(CHECKOUT / "docs").rglob("*.rst"),
        *(CHECKOUT / "roles").rglob("*.md"),
        CHECKOUT / "README.md",
    ]
    found = {
        name: file.name
        for file in files
        for name in re.findall(r"(?<![\w.])tallyfy_[a-z0-9]\w*", file.read_text(encoding="utf-8"))
    }
    handed_on = tuple(f"tallyfy_{role}_" for role in (*ROLES, "task"))
    known = {*connection_variables(), *RULEBOOK_VARIABLES, *modules, *names_of_other_things}
    assert {name: file for name, file in found.items() if name not in known and not name.startswith(handed_on)} == {}
    # And nothing is in it that nobody reads.
    used = {*found, *re.findall(r"tallyfy_\w+", (CHECKOUT / "plugins/plugin_utils/_action.py").read_text("utf-8"))}
    assert {*PLAYBOOK_VARIABLES, *RULEBOOK_VARIABLES} - used == set()


# --- where a play runs ------------------------------------------------------------------------------------------------

#: What AWX tells each job that is a slice: the workflow job of the slices is called like the template.
SLICE = {"awx_job_id": 7, "awx_job_template_name": "Onboard", "awx_workflow_job_name": "Onboard"}
LOCAL, TWO = ["localhost"], ["globex", "initech"]


@pytest.mark.parametrize(
    ("variables", "play_hosts", "inventory_hosts", "is_idle"),
    [
        pytest.param(SLICE, LOCAL, ["web1"], True, id="a slice without localhost"),
        pytest.param(SLICE, LOCAL, [], True, id="a slice without hosts"),
        pytest.param(SLICE, LOCAL, ["web1", "localhost"], False, id="the slice that has localhost"),
        pytest.param(SLICE, TWO, TWO, False, id="a slice with its organizations"),
        pytest.param(SLICE, ["globex"], TWO, False, id="a slice with one of them"),
        pytest.param({}, LOCAL, ["web1"], False, id="somebody at a shell"),
        pytest.param({"awx_job_template_name": "Onboard"}, LOCAL, ["web1"], False, id="a job by itself"),
        pytest.param({**SLICE, "awx_workflow_job_name": "Approve"}, LOCAL, ["web1"], False, id="a node of a workflow"),
        pytest.param({"awx_workflow_job_name": "Onboard"}, LOCAL, ["web1"], False, id="a workflow and no template"),
        pytest.param({**SLICE, "awx_workflow_job_name": "", "awx_job_template_name": ""}, LOCAL, ["web1"], False,
                     id="blank names"),
    ],
)  # fmt: skip
def test_a_slice_without_localhost_does_nothing(
    variables: dict[str, Any], play_hosts: list[str], inventory_hosts: list[str], is_idle: bool
) -> None:
    lines = slice_notice(variables, play_hosts, inventory_hosts)
    assert bool(lines) == is_idle
    if is_idle:
        assert lines[0].startswith("NOTHING WAS DONE HERE. This job is a slice")


WORKFLOW = {"awx_workflow_job_name": "Onboard"}


@pytest.mark.parametrize(
    ("variables", "play_hosts", "inventory_hosts", "is_missing"),
    [
        pytest.param({}, TWO, TWO, True, id="one of several"),
        pytest.param({"tallyfy_org_id": " "}, TWO, TWO, True, id="one of several, blank"),
        pytest.param({"tallyfy_org_id": "a1"}, TWO, TWO, False, id="one of several, named"),
        pytest.param({"tallyfy_organization_id": "a1"}, TWO, TWO, False, id="one of several, by the alias"),
        pytest.param({}, ["globex"], TWO, True, id="one that --limit has left"),
        pytest.param({"tallyfy_hosts": "all"}, ["globex"], TWO, True, id="one that --limit has left of all"),
        pytest.param({"tallyfy_hosts": "globex"}, ["globex"], TWO, False, id="one that is named itself"),
        pytest.param({"tallyfy_hosts": "globex", **WORKFLOW}, ["globex"], ["globex"], False, id="the same in a slice"),
        pytest.param({}, LOCAL, TWO, False, id="localhost beside others"),
        pytest.param({"tallyfy_hosts": ""}, LOCAL, TWO, False, id="localhost, with a blank name of hosts"),
        pytest.param(WORKFLOW, LOCAL, TWO, False, id="localhost in a workflow"),
        pytest.param({}, LOCAL, [], False, id="localhost alone"),
        pytest.param({"tallyfy_hosts": "all"}, ["globex"], ["globex"], False, id="the only host of an inventory"),
        pytest.param({"tallyfy_hosts": "all", **WORKFLOW}, ["globex"], ["globex"], True, id="the only host of a slice"),
        pytest.param({"tallyfy_hosts": "all", "awx_job_id": 7},
                     ["globex"], ["globex"], False, id="the only one in AWX"),
        pytest.param({"tallyfy_hosts": "all"}, LOCAL, ["localhost", "x"], True, id="localhost as one of all"),
        pytest.param({}, ["localhost", "globex"], ["globex"], False, id="no more than one listed"),
    ],
)  # fmt: skip
def test_each_of_several_organizations_is_named(
    variables: dict[str, Any], play_hosts: list[str], inventory_hosts: list[str], is_missing: bool
) -> None:
    message = missing_organization(variables, "globex", play_hosts, inventory_hosts)
    desired = "globex has no tallyfy_org_id. With several hosts, set it for each host."
    assert message == (desired if is_missing else None)


@pytest.mark.parametrize(
    ("variables", "inventory_hosts", "is_hinted"),
    [
        ({}, [], False),
        ({}, LOCAL, False),
        ({}, TWO, True),
        ({}, [*LOCAL, "globex"], True),
        ({"tallyfy_hosts": ""}, TWO, True),
        ({"tallyfy_hosts": "localhost"}, TWO, False),
        ({"tallyfy_hosts": "all"}, TWO, False),
    ],
)
def test_whoever_gave_an_inventory_and_named_no_host_gets_a_hint(
    variables: dict[str, Any], inventory_hosts: list[str], is_hinted: bool
) -> None:
    hint = hosts_hint(variables, inventory_hosts)
    assert bool(hint) == is_hinted
    assert not is_hinted or hint.endswith("give: -e tallyfy_hosts=all")
