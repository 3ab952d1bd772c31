import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { secretScans } from "../tools/lint/secrets.mjs";
import { installGitleaks } from "../tools/lint/setup.mjs";

// Joined here, or the scanner would find them in this file.
const PASSWORD = ["xK29fLq8", "vTz7Wm3Rb"].join("");
const CLEAR = `config:\n  platform:redis:\n    secrets:\n      redis_password: ${PASSWORD}\n`;
const ENCRYPTED = "config:\n  dokploy:apiKey:\n    secure: v1:S1hY3k9QmZ0c2Vl:q83nTh0xA9mYz1Lk4e2Vw==\n";

describe("the scanner for secrets", { timeout: 300_000 }, () => {
  let gitleaks: string;
  let root: string;
  beforeAll(async () => {
    gitleaks = await installGitleaks();
  }, 600_000);
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "dockmaster-secrets-"));
    copyFileSync(join(import.meta.dirname, "../../.gitleaks.toml"), join(root, ".gitleaks.toml"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const git = (...words: string[]) =>
    execFileSync("git", ["-c", "user.name=Test", "-c", "user.email=test@example.org", ...words], { cwd: root });
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const commit = (path: string, text: string) => {
    write(path, text);
    git("add", "--all");
    git("commit", "--quiet", "--message", "a change");
  };
  /** Whether all is well, and what was said. */
  function scan(): { ok: boolean; said: string } {
    const runs = secretScans(root).map((words) => spawnSync(gitleaks, words, { encoding: "utf8" }));
    return {
      ok: runs.every(({ status }) => status === 0),
      said: runs.map((run) => run.stdout + run.stderr).join("\n"),
    };
  }

  const places: [place: string, plant: () => void][] = [
    ["a commit", () => commit("Pulumi.staging.yaml", CLEAR)],
    [
      "an earlier commit, taken out since",
      () => {
        commit("Pulumi.staging.yaml", CLEAR);
        commit("Pulumi.staging.yaml", "config: {}\n");
      },
    ],
    ["a file of the tests", () => commit("test/world.ts", `const API_KEY = "${PASSWORD}";\n`)],
    [
      "a change that is not committed",
      () => {
        commit("Pulumi.staging.yaml", "config: {}\n");
        write("Pulumi.staging.yaml", CLEAR);
      },
    ],
    [
      "a new file that is staged",
      () => {
        write("Pulumi.staging.yaml", CLEAR);
        git("add", "--all");
      },
    ],
  ];

  it.each(places)("finds one in %s, and does not show it", (_, plant) => {
    git("init", "--quiet");
    commit("README.md", "# A platform\n");
    expect(scan().ok).toBe(true);
    plant();
    const { ok, said } = scan();
    expect(ok).toBe(false);
    expect(said).toMatch(/Pulumi\.staging\.yaml|test\/world\.ts/);
    expect(said).not.toContain(PASSWORD);
  });

  it("finds one in files without a history", () => {
    write("Pulumi.staging.yaml", CLEAR);
    expect(scan().ok).toBe(false);
  });

  it("passes encrypted values, and values that tests made up", () => {
    git("init", "--quiet");
    commit("Pulumi.staging.yaml", ENCRYPTED);
    commit("test/canary.test.ts", `const API_TOKEN = "canary-${PASSWORD}";\n`);
    expect(scan()).toMatchObject({ ok: true });
  });

  it("passes this repository", () => {
    const words = secretScans(join(import.meta.dirname, "../.."));
    for (const each of words) expect(spawnSync(gitleaks, each, { encoding: "utf8" })).toMatchObject({ status: 0 });
  });
});
