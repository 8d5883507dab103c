"""What the real cloud-init makes of a seed. Reads one request, a line of JSON, and answers one. It changes nothing but a
directory that it is given, which takes the place of /var/lib/cloud.

    {"do": "read", "url": …}                    reads a seed as the datasource does
    {"do": "medium", "directory": …}            reads one from a medium
    {"do": "user-data", "text": …, "paths": …}   takes user data apart, and merges its cloud-config
    {"do": "cmdline", "text": …}                what a kernel's parameters say to NoCloud"""
import json
import os
import sys

sys.path.insert(0, "/usr/lib/python3/dist-packages")

import yaml
from cloudinit import helpers, user_data, util
from cloudinit.handlers.cloud_config import CloudConfigPartHandler
from cloudinit.settings import PER_INSTANCE
from cloudinit.sources import DataSourceNoCloud


def text(data):
    return None if data is None else util.decode_binary(data)


def read(request):
    answer = util.read_seeded(request["url"], timeout=30, retries=0)
    # Newer ones read a network configuration too.
    return {"metadata": answer[0], "user_data": text(answer[1]), "vendor_data": text(answer[2]), "network": answer[3:]}


def medium(request):
    files = util.pathprefix2dict(
        request["directory"], required=["user-data", "meta-data"], optional=["vendor-data", "network-config"]
    )
    seed = DataSourceNoCloud._merge_new_seed({"meta-data": {}}, files)
    return {"metadata": seed["meta-data"], "user_data": text(seed["user-data"]), "network": seed.get("network-config")}


def take_apart(request):
    root = request["paths"]
    paths = helpers.Paths({"cloud_dir": root, "run_dir": root, "templates_dir": root})
    merged = os.path.join(root, "merged")
    paths.get_ipath = lambda _name=None: merged
    handler = CloudConfigPartHandler(paths)
    message = user_data.UserDataProcessor(paths).process(request["text"].encode())
    parts = []
    handler.handle_part(None, "__begin__", None, None, None, {})
    for part in message.walk():
        if user_data.is_skippable(part):
            continue
        payload = util.fully_decoded_payload(part)
        parts.append({"type": part.get_content_type(), "text": text(payload)})
        if part.get_content_type() == "text/cloud-config":
            handler.handle_part(None, "text/cloud-config", part.get_filename(), payload, PER_INSTANCE, dict(part))
    handler.handle_part(None, "__end__", None, None, None, {})
    with open(merged, encoding="utf-8") as file:
        return {"parts": parts, "config": yaml.safe_load(file)}


def cmdline(request):
    found = {}
    return {"claimed": DataSourceNoCloud.load_cmdline_data(found, request["text"]), "metadata": found}


DO = {"read": read, "medium": medium, "user-data": take_apart, "cmdline": cmdline}
request = json.loads(sys.stdin.readline())
json.dump(DO[request["do"]](request), sys.stdout)
