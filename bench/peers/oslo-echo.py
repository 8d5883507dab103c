"""An RPC server of oslo.messaging with its own defaults and threads: it answers at once what it was given."""

import json
import logging
import sys

logging.basicConfig(stream=sys.stderr, level=logging.ERROR)
import oslo_messaging
from oslo_config import cfg
from oslo_messaging.rpc.dispatcher import DefaultRPCAccessPolicy

options = json.loads(sys.argv[1])


class Power:
    target = oslo_messaging.Target(namespace="power", version="1.0")

    def query(self, context, host, instance):
        return options["answer"]


cfg.CONF([], project="zenova-bench", default_config_files=[], default_config_dirs=[])
transport = oslo_messaging.get_rpc_transport(cfg.CONF, url=options["url"])
server = oslo_messaging.get_rpc_server(
    transport,
    oslo_messaging.Target(exchange=options["exchange"], topic=options["topic"], server=options["server"]),
    [Power()],
    executor="threading",
    access_policy=DefaultRPCAccessPolicy,
)
server.start()
print("ready", flush=True)
# It ends with its parent, which closes this.
sys.stdin.read()
server.stop()
server.wait()
transport.cleanup()
