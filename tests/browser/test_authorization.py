# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A person signs in: the address of the lookup, the sign-in page, a real browser's address bar, a token that works."""

from __future__ import annotations

import json
from typing import Any

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from sandbox.testing import Sandbox
from tests.acceptance.browsing import PASSWORD
from tests.acceptance.running import Modules, Playbooks
from tests.people import JOHN

SECONDS = 20
ASK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        content: "{{ lookup('tallyfy.platform.authorization_request', **arguments) | to_json }}"
        dest: "{{ playbook_dir }}/asked.json"
        mode: "0600"
"""


@pytest.fixture
def asked(sandbox: Sandbox, playbooks: Playbooks, redirect_uri: str, response_type: str) -> dict[str, Any]:
    """What the lookup returns, in an organization where nobody is signed in."""
    sandbox.switch(signed_in_user=None, redirect_uris=[redirect_uri])
    arguments = {"arguments": {"redirect_uri": redirect_uri, "response_type": response_type}}
    run = playbooks.run(ASK, "-e", json.dumps(arguments))
    assert run.returncode == 0, run.stdout
    found: dict[str, Any] = json.loads((playbooks.folder / "asked.json").read_text())
    return found


def sign_in(browser: Chrome, *, password: str = PASSWORD, consent: str = "allow") -> None:
    """Type e-mail and password as a person does, press a button, and wait for the next page."""
    for name, text in (("email", JOHN), ("password", password)):
        field = browser.find_element(By.NAME, name)
        field.clear()
        field.send_keys(text)
    page = browser.find_element(By.TAG_NAME, "html")
    browser.find_element(By.CSS_SELECTOR, f"button[value={consent}]").click()
    # Pages are being exchanged meanwhile, and the driver has several errors for an element of the one that is going.
    waiting = WebDriverWait(browser, SECONDS, ignored_exceptions=(WebDriverException,))
    waiting.until(lambda driver: driver.find_element(By.TAG_NAME, "html") != page)


def taken(asked: dict[str, Any], address: str) -> dict[str, Any]:
    return {
        "redirect_response": address,
        "redirect_uri": asked["redirect_uri"],
        "expected_state": asked["state"],
        "code_verifier": asked["code_verifier"],
    }


@pytest.mark.parametrize(
    ("response_type", "redirect", "mark"),
    [("token", "query", "?access_token="), ("token", "fragment", "#access_token="), ("code", "query", "?code=")],
)
def test_signing_in(
    sandbox: Sandbox, modules: Modules, browser: Chrome, asked: dict[str, Any], redirect: str, mark: str
) -> None:
    sandbox.switch(implicit_redirect=redirect)
    browser.get(asked["url"])
    assert browser.title == "Sign in to the Tallyfy sandbox"
    sign_in(browser)
    assert browser.title == "Back"
    address = browser.current_url
    assert address.startswith(asked["redirect_uri"] + mark)

    token = modules.succeed("tallyfy_authorization", name="john", **taken(asked, address))["token"]
    assert (token["user"], token["org_id"]) == (JOHN, sandbox.org_id)
    assert modules.succeed("tallyfy_authorization", name="john")["token"]["source"] == "cache"
    modules.use(client_id=None, client_secret=None, access_token=token["access_token"])
    assert modules.succeed("tallyfy_api", path="/me")["data"]["email"] == JOHN


@pytest.mark.parametrize("response_type", ["code"])
def test_a_wrong_password_is_reported_on_the_page(browser: Chrome, asked: dict[str, Any], modules: Modules) -> None:
    browser.get(asked["url"])
    sign_in(browser, password="guess")
    assert browser.find_element(By.CSS_SELECTOR, "[role=alert]").text == "The e-mail address or the password is wrong."
    sign_in(browser)
    modules.succeed("tallyfy_authorization", **taken(asked, browser.current_url))


@pytest.mark.parametrize("response_type", ["token"])
def test_a_person_who_does_not_consent(browser: Chrome, asked: dict[str, Any], modules: Modules) -> None:
    browser.get(asked["url"])
    sign_in(browser, consent="deny")
    message = modules.fail("tallyfy_authorization", **taken(asked, browser.current_url))["msg"]
    assert message.startswith("The sign-in page answered with access_denied: the person did not consent")
