#!/usr/bin/env python3
"""Stands in for Authentik's `ak`: server, worker and healthcheck, asking the real PostgreSQL and Redis with the real settings."""
import http.server
import os
import subprocess
import sys
import time

HEARTBEAT = "/tmp/authentik-worker"


def setting(name):
    """`file:///…` is read when it is needed, everything else is the value itself."""
    value = os.environ.get("AUTHENTIK_" + name, "")
    if not value.startswith("file://"):
        return value
    with open(value.removeprefix("file://")) as file:
        return file.read()


def database(query):
    env = {**os.environ, "PGPASSWORD": setting("POSTGRESQL__PASSWORD"), "PGCONNECT_TIMEOUT": "3"}
    names = ["-h", setting("POSTGRESQL__HOST"), "-U", setting("POSTGRESQL__USER"), "-d", setting("POSTGRESQL__NAME")]
    subprocess.run(["psql", "-XAtqw", "-v", "ON_ERROR_STOP=1", *names, "-c", query], env=env, check=True, timeout=4)


def redis():
    env = {**os.environ, "REDISCLI_AUTH": setting("REDIS__PASSWORD")}
    words = ["redis-cli", "-h", setting("REDIS__HOST"), "-n", setting("REDIS__DB"), "PING"]
    answer = subprocess.run(words, env=env, check=True, timeout=4, capture_output=True, text=True)
    if answer.stdout.strip() != "PONG":
        raise RuntimeError("Redis does not answer")


def ready():
    try:
        for needed in ("SECRET_KEY", "BOOTSTRAP_PASSWORD", "BOOTSTRAP_TOKEN"):
            if not setting(needed):
                raise RuntimeError(needed + " is empty")
        database("CREATE TABLE IF NOT EXISTS started (at timestamptz DEFAULT now())")
        redis()
        return True
    except Exception as error:  # pylint: disable=broad-except
        print(type(error).__name__, getattr(error, "returncode", ""), flush=True)
        return False


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        # Who is not signed in is sent on to the flow of the instance.
        if self.path == "/flows/-/default/authentication/":
            self.send_response(302)
            self.send_header("Location", "/if/flow/default-authentication-flow/")
        elif self.path == "/if/flow/default-authentication-flow/":
            self.send_response(200 if ready() else 503)
        else:
            known = self.path == "/-/health/ready/"
            self.send_response(404 if not known else 204 if ready() else 503)
        self.end_headers()

    def log_message(self, *_):
        pass


def server():
    if not os.path.exists("/media/first-start"):
        with open("/media/first-start", "w") as file:
            file.write(time.strftime("%FT%TZ\n", time.gmtime()))
    http.server.ThreadingHTTPServer(("0.0.0.0", 9000), Handler).serve_forever()


def worker():
    while True:
        if ready():
            with open(HEARTBEAT, "w") as file:
                file.write(str(time.time()))
        time.sleep(2)


def healthcheck():
    with open(HEARTBEAT) as file:
        sys.exit(0 if time.time() - float(file.read()) < 15 else 1)


{"server": server, "worker": worker, "healthcheck": healthcheck}[sys.argv[1]]()
