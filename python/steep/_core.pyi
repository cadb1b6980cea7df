"""
The compiled core of steep; use the functions of the package steep instead.
"""
from __future__ import annotations
import typing
import typing_extensions
__all__: list[str] = ['built_levels', 'compiler', 'cpu_level', 'default_threads', 'eigen_version', 'level', 'set_default_threads', 'use_kernels']
def built_levels() -> str:
    """
    Levels built, separated by commas.
    """
def compiler() -> str:
    """
    Compiler that built the core.
    """
def cpu_level() -> str:
    """
    Highest instruction-set level of this CPU.
    """
def default_threads() -> int:
    """
    Threads a call uses unless told otherwise.
    """
def eigen_version() -> str:
    """
    Version of Eigen.
    """
def level() -> str:
    """
    Level in use.
    """
def set_default_threads(n: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    Set the default number of threads; 0 resets.
    """
def use_kernels(table: typing_extensions.CapsuleType) -> None:
    """
    Install the kernels of a level.
    """
