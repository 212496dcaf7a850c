# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all unit tests of the rooms share: the settings of hypothesis, and an environment without credentials."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

set_hypothesis_home_dir(Path(__file__).parents[3] / ".cache" / "hypothesis")
settings.register_profile(
    "rooms",
    # A hundred for everybody who waits; the sessions that only `nox -t test_all` runs look at more.
    max_examples=int(os.environ.get("EXAMPLES", "100")),
    # A busy machine is no failure, and a failure shows how to repeat it without a database of earlier ones.
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("rooms")

CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep somebody's own options, proxies and certificates out of the tests."""
    for name in list(os.environ):
        if name.startswith("TALLYFY_") or name.lower().endswith("_proxy") or name in CERTIFICATES:
            monkeypatch.delenv(name)
