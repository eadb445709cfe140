#!/usr/bin/env python3
"""The AWS CLI without its half second of loading, for tests that call it a hundred times.

    aws.py serve SOCKET           loads the AWS CLI once, says so on stdout, and forks for each call; ends with its stdin
    aws.py call SOCKET ARGS...    one call: the environment, the folder and the three streams are the caller's
"""
import array
import json
import os
import signal
import socket
import sys
import threading


def call(path, arguments):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.connect(path)
        asked = json.dumps({"args": arguments, "env": dict(os.environ), "cwd": os.getcwd()}).encode()
        streams = array.array("i", [0, 1, 2])
        door.sendmsg([len(asked).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
        door.sendall(asked)
        answer = door.recv(1)
    return answer[0] if answer else 1


def answer(door):
    """In a process of its own: becomes the caller, and runs the CLI."""
    from awscli.clidriver import create_clidriver
    size, ancillary, _, _ = door.recvmsg(4, socket.CMSG_LEN(3 * array.array("i").itemsize))
    streams = array.array("i")
    for _, _, data in ancillary:
        streams.frombytes(data)
    asked, length = b"", int.from_bytes(size, "big")
    while len(asked) < length:
        asked += door.recv(length - len(asked))
    asked = json.loads(asked)
    for stream, given in enumerate(streams):
        os.dup2(given, stream)
    data = os.environ["AWS_DATA_PATH"]  # set when the CLI is loaded
    os.environ.clear()
    os.environ.update(asked["env"], AWS_DATA_PATH=data)
    os.chdir(asked["cwd"])
    try:
        code = create_clidriver().main(asked["args"])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    sys.stdout.flush()
    sys.stderr.flush()
    door.sendall(bytes([code & 255]))
    os._exit(0)


def serve(path):
    import awscli.clidriver
    import awscli.handlers  # noqa: F401  what the first call would load
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that have answered
    awscli.clidriver.create_clidriver()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as doors:
        doors.bind(path)
        doors.listen(16)
        # Whoever started this one is gone when its stdin ends.
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
        print("ready", flush=True)
        while True:
            door, _ = doors.accept()
            if os.fork() == 0:
                doors.close()
                answer(door)
            door.close()


if __name__ == "__main__":
    verb, place, *rest = sys.argv[1:]
    sys.exit(serve(place) if verb == "serve" else call(place, rest))
