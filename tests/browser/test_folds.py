# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is folded is found: by its address, by the search and on paper. The drawers of a telephone open and close."""

from __future__ import annotations

import contextlib

from selenium.common.exceptions import TimeoutException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.test_site import DESK, TELEPHONE, open_page, resize

MODULE = "tallyfy_user_module.html"


def wait(reader: Chrome, script: str, *arguments: str) -> None:
    WebDriverWait(reader, 10, poll_frequency=0.1).until(lambda browser: browser.execute_script(script, *arguments))


def open_folds(reader: Chrome) -> list[str]:
    """Return the first words of the folds that are open."""
    script = "return [...document.querySelectorAll('details.fold[open] > summary')].map((one) => one.innerText)"
    return [words.partition("\n")[0].rstrip("#").strip() for words in reader.execute_script(script)]


def wait_until_open(reader: Chrome, *names: str) -> None:
    """Wait until these folds are open and no others: a page may have been loaded before its scripts have run."""
    with contextlib.suppress(TimeoutException):
        WebDriverWait(reader, 10, poll_frequency=0.1).until(lambda browser: open_folds(browser) == list(names))
    assert open_folds(reader) == list(names)


def wait_until_in_sight(reader: Chrome, anchor: str) -> None:
    """Wait for the page to scroll there, which it does smoothly."""
    box = "const box = document.getElementById(arguments[0]).closest('td, section').getBoundingClientRect();"
    wait(reader, f"{box} return box.top < innerHeight && box.bottom > 0", anchor)


def open_anew(reader: Chrome, page: str, size: tuple[int, int]) -> None:
    """Open a page that may be open already: another anchor alone would not load it again."""
    reader.get("about:blank")
    open_page(reader, page, size)


def test_what_is_folded(reader: Chrome, address: str) -> None:
    open_anew(reader, f"{address}/{MODULE}", TELEPHONE)
    assert open_folds(reader) == []
    open_anew(reader, f"{address}/{MODULE}", DESK)
    wait(reader, "return document.querySelector('#parameters > details').open")
    assert not [words for words in open_folds(reader) if words.startswith("Connection options")]


def test_the_address_of_an_option_opens_its_fold(reader: Chrome, address: str) -> None:
    open_anew(reader, f"{address}/{MODULE}#parameter-email", TELEPHONE)
    wait_until_open(reader, "Parameters")
    wait_until_in_sight(reader, "parameter-email")


def test_the_address_of_a_connection_option_opens_both_folds(reader: Chrome, address: str) -> None:
    open_anew(reader, f"{address}/{MODULE}#parameter-timeout", TELEPHONE)
    wait_until_open(reader, "Parameters", "Connection options, the same everywhere")
    wait_until_in_sight(reader, "parameter-timeout")


def test_the_options_of_the_module_and_of_the_connection_are_apart(reader: Chrome, address: str) -> None:
    open_anew(reader, f"{address}/{MODULE}", DESK)
    script = """return [...document.querySelectorAll('[id^="parameter-"]')].filter((anchor) =>
        !anchor.id.includes('/') && Boolean(anchor.closest('.shared')) === arguments[0]).map((anchor) => anchor.id)"""
    own, shared = (reader.execute_script(script, is_shared) for is_shared in (False, True))
    assert {"parameter-email", "parameter-state"} <= set(own)
    assert {"parameter-org_id", "parameter-timeout", "parameter-api_token"} <= set(shared)
    assert not set(own) & set(shared)


def test_the_address_of_a_section_opens_its_fold(reader: Chrome, address: str) -> None:
    """Its anchor is outside the fold, where no browser opens it by itself. The second click changes no address."""
    open_anew(reader, f"{address}/{MODULE}#examples", TELEPHONE)
    wait_until_open(reader, "Examples")
    for _click in range(2):
        reader.execute_script("document.querySelectorAll('details.fold').forEach((fold) => { fold.open = false; })")
        reader.execute_script("document.querySelector('#parameters .headerlink').click()")
        wait_until_open(reader, "Parameters")
        wait_until_in_sight(reader, "parameters")


def test_a_result_of_the_search_opens_the_folds_with_the_words(reader: Chrome, address: str) -> None:
    open_anew(reader, f"{address}/search.html?q=punycode", TELEPHONE)
    link = f"#search-results a[href*='{MODULE}']"
    wait(reader, "return document.querySelector(arguments[0]) !== null", link)
    reader.execute_script("document.querySelector(arguments[0]).click()", link)
    wait(reader, "return document.querySelector('.highlighted')?.checkVisibility()")
    assert "Parameters" in open_folds(reader)


def test_everything_is_open_on_paper(reader: Chrome, address: str) -> None:
    open_anew(reader, f"{address}/tallyfy_organization_info_module.html", TELEPHONE)
    wait(reader, "return typeof openTarget === 'function'")  # else this listener would come before that of the page
    count = "document.querySelectorAll('details.fold[open]').length"
    reader.execute_script(f"addEventListener('beforeprint', () => {{ window.printed = {count}; }})")
    reader.print_page()
    folds = len(reader.find_elements(By.CSS_SELECTOR, "details.fold"))
    assert folds > 1
    assert reader.execute_script(f"return [window.printed, {count}]") == [folds, 0]


def test_the_drawers_of_a_telephone(reader: Chrome, address: str) -> None:
    open_anew(reader, f"{address}/{MODULE}", TELEPHONE)
    inside = """const box = document.querySelector(arguments[0]).getBoundingClientRect();
        return box.left > -1 && box.right < innerWidth + 1"""
    outside = inside.replace("return ", "return !(") + ")"
    for drawer, button in ((".sidebar-drawer", "__navigation"), (".toc-drawer", "__toc")):
        wait(reader, outside, drawer)
        shown = [one for one in reader.find_elements(By.CSS_SELECTOR, f"label[for={button}]") if one.is_displayed()]
        shown[0].click()
        wait(reader, inside, drawer)
        reader.execute_script("document.querySelector(arguments[0]).click()", f"label.overlay[for={button}]")
        wait(reader, outside, drawer)
    resize(reader, DESK)
    wait(reader, inside, ".sidebar-drawer")
