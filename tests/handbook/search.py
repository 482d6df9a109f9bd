"""The search of the site, as a reader uses it, and what readers ask."""

from __future__ import annotations

import json
from urllib.parse import quote_plus, urlsplit

from handbook.browser import Page

QUESTIONS = {
    "hot reload": "watch.html",
    "debugger": "watch.html",
    "first plugin": "tutorials/first-plugin.html",
    "create a plugin": "reference/commands.html templates.html tutorials/first-plugin.html",
    "provider plugin": "tutorials/provider.html",
    "broadcast": "tutorials/talking.html reference/api/messages.html",
    "test a plugin": "testing.html",
    "unknown key": "mending.html rules/LA103.html",
    "LA103": "rules/LA103.html",
    "publish": "publishing.html",
    "ask a language model": "providers.html",
    "environment variable": "settings.html reference/home.html",
    "time limit": "reference/home.html",
    "slow command": "debugging.html",
    "install from git": "installing.html",
    "undo installation": "installing.html",
    "plugin not loaded": "reference/commands.html debugging.html",
    "exit codes": "reference/commands.html",
    "store data": "storage.html",
    "log file": "logging.html",
    "retry agents": "workflows.html",
    "table in the terminal": "ui.html",
    "register_commands": "reference/api/plugins.html",
    "FakeProvider": "testing.html reference/api/testing.html",
}
"""By question the pages that have the answer; one of them is to be among the first three that are found."""

_OPEN = """(async () => {
  document.querySelector('.md-search__button').click();
  for (let tries = 0; tries < 100; tries++) {
    const host = [...document.querySelectorAll('*')].find(e => e.shadowRoot?.querySelector('[role=combobox]'));
    if (host) { window.searched = host.shadowRoot; return true; }
    await new Promise(done => setTimeout(done, 50));
  }
  return false;
})()"""
_ASK = """(async (question, asked) => {
  const field = window.searched.querySelector('[role=combobox]');
  field.value = question;
  field.dispatchEvent(new InputEvent('input', {bubbles: true, composed: true}));
  for (let tries = 0; tries < 40; tries++) {
    await new Promise(done => setTimeout(done, 50));
    const links = [...window.searched.querySelectorAll('[role=listbox] a')].map(a => a.href);
    if (links.some(link => link.includes(asked))) return links;
  }
  return [];
})"""


class Search:
    """The search dialog of a page that is open."""

    def __init__(self, page: Page, address: str) -> None:
        self._page = page
        self._address = address
        page.visit(address + "index.html")
        page.evaluate(_OPEN)

    def ask(self, question: str) -> list[str]:
        """The pages that are found, the best first; empty if it takes more than two seconds to find any."""
        words = f"({json.dumps(question)}, {json.dumps(f'?h={quote_plus(question)}')})"
        links: list[str] = self._page.evaluate(_ASK + words)
        return list(dict.fromkeys(urlsplit(link).path.lstrip("/") for link in links))
