import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Check } from "../../../../../components/platform/checks/checks.ts";
import { planChecks } from "../../../../../components/platform/checks/inside.ts";

const containers = new Map([
  ["platform-web-staging", { service: "web", container: "web" }],
  ["platform-redis-staging", { service: "redis", container: "redis" }],
]);
const plan = (...checks: Check[]) =>
  planChecks(checks, {
    service: "web",
    stack: "staging",
    suffix: "-staging",
    domain: "example.org",
    waitTimeout: 120,
    containers: () => containers,
  });

describe("where a check runs", () => {
  it("an address of the world is asked from outside, and so is Prometheus", () => {
    const checks: Check[] = [
      { url: "https://web-staging.example.org/" },
      { url: "https://platform-web-staging.example.org/" },
      { command: "true" },
      { prometheus: { query: "up", success: "== 1" } },
    ];
    expect(plan(...checks)).toEqual({ outside: checks, probes: [], asks: [], problems: [] });
  });

  it("an address that names a container of its own is asked in the network", () => {
    const { outside, probes, asks, problems } = plan({ url: "http://platform-web-staging:8080/ready", expect: 204 });
    expect({ outside, asks, problems }).toEqual({ outside: [], asks: [], problems: [] });
    expect(probes).toMatchObject([{ number: 1, image: "busybox:1.36", joins: false, patience: 40 }]);
    expect(probes[0]?.environment).toMatchObject({
      STACK: "staging",
      SERVICE: "web",
      SUFFIX: "-staging",
      DOMAIN: "example.org",
    });
    expect(probes[0]).toHaveProperty("release");
    expect(probes[0]).not.toHaveProperty("watch");
  });

  it("one of another service's container joins the environment's network", () => {
    const { probes, asks } = plan({ url: "http://platform-redis-staging:6379/" });
    expect(probes).toMatchObject([{ joins: true }]);
    expect(asks).toEqual([{ service: "redis", container: "redis", name: "platform-redis-staging" }]);
  });

  it("a command beside a container is in the network, and numbers count those alone", () => {
    const { outside, probes } = plan(
      { command: "a" },
      { command: "b", beside: "web" },
      { command: "c", beside: "web" },
    );
    expect(outside).toEqual([{ command: "a" }]);
    expect(probes.map(({ number, beside, environment }) => [number, beside, environment.CHECK])).toEqual([
      [1, "web", "b"],
      [2, "web", "c"],
    ]);
  });

  it.each([
    [undefined, ["release"]],
    ["watch", ["watch"]],
    [
      ["release", "watch"],
      ["release", "watch"],
    ],
  ] as const)("during %j has scripts for %j", (during, scripts) => {
    const { probes } = plan({ command: "a", beside: "web", ...(during && { during }) });
    expect(["release", "watch"].filter((each) => each in probes[0]!)).toEqual(scripts);
  });
});

describe("refuses", () => {
  it.each<[string, Check, string, string]>([
    [
      "a container that is not there",
      { url: "http://platform-wbe-staging/" },
      "there is no container `platform-wbe-staging` in this stack",
      "did you mean `platform-web-staging`?",
    ],
    [
      "one that is like nothing",
      { url: "http://platform-x/" },
      "there is no container `platform-x` in this stack",
      "write the full name, with the stack's suffix",
    ],
    [
      "https",
      { url: "https://platform-web-staging/" },
      "containers talk in clear in the platform's network",
      "write `http://…`",
    ],
    [
      "a sign-in",
      { url: "http://ann:pw@platform-web-staging/" },
      "a sign-in in an address would stand in the text on Dokploy",
      "write a `command` with `beside` that reads it from /run/secrets",
    ],
    [
      "what takes longer than its stage",
      { command: "a", beside: "web", attempts: 60, interval: 2 },
      "it is tried for 120 s, and a stage of the deployment ends after 120 s",
      "try it less often, or raise `waitTimeout` of the service",
    ],
  ])("%s", (_name, check, message, hint) => {
    expect(plan(check).problems).toMatchObject([{ index: 0, message, hint }]);
  });
});

const folder = mkdtempSync(join(tmpdir(), "dockmaster-inside-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a script with a `wget` that says this on stderr, and a `sleep` that does not wait but ends the script the second time. */
function run(script: string, environment: Record<string, string>, said: string) {
  const program = (name: string, text: string) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  writeFileSync(join(folder, "said"), `${said}\n`);
  program("wget", `cat "${folder}/said" >&2; exit 1`);
  program(
    "sleep",
    `n=$(cat "${folder}/slept" 2>/dev/null || echo 0); n=$((n + 1)); echo $n > "${folder}/slept"; [ "$1" -ge 30 ] && kill -TERM $PPID; exit 0`,
  );
  rmSync(join(folder, "slept"), { force: true });
  const env = { ...environment, PATH: `${folder}:${process.env.PATH}` };
  const { status, stderr, signal } = spawnSync("/bin/sh", ["-c", script], { encoding: "utf8", env });
  return { status, stderr, signal };
}

describe("the question of an address", () => {
  const probe = (expects?: number) =>
    plan({ url: "http://platform-web-staging:8080/it's?a=$b", attempts: 2, ...(expects && { expect: expects }) })
      .probes[0]!;
  const ask = (said: string, expects?: number) => {
    const { release = "", environment } = probe(expects);
    return run(release, environment, said);
  };

  it.each([
    ["  HTTP/1.1 200 OK", undefined, 0],
    ["Connecting to x\n  HTTP/1.0 204 No Content\n  Server: y", 204, 0],
    ["  HTTP/1.1 302 Found\n  Location: /x\n  HTTP/1.1 200 OK", 302, 0],
    ["  HTTP/1.1 302 Found\n  Location: /x\n  HTTP/1.1 200 OK", 200, 1],
    ["  HTTP/1.1 404 Not Found\nwget: server returned error", undefined, 1],
    ["wget: can't connect to remote host", undefined, 1],
  ])("%j is judged by its first status", (said, expects, status) => {
    expect(ask(said, expects).status).toBe(status);
  });

  it("says what was answered, and what to read of it in the end", () => {
    expect(ask("  HTTP/1.1 503 Service Unavailable").stderr).toContain("it answered 503 instead of 200");
    const { stderr } = ask("wget: can't connect to remote host (10.0.0.2): Connection refused");
    expect(stderr).toContain("check_failed: web runs, but check 1 failed 2 times");
    expect(stderr).toContain("it answered nothing instead of 200\nwget: can't connect");
  });
});

describe("what is repeated for ever", () => {
  const held = join(folder, "held");
  const watch = (command: string) => {
    const [probe] = plan({ command, beside: "web", during: "watch", attempts: 2 }).probes;
    return run((probe?.watch ?? "").replaceAll("/tmp/held", held), probe?.environment ?? {}, "");
  };

  it("is well from its start, and as long as it holds", () => {
    watch("exit 0");
    expect(existsSync(held)).toBe(true);
  });

  it("is not when it does not hold, and says why in its log", () => {
    const { stderr } = watch("echo no more disk; exit 1");
    expect(existsSync(held)).toBe(false);
    expect(stderr).toContain("check 1 does not hold");
    expect(stderr).toContain("no more disk");
  });
});
