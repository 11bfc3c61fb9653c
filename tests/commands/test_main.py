import subprocess
import sys

import pytest

from factories import present
from houndmon.__main__ import COMMANDS, main


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__.rpartition(".")[2])
def test_it_explains_each_command(command, capsys):
    """`--help` of each command says in a sentence what it does, and names its options."""
    with pytest.raises(SystemExit) as left:
        main([command.__name__.rpartition(".")[2], "--help"])
    assert left.value.code == 0
    assert command.__doc__.splitlines()[0] in capsys.readouterr().out


def test_it_ends_quietly_where_nobody_reads_on():
    """A reader that has seen enough, as `head` has, is no error to trace."""
    program = "import sys; from houndmon.__main__ import main; sys.exit(main(['token', 'table']))"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    present(process.stdout).close()
    assert present(process.stderr).read() == b""
    assert process.wait() == 1


def test_it_refuses_a_command_that_there_is_not(capsys):
    """A misspelt command is refused with the list of those that there are, and status 2."""
    with pytest.raises(SystemExit) as left:
        main(["serv"])
    assert left.value.code == 2
    assert "serve" in capsys.readouterr().err
