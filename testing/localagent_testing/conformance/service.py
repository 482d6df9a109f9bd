"""The service that a provider asks while it is judged: its own, or one of ours in that one's place."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from localagent.manifest.plain import is_mapping
from localagent_testing.conformance.bad_service import STAND_IN, address_in, moved
from localagent_testing.conformance.judging import Unobserved
from localagent_testing.conformance.plan import TABLE

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from localagent_testing.conformance.subject import Subject


@contextlib.contextmanager
def service_of(subject: Subject) -> Generator[Mapping[str, Any]]:
    """Settings by which the provider finds a service that answers: none, where its project names no protocol.

    Raises:
        Unobserved: as `address_of`.
    """
    if not subject.plan.service:
        yield {}
        return
    from localagent_testing.conformance.chat_service import chatting

    setting, address = address_of(subject)
    subject.stand_ins.add(STAND_IN)
    with chatting() as place:
        yield {setting: moved(address, place)}


def address_of(subject: Subject) -> tuple[str, str]:
    """The setting that names the service, and what it is.

    Raises:
        Unobserved: the plugin has no provider, or none of its settings is an address.
    """
    if subject.life.obstacle is None and subject.life.provider_class is None:
        raise Unobserved("it is no provider plugin")
    with subject.scene() as scene:
        schema = scene.guard.call("schema", getattr(scene.loaded.plugin, "get_provider_config_schema"))  # noqa: B009 - only provider plugins have it
    found = address_in(subject.plan.provider, schema if is_mapping(schema) else {})
    if found is None:
        raise Unobserved(
            "none of the provider's settings is an address that a server of ours could have; where one is, name it in "
            f'pyproject.toml: [{TABLE}] provider = {{base_url = "…"}}'
        )
    return found
