"""PipeWire's PODs, taken apart as they are put together, and the registry's events whole or in pieces."""

import socket
import threading

import pytest

from p7 import pipewire
from p7.pipewire import fields, pod_int, pod_string, pod_struct, text


def _event(target, opcode, pod):
    """A message as the server sends it."""
    words = (target, opcode << 24 | len(pod), 0, 0)
    return b"".join(word.to_bytes(4, "little") for word in words) + pod


def _metadata(name):
    properties = pod_struct(pod_int(2), *map(pod_string, ("object.serial", "9", "metadata.name", name)))
    kind = pod_string("PipeWire:Interface:Metadata")
    return _event(2, 0, pod_struct(pod_int(40), pod_int(0), kind, pod_int(3), properties))


DONE = _event(0, 1, pod_struct(pod_int(0), pod_int(0)))


@pytest.fixture
def serve(tmp_path):
    """A function that starts a server, which sends these pieces one by one; its path."""
    path, threads = str(tmp_path / "pipewire-0"), []
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()

    def serve(pieces):
        def work():
            peer = listener.accept()[0]
            with peer:
                for piece in pieces:
                    peer.sendall(piece)
                peer.recv(4096)
                peer.recv(4096)  # until the client goes

        threads.append(threading.Thread(target=work))
        threads[-1].start()
        return path

    yield serve
    listener.close()


@pytest.mark.parametrize("word", ["", "a", "abcdefg", "abcdefgh", "schön"])
def test_strings_are_padded_and_come_back(word):
    pod = pod_struct(pod_string(word), pod_int(7), pod_string("end"))
    assert len(pod) % 8 == 0
    first, number, last = fields(pod)
    assert (text(first), number, text(last)) == (word, pod_int(7)[:12], "end")


def test_a_struct_that_claims_more_than_there_is_ends():
    assert len(fields(pod_struct(pod_int(1))[:-1])) <= 1
    assert fields(b"") == []


@pytest.mark.parametrize("size", [1, 7, 16, 4096])
def test_the_list_may_come_in_pieces(serve, size):
    stream = _event(0, 0, pod_struct(pod_int(5))) + _metadata("settings") + _metadata("default") + DONE
    registry = pipewire.Registry(serve([stream[i : i + size] for i in range(0, len(stream), size)]), 2)
    assert registry.has_metadata("default")
    assert not registry.has_metadata("route-settings")


def test_a_server_that_is_silent_or_goes_is_an_error(serve):
    with pytest.raises(TimeoutError):
        pipewire.Registry(serve([]), 0.05)


def test_no_server_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        pipewire.Registry(str(tmp_path / "nothing"), 1)
