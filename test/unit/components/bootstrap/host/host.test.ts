import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { recordResources } from "../runner/registered.ts";

const engine = await recordResources();
const { PreparedHost } = await import("../../../../../components/bootstrap/host/host.ts");
const SCRIPT = new URL("../../../../../components/bootstrap/host/prepare.sh", import.meta.url).pathname;

const args = { address: "server.example.org", port: 22, user: "root", hostKey: "ssh-ed25519 AAAA" };

describe("a prepared host", () => {
  beforeEach(engine.clear);

  test("is reached over SSH with its own key, and gets the script", async () => {
    new PreparedHost("host", args);
    expect(await engine.inputsOf("Command")).toMatchObject({
      connection: { host: "server.example.org", port: 22, user: "root", hostKey: "ssh-ed25519 AAAA" },
      create: readFileSync(SCRIPT, "utf8"),
      addPreviousOutputInEnv: false,
    });
  });

  test("takes a private key as a secret", async () => {
    new PreparedHost("host", { ...args, privateKey: "canary" });
    expect(await engine.inputsOf("Command")).toMatchObject({ connection: { privateKey: "canary" } });
    expect(JSON.stringify((await engine.ofType("Command"))[0]?.inputs)).toContain("4dabf18193072939515e22adb298388d");
  });
});

describe("the script", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dockmaster-host-"));
    program("id", "echo 0");
    program("tee", 'cat > "$SETTINGS"');
    program("cat", '[ "$1" = /etc/sysctl.d/60-dockmaster.conf ] && set -- "$SETTINGS"; exec /bin/cat "$@"');
    program("sysctl", 'echo "$@" >> "$CALLS"');
    program("df", 'echo Avail; echo "50G"');
    docker("2.40.0");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function program(name: string, text: string): void {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  }

  function docker(version: string, network = true): void {
    program(
      "docker",
      `case "$*" in "compose version --short") echo ${version} ;; network*) exit ${network ? 0 : 1} ;; esac`,
    );
  }

  function run(): { ok: boolean; text: string } {
    const env = { PATH: `${folder}:/usr/bin:/bin`, SETTINGS: join(folder, "settings"), CALLS: join(folder, "calls") };
    try {
      return { ok: true, text: execFileSync("/bin/sh", [SCRIPT], { env, encoding: "utf8", stdio: "pipe" }) };
    } catch (error) {
      return { ok: false, text: (error as { stderr: string }).stderr };
    }
  }

  test("changes the kernel's setting once", () => {
    expect(run()).toEqual({ ok: true, text: "changed: vm.overcommit_memory is 1\nready: Docker Compose 2.40.0\n" });
    expect(run()).toEqual({ ok: true, text: "ready: Docker Compose 2.40.0\n" });
    expect(readFileSync(join(folder, "settings"), "utf8")).toBe("vm.overcommit_memory = 1\n");
    expect(readFileSync(join(folder, "calls"), "utf8").trim().split("\n")).toHaveLength(1);
  });

  test.each<[string, () => void, string]>([
    ["a Compose without inline configs", () => docker("v2.20.3"), "Docker Compose 2.20.3 is older than 2.23.1"],
    ["no Dokploy", () => docker("2.40.0", false), "there is no network dokploy-network"],
    ["a full disk", () => program("df", 'echo Avail; echo "2G"'), "less than 5 GB are free"],
  ])("refuses a host with %s, and says what to do", (_name, spoil, message) => {
    spoil();
    const { ok, text } = run();
    expect(ok).toBe(false);
    expect(text).toContain(message);
    expect(text).toContain("To mend it: ");
  });

  test("takes a newer Compose, also when its version is said with a v", () => {
    docker("v5.0.1");
    expect(run().text).toContain("ready: Docker Compose 5.0.1");
  });
});
