"""Sends bytes as they are to the site, all at once, each on a connection of its own, and prints what came back as JSON.

Standard input: {name: {"text": …, "more": …, "times": …, "from": …, "pause": …, "hold": …}}, all but the text optional: what is
sent, what comes behind it how often, by which address of this machine, with how many seconds before the last byte, and
how many seconds the connection stays open without a word afterwards. Bytes are written as the characters with their
numbers (Latin-1).
"""

import contextlib
import json
import socket
import ssl
import sys
import threading
import time

PATIENCE = 13
answers: dict[str, str] = {}


def send(name: str, request: dict) -> None:
    data = (request["text"] + request.get("more", "") * request.get("times", 1)).encode("latin-1")
    answer = b""
    try:
        plain = socket.create_connection(("172.30.0.51", 443), PATIENCE, (request.get("from", "172.30.0.51"), 0))
        context = ssl.create_default_context(cafile="/var/lib/machine/secrets/ca.pem")
        with context.wrap_socket(plain, server_hostname="www.foobar.com") as connection:
            pause = request.get("pause", 0)
            # who was refused before the end may not be listening any more
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(data[:-1])
                time.sleep(pause)
                connection.sendall(data[-1:])
            time.sleep(request.get("hold", 0))
            connection.settimeout(2 if "pause" not in request else PATIENCE)
            while received := connection.recv(65536):
                answer += received
            answer += b"\n(closed)"
    except TimeoutError:
        answer += b"\n(open)"
    except OSError as error:
        answer += f"\n(closed: {error})".encode()
    answers[name] = answer.decode("latin-1")


threads = [threading.Thread(target=send, args=each) for each in json.load(sys.stdin).items()]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps(answers))
