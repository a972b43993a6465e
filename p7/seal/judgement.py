"""All packages of a transaction judged together: an application may come with the library that it needs."""

from __future__ import annotations

from p7.abi import needs
from p7.root import Root
from p7.seal import drift, rules
from p7.seal.package import Package
from p7.seal.parent import Parent


def refusals(packages: list[Package], root: Root, parent: Parent) -> list[tuple[Package, str]]:
    """The packages that may not come in, and why. With two archives of a name both are held to it."""
    libraries = needs.Libraries(root, [library for package in packages for library in package.libraries()])
    judged = [
        (
            package,
            rules.refusal(package)
            or drift.forward(package, libraries)
            or drift.backward(package, packages, root, libraries, parent),
        )
        for package in packages
    ]
    return [(package, reason) for package, reason in judged if reason]
