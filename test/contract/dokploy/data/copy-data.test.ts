import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { refuseLeftData } from "../../../../components/dokploy/rules/data/give-up.ts";
import { readLayout } from "../../../../components/dokploy/rules/data/held-data.ts";
import type { ServiceError } from "../../../../components/dokploy/rules/service-error.ts";
import { whyNoDocker } from "../../../docker.ts";

const run = promisify(execFile);
const docker = async (...words: string[]) => (await run("docker", words)).stdout.trim();
const noDocker = await whyNoDocker("busybox:1.36");
const missing = process.env.REQUIRE_DOCKER === "1" ? undefined : noDocker;

/** What nobody else on this host has. */
const APP = `copy-data-${process.pid}`;
const OLD = `${APP}-old`;
const NEW = `${APP}-new`;

function text(mount: string, key = "db"): string {
  return `services:
  ${key}:
    image: busybox:1.36
    command: [sleep, "600"]
    stop_grace_period: 1s
    volumes: ["${mount}"]
volumes:
  old: {name: ${OLD}}
  new: {name: ${NEW}}
`;
}

describe.skipIf(missing)(
  `the command that a refusal says${missing ? ` (${missing})` : ""}`,
  { timeout: 120_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), "copy-data-"));
    beforeAll(() => expect(noDocker).toBeUndefined());
    afterAll(async () => {
      await clear();
      rmSync(folder, { recursive: true, force: true });
    });

    const file = join(folder, "docker-compose.yml");
    const up = (content: string) => {
      writeFileSync(file, content);
      return docker("compose", "-p", APP, "-f", file, "up", "-d", "--remove-orphans");
    };
    const inside = (key: string, script: string) =>
      docker("compose", "-p", APP, "-f", file, "exec", "-T", key, "sh", "-c", script);
    const clear = async () => {
      await docker("compose", "-p", APP, "down", "--volumes", "--timeout", "1").catch(() => "");
      await docker("volume", "rm", "--force", OLD, NEW).catch(() => "");
    };
    /** The command between the hint's backticks. */
    const commandFor = (before: string, after: string): string => {
      const layout = (composeFile: string) => readLayout({ composeFile, env: {}, appName: APP });
      try {
        refuseLeftData({ live: layout(before) }, layout(after), { service: "db", appName: APP, givenUp: new Set() });
      } catch (error) {
        return /`(.*)`/.exec((error as ServiceError).hint)?.[1] ?? "";
      }
      throw new Error("nothing was refused");
    };
    const shell = (command: string) => run("sh", ["-c", command]);

    // Owners, modes, times, links and hidden files: what a database cares for.
    const WRITE = `cd /data && mkdir -p base/1 && echo kept > base/1/file && echo hidden > .hidden && chmod 600 base/1/file &&
    ln -s base/1/file link && chown -R 999:999 base && chmod 700 base && touch -d '2020-01-02 03:04:05' base/1/file && chown 999:999 /data && chmod 750 /data`;
    const LOOK =
      "cd /data && stat -c '%n %u:%g %a %Y' . base base/1 base/1/file .hidden && readlink link && cat link .hidden";
    const withoutTime = (seen: string) => seen.replace(/^(\\.|\\.hidden|base|base\/1) (.*) \\d+$/gm, "$1 $2");

    test.each([
      ["from a volume to another", text("old:/data"), text("new:/data"), "db"],
      ["to a renamed container with another volume", text("old:/data"), text("new:/data", "pg"), "pg"],
      ["from an anonymous volume", text("/data"), text("new:/data"), "db"],
    ])("takes the data along %s, and what is there is not mixed with it", async (_, before, after, key) => {
      await clear();
      await up(before);
      await inside("db", WRITE);
      const seen = await inside("db", LOOK);
      const command = commandFor(before, after);
      await shell(command);
      await up(after);
      expect(withoutTime(await inside(key, LOOK))).toBe(withoutTime(seen));
      expect(await inside(key, "cat /data/base/1/file")).toBe("kept");
      if (before.includes("old:/"))
        expect(await docker("run", "--rm", "-v", `${OLD}:/data`, "busybox:1.36", "cat", "/data/base/1/file")).toBe(
          "kept",
        );
      await inside(key, "echo newer > /data/base/1/file");
      await expect(shell(command)).rejects.toThrow();
      await docker("compose", "-p", APP, "start");
      expect(await inside(key, "cat /data/base/1/file")).toBe("newer");
    });
  },
);
