"""Do what is left of a plan, say so, and look at all of it again."""

from p7 import Failure, log
from p7.finalize.steps import Need
from p7.root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from p7.finalize.steps import Step


def run(steps: "Sequence[Step]", root: Root, dry_run: bool) -> int:
    """0 if every step holds in the end; 1 with a line for each that does not. A dry run prints what is to be done.

    What others have to bring and have not is an error there, too.
    """
    good = steps
    for act in (_show,) if dry_run else (_settle, _check):
        good = [step for step in good if _goes_well(act, step, root)]
    failed = len(steps) - len(good)
    if not dry_run:
        log.info(f"{failed} of {len(steps)} steps failed: mend that and run it again" if failed else "all of it holds")
    return 1 if failed else 0


def _goes_well(act: "Callable[[Step, Root], None]", step: "Step", root: Root) -> bool:
    try:
        act(step, root)
    except Failure as failure:
        log.error(str(failure))
        return False
    except OSError as error:
        log.error(f"{root.path(step.path)}: {error.strerror or error}")
        return False
    return True


def _show(step: "Step", root: Root) -> None:
    if isinstance(step, Need):
        step.check(root)
    elif not step.holds(root):
        print(step.describe().rstrip("\n"))


def _settle(step: "Step", root: Root) -> None:
    if step.holds(root):
        log.info(f"already: {_line(step)}")
    else:
        step.apply(root)
        log.info(f"done: {_line(step)}")


def _check(step: "Step", root: Root) -> None:
    if not step.holds(root):
        raise Failure(f"{root.path(step.path)}: done but no longer so: {_line(step)}; see what else changes it")


def _line(step: "Step") -> str:
    return step.describe().partition("\n")[0]
