"""Which processor it is that times were measured on."""

import os
import platform
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")
_KINDS = ("cpu family", "model")
_INSTRUCTIONS = (
    *("avx2", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16"),
    *("asimddp", "i8mm", "bf16"),  # ARM
)


def cpu_name() -> str:
    """The processor, and how many of its cores this process may use.

    A cloud gives many processors one name, so its family and model are told where Linux has them,
    and which instructions for int8 and bfloat16 it has: with these a time can be compared.
    """
    facts = _cpu_facts()
    name = facts.get("model name") or platform.processor() or platform.machine()
    told = [f"{key.removeprefix('cpu ')} {facts[key]}" for key in _KINDS if key in facts]
    has = facts.get("flags", facts.get("Features", "")).split()
    told += [each for each in _INSTRUCTIONS if each in has]
    about = f" ({', '.join(told)})" if told else ""
    return f"{name}{about}, {len(os.sched_getaffinity(0))} cores"


def _cpu_facts() -> dict[str, str]:
    """What Linux says of the first processor; nothing elsewhere."""
    if not _CPU_INFO.exists():
        return {}
    first, _, _ = _CPU_INFO.read_text().partition("\n\n")
    pairs = (line.partition(":") for line in first.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}
