"""Gets Schemathesis behind the door: what it sends is signed over the bytes that go out, in the form with a nonce, and names that fit the
schema but nothing that there is become names of the repository that the runner has. What does not fit stays as it is."""

import hashlib
import hmac
import os
import re
import time
import uuid

import schemathesis
from requests.auth import AuthBase

SECRET = os.environ["WEBHOOK_SECRET"].encode()


class Signing(AuthBase):
    def __call__(self, request):
        body = request.body or b""
        if isinstance(body, str):
            body = body.encode()
        if request.method in ("GET", "HEAD"):
            body = b""
        timestamp = str(int(time.time()))
        nonce = uuid.uuid4().hex
        digest = hashlib.sha256(body).hexdigest()
        text = "\n".join(["v2", request.method, request.path_url, timestamp, nonce, digest])
        request.headers["X-Dockmaster-Timestamp"] = timestamp
        request.headers["X-Dockmaster-Nonce"] = nonce
        request.headers["X-Dockmaster-Signature"] = "v2=" + hmac.new(SECRET, text.encode(), "sha256").hexdigest()
        return request


schemathesis.auth.set_from_requests(Signing())

ENVIRONMENTS = ["staging", "production"]
SERVICES = ["postgres", "redis"]


def one_of(names, value):
    return names[len(value) % len(names)]


@schemathesis.hook
def before_call(context, case, kwargs):
    body = case.body
    if not isinstance(body, dict):
        return
    env, services, tag = body.get("env"), body.get("services"), body.get("tag")
    if isinstance(env, str) and re.fullmatch("[a-z][a-z0-9-]{0,62}", env) and env != "bootstrap":
        body["env"] = one_of(ENVIRONMENTS, env)
    if isinstance(services, list) and all(isinstance(each, str) for each in services):
        if all(re.fullmatch(r"(platform/)?(\d+\.)?[a-z][a-z0-9_-]{0,62}", each) for each in services):
            body["services"] = [one_of(SERVICES, each) for each in services]
    if isinstance(tag, str) and re.fullmatch(r"v\d+\.\d+\.\d+", tag, re.ASCII) and len(tag) % 2 == 0:
        body["tag"] = "v1.0.1"
