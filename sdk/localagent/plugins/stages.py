"""The stages of a plugin's life and the steps between them."""

from __future__ import annotations

from enum import Enum


class PluginLifecycleStage(Enum):
    """Where a plugin stands in its life."""

    DISCOVERED = "discovered"
    LOADING = "loading"
    INITIALIZING = "initializing"
    READY = "ready"
    EXECUTING = "executing"
    CLEANING_UP = "cleaning_up"
    UNLOADED = "unloaded"
    ERROR = "error"


_S = PluginLifecycleStage
LEGAL_TRANSITIONS: dict[PluginLifecycleStage, frozenset[PluginLifecycleStage]] = {
    _S.DISCOVERED: frozenset({_S.LOADING}),
    _S.LOADING: frozenset({_S.INITIALIZING, _S.ERROR}),
    _S.INITIALIZING: frozenset({_S.READY, _S.ERROR}),
    _S.READY: frozenset({_S.EXECUTING, _S.CLEANING_UP}),
    _S.EXECUTING: frozenset({_S.READY, _S.ERROR}),
    _S.CLEANING_UP: frozenset({_S.UNLOADED, _S.ERROR}),
    _S.UNLOADED: frozenset({_S.LOADING}),
    _S.ERROR: frozenset({_S.CLEANING_UP, _S.UNLOADED}),
}
