"""A caller with Debian's own oslo.messaging: requests in, answers out, as lines of JSON. Requests run beside each other."""

import json
import logging
import sys
import threading

logging.basicConfig(stream=sys.stderr, level=logging.CRITICAL)
import oslo_messaging
from oslo_config import cfg


def told(error):
    """The error as the service wrote it, wherever this library leaves it; None when the service did not say anything."""
    for place in (getattr(error, "traceback", None) or [], getattr(error, "args", ())):
        for piece in place if isinstance(place, (list, tuple)) else [place]:
            if isinstance(piece, dict) and "code" in piece:
                return piece
            if isinstance(piece, str) and piece.startswith("{"):
                return json.loads(piece)
    return None


def main():
    first = json.loads(sys.stdin.readline())
    conf = cfg.CONF
    conf([], project="zenova-torture", default_config_files=[], default_config_dirs=[])
    # Nova's exceptions are not at hand: without them every failure arrives as a RemoteError that holds all of it.
    transport = oslo_messaging.get_rpc_transport(conf, url=first["url"], allowed_remote_exmods=[])
    for name, value in first["options"].items():
        conf.set_override(name, value, group="oslo_messaging_rabbit")
    client = oslo_messaging.get_rpc_client(transport, oslo_messaging.Target(exchange="zenova", topic="zenova"))
    lock = threading.Lock()

    def call(request):
        namespace, method = request["method"].split(".")
        prepared = client.prepare(namespace=namespace, timeout=request["timeout"])
        try:
            answer = {"result": prepared.call({}, method, **request["data"])}
        except Exception as error:
            answer = {"error": told(error)}
        with lock:
            print(json.dumps({"id": request["id"], **answer}), flush=True)

    print(json.dumps({"id": 0}), flush=True)
    for line in sys.stdin:
        threading.Thread(target=call, args=(json.loads(line),), daemon=True).start()


main()
