"""All packages of a transaction judged together: an application may come with the library that it needs."""

from __future__ import annotations

from p7.abi import needs
from p7.root import Root
from p7.seal import drift, rules
from p7.seal.package import Package
from p7.seal.parent import Parent


def refusals(packages: list[Package], root: Root, parent: Parent) -> list[tuple[Package, str]]:
    """The packages that may not come in, and why. With two archives of a name both are held to the rules; but a program
    is held against a library only where pacman takes both, as far as anybody can tell."""
    taken = _taken(packages, parent)
    libraries = needs.Libraries(root, [library for package in taken for library in package.libraries()])
    held = set(taken)
    found = []
    for package in packages:
        reason = rules.refusal(package)
        if not reason and package in held:
            reason = drift.forward(package, libraries) or drift.backward(package, taken, root, libraries, parent)
        if reason:
            found.append((package, reason))
    return found


def _taken(packages: list[Package], parent: Parent) -> list[Package]:
    """Of each name those of one source: the repository that was asked for, else the first that has it."""
    sources: dict[str, str] = {}
    for package in packages:
        if package.name not in sources or package.source in parent.targets:
            sources[package.name] = package.source
    return [package for package in packages if package.source == sources[package.name]]
