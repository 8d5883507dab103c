"""A caller, and a server, with Debian's own oslo.messaging: JSON lines in, JSON lines out.

Each line is a request with an `id`; its answer carries the same. Requests run beside each other.
"""

import builtins
import json
import logging
import sys
import threading
import types

logging.basicConfig(stream=sys.stderr, level=logging.ERROR)
import oslo_messaging
from oslo_config import cfg
from oslo_messaging.rpc.dispatcher import DefaultRPCAccessPolicy


def nova_exceptions(parents):
    """Stands in for nova.exception, which is not packaged apart from all of Nova: its constructor and its class tree."""

    class NovaException(Exception):
        msg_fmt = "An unknown exception occurred."
        code = 500

        def __init__(self, message=None, **kwargs):
            self.kwargs = kwargs
            kwargs.setdefault("code", self.code)
            self.message = str(message) if message else self.msg_fmt % kwargs
            super().__init__(self.message)

    module = types.ModuleType("nova.exception")
    module.NovaException = NovaException
    for name, parent in parents.items():
        setattr(module, name, type(name, (getattr(module, parent),), {"__module__": "nova.exception"}))
    sys.modules["nova"] = types.ModuleType("nova")
    sys.modules["nova.exception"] = module


def find_class(name):
    module, _, name = name.rpartition(".")
    return getattr(builtins if module == "" else sys.modules[module], name)


def describe(error):
    return {
        "class": type(error).__name__,
        "mro": [base.__name__ for base in type(error).__mro__],
        "text": str(error),
        "args": list(getattr(error, "args", ())),
        "kwargs": getattr(error, "kwargs", None),
        "remote": {
            "type": getattr(error, "exc_type", None),
            "value": getattr(error, "value", None),
            "traceback": getattr(error, "traceback", None),
        },
    }


class Endpoint:
    """Notes what reaches it."""

    def __init__(self, namespace, version):
        self.target = oslo_messaging.Target(namespace=namespace, version=version)
        self.seen = []
        self.lock = threading.Lock()

    def note(self, context, **args):
        with self.lock:
            self.seen.append(args)
        return len(self.seen)


class Session:
    def __init__(self, url, options, allowed):
        self.conf = cfg.CONF
        self.conf([], project="zenova-test", default_config_files=[], default_config_dirs=[])
        self.transport = oslo_messaging.get_rpc_transport(self.conf, url=url, allowed_remote_exmods=allowed)
        for name, value in options.items():
            self.conf.set_override(name, value, group="oslo_messaging_rabbit")
        self.servers = []

    def do(self, request):
        return getattr(self, request["do"])(request)

    def client(self, request):
        target = oslo_messaging.Target(exchange=request["exchange"], topic=request["topic"])
        client = oslo_messaging.get_rpc_client(self.transport, target)
        named = ("namespace", "version", "server", "fanout", "timeout", "call_monitor_timeout")
        return client.prepare(**{name: request[name] for name in named if name in request})

    def call(self, request):
        expected = find_class(request["catch"]) if "catch" in request else ()
        try:
            result = self.client(request).call(request.get("context", {}), request["method"], **request["args"])
            return {"result": result}
        except expected as error:
            return {"caught": describe(error)}
        except Exception as error:
            return {"failed": describe(error)}

    def cast(self, request):
        self.client(request).cast(request.get("context", {}), request["method"], **request["args"])
        return {"result": None}

    def serve(self, request):
        target = oslo_messaging.Target(exchange=request["exchange"], topic=request["topic"], server=request["server"])
        endpoint = Endpoint(request.get("namespace"), request.get("version", "1.0"))
        server = oslo_messaging.get_rpc_server(
            self.transport, target, [endpoint], executor="threading", access_policy=DefaultRPCAccessPolicy
        )
        server.start()
        self.servers.append((server, endpoint))
        return {"result": None}

    def seen(self, _request):
        return {"result": [args for _, endpoint in self.servers for args in endpoint.seen]}

    def close(self):
        for server, _ in self.servers:
            server.stop()
            server.wait()
        self.transport.cleanup()


def main():
    first = json.loads(sys.stdin.readline())
    nova_exceptions(first["nova_exceptions"])
    session = Session(first["url"], first["options"], first["allowed_remote_exmods"])
    lock = threading.Lock()

    def answer(request):
        try:
            given = session.do(request)
        except Exception as error:
            given = {"failed": describe(error)}
        with lock:
            print(json.dumps({"id": request["id"], **given}, default=str), flush=True)

    print(json.dumps({"id": 0, "result": "ready"}), flush=True)
    for line in sys.stdin:
        threading.Thread(target=answer, args=(json.loads(line),), daemon=True).start()
    session.close()


main()
