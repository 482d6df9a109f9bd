"""References to secrets: looked up for who may have them, shown to nobody."""

from __future__ import annotations

import copy
import json
import pickle
import sys
from typing import Any

import pytest

from localagent.errors import ConfigError, MissingExtra, RefusedError
from localagent.plugins.secret import Secret, revealed
from localagent.services.redacting import Redactor
from localagent.services.secrets import Grant, Secrets, from_keyring, references

ALL = Grant("p", ("*",))
ENVIRON = {
    "TOKEN": "tok-en-1",
    "URL": "https://${env:USER_NAME}@host",
    "USER_NAME": "me",
    "A": "${env:B}",
    "B": "${env:A}",
}


def secrets(**keyring: str) -> Secrets:
    return Secrets(Redactor(), ENVIRON, keyring.get)


@pytest.mark.parametrize(
    "show",
    [str, repr, "{}".format, "{!r:>20}".format, lambda each: f"{each:10}", lambda each: "%s" % each],  # noqa: UP031 - one of the ways
)
def test_a_secret_shows_nothing_of_itself(show: Any) -> None:
    shown = show(Secret("hidden-value"))
    assert "***" in shown
    assert "hidden" not in shown


def test_a_secret_is_given_to_who_asks() -> None:
    secret = Secret("hidden-value")
    assert secret.reveal() == "hidden-value"
    assert (secret == Secret("hidden-value"), secret == Secret("other"), secret == "hidden-value") == (
        True,
        False,
        False,
    )
    assert len({secret, Secret("hidden-value")}) == 1
    assert (bool(secret), bool(Secret(""))) == (True, False)


def test_a_secret_stays_itself_in_copies() -> None:
    settings = {"token": Secret("hidden-value")}
    assert copy.deepcopy(settings)["token"] is settings["token"]
    assert copy.copy(settings["token"]) is settings["token"]


@pytest.mark.parametrize("write", [pickle.dumps, json.dumps])
def test_a_secret_cannot_be_written_by_accident(write: Any) -> None:
    with pytest.raises(TypeError):
        write(Secret("hidden-value"))


def test_references_are_looked_up_at_any_depth() -> None:
    settings = {"a": "${env:TOKEN}", "b": {"c": ["x", "Bearer ${env:TOKEN}"]}, "n": 1, "home": "${HOME}"}
    assert references(settings) == ["TOKEN", "TOKEN"]
    found = secrets().resolve(settings, ALL)
    assert isinstance(found["a"], Secret)
    assert revealed(found) == {"a": "tok-en-1", "b": {"c": ["x", "Bearer tok-en-1"]}, "n": 1, "home": "${HOME}"}


def test_a_doubled_dollar_makes_no_reference() -> None:
    assert secrets().resolve({"a": "$${env:TOKEN}"}, ALL) == {"a": "${env:TOKEN}"}


def test_a_value_may_refer_on() -> None:
    assert secrets().resolve({"a": "${env:URL}"}, ALL)["a"].reveal() == "https://me@host"


def test_the_keyring_is_asked_for_its_references() -> None:
    assert secrets(token="from-keyring").resolve({"a": "${keyring:token}"}, ALL)["a"].reveal() == "from-keyring"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"a": "${env:NOT_SET}"}, "a -> ${env:NOT_SET}: NOT_SET is not set"),
        ({"a": {"b": ["${keyring:nothing}"]}}, "a.b[0] -> ${keyring:nothing}: nothing is not set"),
        ({"a": "${env:A}"}, "a -> ${env:A} -> ${env:B} -> ${env:A}: these refer to each other in a circle"),
        ({"a": "${env:}"}, "a -> ${env:}: '' is no name"),
        ({"a": "${env:a b}"}, "a -> ${env:a b}: 'a b' is no name"),
    ],
    ids=["unset", "unset in the keyring", "circle", "empty", "no name"],
)
def test_what_cannot_be_looked_up_is_told_with_the_way_there(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        secrets().resolve(settings, ALL)
    assert caught.value.message == message


def test_a_plugin_has_only_what_it_declared() -> None:
    settings = {"a": "${env:TOKEN}"}
    assert secrets().resolve(settings, Grant("p", ("OTHER", "TOK*")))["a"].reveal() == "tok-en-1"
    with pytest.raises(RefusedError, match="name the secret TOKEN, which its manifest does not declare") as caught:
        secrets().resolve(settings, Grant("p", ("OTHER",)))
    assert caught.value.fix == "its author: add TOKEN to permissions.env in plugin-manifest.yaml"


def test_while_plugins_are_developed_it_is_a_warning() -> None:
    told: list[str] = []
    assert secrets().resolve({"a": "${env:TOKEN}"}, Grant("p", (), told.append))["a"].reveal() == "tok-en-1"
    assert told == ["the settings of 'p' name the secret TOKEN, which its manifest does not declare"]


def test_every_value_that_was_looked_up_is_masked_from_then_on() -> None:
    redactor = Redactor()
    Secrets(redactor, ENVIRON).resolve({"a": "${env:TOKEN}", "b": "${env:URL}"}, ALL)
    assert redactor.redact("tok-en-1 at https://me@host") == "*** at ***"


def test_without_the_extra_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(MissingExtra) as caught:
        from_keyring("token")
    assert caught.value.message == "the reference ${keyring:token} needs the extra 'keyring', which is not installed"
