#!/usr/bin/python3
"""Switches an instance on through Zenova, from any Python service that has oslo.messaging.

    ZENOVA_TRANSPORT_URL=rabbit://user:password@broker.example.org:5672/ oslo_caller.py cpc1 ubuntu01

The address of the broker holds a password, so it is no argument: everybody on the machine can read those.
"""

import argparse
import json
import os
import uuid

import oslo_messaging
from oslo_config import cfg


def zenova_error(error):
    """The whole error that Zenova sent: code, message, retry, outcome, operation_id ...; None for other exceptions."""
    lines = getattr(error, "traceback", None) or str(error).splitlines()
    try:
        found = json.loads(lines[-1])
    except (IndexError, TypeError, ValueError):
        return None
    return found if isinstance(found, dict) and "code" in found else None


class Zenova:
    """A client of the namespaces that this program needs."""

    def __init__(self, transport, exchange="zenova", topic="zenova"):
        target = oslo_messaging.Target(exchange=exchange, topic=topic, version="1.0")
        self._client = oslo_messaging.get_rpc_client(transport, target)

    def get_info(self, context, host, instance):
        client = self._client.prepare(namespace="compute", timeout=60)
        return client.call(context, "get_info", host=host, instance=instance)

    def power_on(self, context, host, instance, key):
        # Zenova says every 30 seconds that it is still at work. A service that is gone is noticed after 60.
        client = self._client.prepare(namespace="compute", timeout=900, call_monitor_timeout=60)
        request = {"host": host, "instance": instance, "idempotency_key": key, "deadline_ms": 600_000}
        try:
            return client.call(context, "power_on", **request)
        except oslo_messaging.MessagingTimeout:
            # Nobody knows what became of it. The same key gets the outcome, or waits for it; nothing is done twice.
            return client.call(context, "power_on", **request)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exchange", default="zenova", help="its oslo.control_exchange")
    parser.add_argument("--topic", default="zenova", help="its oslo.topic")
    parser.add_argument("host", help="a host of its configuration")
    parser.add_argument("instance", help="an instance on that host")
    options = parser.parse_args()
    url = os.environ.get("ZENOVA_TRANSPORT_URL")
    if not url:
        parser.error("set ZENOVA_TRANSPORT_URL to the address of the service's broker")

    # The flags of [oslo_messaging_rabbit] must be those of the section oslo; without a file both have oslo's defaults.
    cfg.CONF([], project="zenova-example")
    # Nova's services put nova.exception here; builtin exceptions come through in any case.
    transport = oslo_messaging.get_rpc_transport(cfg.CONF, url=url, allowed_remote_exmods=[])
    zenova = Zenova(transport, options.exchange, options.topic)
    context = {"user_id": "example", "request_id": f"req-{uuid.uuid4()}"}
    try:
        before = zenova.get_info(context, options.host, options.instance)
        print(f"{options.instance} is {before['power_state']}")
        done = zenova.power_on(context, options.host, options.instance, key=f"example-{uuid.uuid4()}")
        print(f"power_on: {done['outcome']}, now {done['power_state']}, operation {done['operation_id']}")
    except ValueError as error:
        raise SystemExit(f"a mistake of ours: {str(error).splitlines()[0]}")
    except NotImplementedError as error:
        raise SystemExit(f"its driver cannot do this: {str(error).splitlines()[0]}")
    except oslo_messaging.RemoteError as error:
        # A class whose module is not allowed above: its name is all that is left of it, and the whole error.
        whole = zenova_error(error) or {}
        again = "may be sent again" if whole.get("retry") == "safe" else "is not to be repeated as it is"
        raise SystemExit(f"{error.exc_type}: {error.value} ({again})")
    finally:
        transport.cleanup()


if __name__ == "__main__":
    main()
