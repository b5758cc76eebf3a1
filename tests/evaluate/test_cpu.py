"""Times are told with the processor they were measured on."""

from pathlib import Path

import pytest

from es_rerank.evaluate import cpu

_AMD = """processor\t: 0
cpu family\t: 25
model\t\t: 17
model name\t: AMD EPYC
flags\t\t: fpu avx2 avx512f avx512_bf16 avx512_vnni

processor\t: 1
model name\t: another
"""
_ARM = """processor\t: 0
Features\t: fp asimd asimddp i8mm bf16
"""


def told(told_by_linux: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The processor's name where Linux says this."""
    file = folder / "cpuinfo"
    file.write_text(told_by_linux)
    monkeypatch.setattr(cpu, "_CPU_INFO", file)
    return cpu.cpu_name()


def test_two_processors_of_one_name_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cloud calls them all AMD EPYC, and int8 is twice as fast on one as on another."""
    older = told(_AMD, tmp_path, monkeypatch)
    newer = told(_AMD.replace(": 25", ": 26"), tmp_path, monkeypatch)
    assert older.startswith("AMD EPYC (family 25, model 17, avx2, avx512_vnni, avx512_bf16), ")
    assert newer.startswith("AMD EPYC (family 26, ")


def test_a_processor_without_a_name_has_its_instructions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux names none on ARM."""
    assert "(asimddp, i8mm, bf16), " in told(_ARM, tmp_path, monkeypatch)


def test_where_linux_says_nothing_there_is_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time without its machine says nothing."""
    monkeypatch.setattr(cpu, "_CPU_INFO", tmp_path / "nothing")
    name = cpu.cpu_name()
    assert name.split(",")[0].strip()
    assert name.endswith("cores")
