# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTML report of an onboarding, photographed in a browser as a telephone shows it, light and dark."""

from __future__ import annotations

import base64
import hashlib
import shutil
import tempfile
from pathlib import Path

from .canvas import Canvas
from .scenes import Scenes

WIDTH = 390
#: Of the browser: how sharp the photograph is.
SCALE = 2


def mark(scenes: Scenes) -> str:
    """Return what the picture carries to tell which report it shows; needs no browser."""
    return f'data-source="{hashlib.sha256(scenes.onboarding.report.encode()).hexdigest()}"'


def draw(scenes: Scenes) -> str:
    canvas = Canvas("The report of an onboarding")
    inside = 6
    top, height = canvas.y, 0.0
    for scheme in ("light", "dark"):
        picture, height = photograph(scenes.onboarding.report, scheme)
        data = base64.b64encode(picture).decode()
        canvas.parts.append(
            f'<image class="{scheme}" x="{inside}" y="{top:.1f}" width="{WIDTH}" height="{height}" '
            f'href="data:image/png;base64,{data}" {mark(scenes)}/>'
        )
    canvas.y = top + height - 6
    return canvas.svg(WIDTH + 2 * inside)


def photograph(page: str, scheme: str) -> tuple[bytes, float]:
    """Return a PNG of the whole page in a colour scheme, and its height."""
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    options = ChromeOptions()
    options.binary_location = str(shutil.which("chromium") or shutil.which("google-chrome"))
    with tempfile.TemporaryDirectory(prefix="picture-") as folder:
        file = Path(folder) / "page.html"
        file.write_text(page, encoding="utf-8")
        for argument in ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"):
            options.add_argument(argument)
        driver = Chrome(options=options, service=ChromeService(str(shutil.which("chromedriver"))))
        try:
            media = [{"name": "prefers-color-scheme", "value": scheme}]
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
            size = {"width": WIDTH, "height": 100, "deviceScaleFactor": SCALE, "mobile": True}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            driver.get(file.as_uri())
            height = float(driver.execute_script("return document.documentElement.scrollHeight"))
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {**size, "height": int(height)})
            taken = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
        finally:
            driver.quit()
    return base64.b64decode(taken["data"]), height
