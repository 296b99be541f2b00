"""Accepts connections on the given TCP ports of every address, and closes them at once.

    listen.py 22,80,443

It is there for numbers, not for service identification: a port that is open, and nothing behind it.
"""

import selectors
import socket
import sys


def listen(port):
    listener = socket.create_server(("", port), backlog=65535, reuse_port=False)
    listener.setblocking(False)
    return listener


def accept_all(listener):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.close()


def main():
    selector = selectors.DefaultSelector()
    for port in sys.argv[1].split(","):
        selector.register(listen(int(port)), selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            accept_all(key.fileobj)


if __name__ == "__main__":
    main()
