"""Options and help, by click; imported only when there are arguments, since click costs four bare starts."""

import sys
from collections.abc import Callable

import click

from p7 import VERSION, dispatch, menu
from p7.root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


def applet(name: str, module: "ModuleType", args: list[str]) -> int:
    """Parse an applet's arguments and run it."""
    return _main(applet_command(name, module), args)


def applet_command(name: str, module: "ModuleType") -> click.Command:
    """What --help prints, and what the man page is made from: the help is the applet's docstring."""
    params = [*_common(module), *(module.options() if hasattr(module, "options") else ())]

    def run(root: str, **arguments: object) -> int:
        return dispatch.call(module, root=Root(root), **arguments)

    full_name = f"p7 {name}" if name in dispatch.TOOLS else name
    return _command(full_name, module.__doc__ or "", params, run)


def _command(name: str, text: str, params: list[click.Parameter], run: Callable[..., int]) -> click.Command:
    form = "%(prog)s %(version)s" if name.startswith("p7") else "%(prog)s (p7) %(version)s"
    version = click.version_option(VERSION, prog_name=name, message=form)
    return version(click.Command(name, params=params, help=text, callback=run))


def _common(module: "ModuleType") -> list[click.Parameter]:
    """The options every applet has, and those that its run() has a keyword for."""
    known = module.run.__kwdefaults__ or {}
    params: list[click.Parameter] = [
        click.Option(["--root"], metavar="DIR", default="/", type=click.Path(exists=True, file_okay=False),
                     help="Work on the system in DIR instead of /.")
    ]  # fmt: skip
    if "dry_run" in known:
        params.append(click.Option(["--dry-run"], is_flag=True, help="Print the plan, change nothing."))
    if "ready_fd" in known:
        text = "Write a newline to descriptor N when ready, as OpenRC's notify=fd:N and s6 expect."
        params.append(click.Option(["--ready-fd"], metavar="N", type=click.IntRange(0), help=text))
    return params


def program(args: list[str]) -> int:
    """`p7` with options of its own."""
    return _main(program_command(), args)


def program_command() -> click.Command:
    """The command that `p7` is when no applet is named."""
    params: list[click.Parameter] = [
        click.Option(["--list", "list_"], is_flag=True, help="List the applets with their summaries."),
        click.Option(["--install"], is_flag=True, help="Link every applet's name in DIR to this program."),
        click.Option(["-s", "symbolic"], is_flag=True, help="With --install: symbolic links, not hard ones."),
        click.Argument(["folder"], metavar="[DIR]", required=False, type=click.Path(exists=True, file_okay=False)),
    ]

    def run(list_: bool, install: bool, symbolic: bool, folder: str | None) -> int:
        if install and folder is not None:
            return menu.install(folder, symbolic)
        if install or symbolic or folder is not None:
            raise click.UsageError("it is: p7 --install [-s] DIR")
        return menu.show()

    text = "Give software that expects systemd just enough surface, on a system that has none.\n\n"
    text += "`p7 NAME ...` runs the applet NAME, as a link of that name does; `p7` alone lists them."
    return _command("p7", text, params, run)


def _main(command: click.Command, args: list[str]) -> int:
    try:
        # No environment variable steers p7: without a name for it click's shell completion stays off.
        status = command.main(args, prog_name=command.name, complete_var="", standalone_mode=False)
    except click.ClickException as error:
        error.show(sys.stderr)
        return 2
    except click.Abort:
        return 130
    return status if isinstance(status, int) else 0
