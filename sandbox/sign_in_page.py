# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 the tallyfy.platform authors
"""The page on which a person signs in; it says that it is a sandbox and loads nothing from elsewhere."""

from __future__ import annotations

from html import escape

from .records import PASSWORD

STYLE = """
:root {
  color-scheme: light dark;
  --page: #eef1f5; --card: #ffffff; --line: #8a94a0; --ink: #1b2128; --soft: #545e6a; --accent: #0b4f8a; --on: #ffffff;
  --bad: #a8071a; --bad-panel: #fdeeee; --note: #6b4200; --note-panel: #fdf3df;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14181d; --card: #1e242b; --line: #6c7885; --ink: #e6eaee; --soft: #a5b0bc; --accent: #8fc3f5;
    --on: #14181d; --bad: #ff9d9d; --bad-panel: #3a1a1d; --note: #f3c26b; --note-panel: #362812;
  }
}
* { box-sizing: border-box; }
body {
  display: grid; place-items: center; min-height: 100vh; margin: 0; padding: 1rem; background: var(--page);
  color: var(--ink); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif;
}
main { width: 100%; max-width: 25rem; overflow: hidden; border-radius: .75rem; background: var(--card);
  box-shadow: 0 .25rem 1.5rem rgb(0 0 0 / 15%); overflow-wrap: anywhere; }
.sandbox { margin: 0; padding: .75rem 1.5rem; background: var(--note-panel); color: var(--note); font-size: .9rem; }
.content { padding: 1.25rem 1.5rem 1.5rem; }
h1 { margin: 0; font-size: 1.4rem; line-height: 1.25; }
p { margin: .5rem 0 0; color: var(--soft); }
em { color: var(--ink); font-style: normal; font-weight: 700; }
p[role=alert] { margin-top: 1rem; padding: .6rem .8rem; border-radius: .4rem; background: var(--bad-panel);
  color: var(--bad); }
label { display: block; margin-top: 1rem; font-size: .9rem; font-weight: 600; }
input { display: block; width: 100%; margin-top: .3rem; padding: .6rem .7rem; border: 1px solid var(--line);
  border-radius: .4rem; background: transparent; color: inherit; font: inherit; font-size: 1rem; font-weight: 400; }
::placeholder { color: var(--soft); opacity: 1; }
.buttons { display: flex; gap: .75rem; margin-top: 1.5rem; }
button { flex: 1; padding: .65rem; border: 1px solid var(--accent); border-radius: .4rem; background: transparent;
  color: var(--accent); font: inherit; font-weight: 600; cursor: pointer; }
button[value=allow] { background: var(--accent); color: var(--on); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
code { font-size: .9em; }
"""


def sign_in_page(organization: str, application: str, *, email: str = "", mistake: str = "") -> str:
    """Return the page; ``application`` is the host that the person is sent back to."""
    alert = f'<p role="alert">{escape(mistake)}</p>' if mistake else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in to the Tallyfy sandbox</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<p class="sandbox"><strong>This is a sandbox, not Tallyfy.</strong> Do not type a real password.
Here, everybody's password is <code>{PASSWORD}</code>.</p>
<div class="content">
<h1>Sign in to the sandbox</h1>
<p>An application at <em>{escape(application)}</em> asks to act for you in <em>{escape(organization)}</em>.</p>
{alert}
<form method="post">
<label>E-mail <input name="email" type="email" autocomplete="username" placeholder="john.smith@example.com"
value="{escape(email)}"></label>
<label>Password <input name="password" type="password" autocomplete="off"></label>
<div class="buttons">
<button name="consent" value="allow">Allow</button>
<button name="consent" value="deny">Deny</button>
</div>
</form>
</div>
</main>
</body>
</html>
"""
