"""What every session promises, over every store."""

from __future__ import annotations

from .contract_alone import AloneContract
from .contract_delete import DeleteContract
from .contract_joining import JoiningContract
from .contract_limits import LimitsContract
from .contract_moves import MovesContract
from .contract_prune import PruneContract
from .contract_refs import RefsContract
from .contract_tabs import TabsContract
from .contract_values import ValuesContract


class SessionContract(
    ValuesContract,
    MovesContract,
    RefsContract,
    TabsContract,
    PruneContract,
    LimitsContract,
    DeleteContract,
    JoiningContract,
    AloneContract,
):
    """Subclass it and say where the store is, with a ``url`` fixture."""
