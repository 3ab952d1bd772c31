import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyProgram } from "./refusals.ts";

const stackFile = (suffix: string, more = "") =>
  `config:\n  platform:domain: example.org\n  platform:suffix: ${suffix}\n  platform:services: [postgres, redis]\n${more}`;

describe("a checkout beside its last release", () => {
  const home = mkdtempSync(join(tmpdir(), "last-release-"));
  const folder = join(home, "checkout");
  const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
  const read = (file: string) => readFileSync(join(folder, file), "utf8");
  const git = (...words: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...words], {
      cwd: folder,
      stdio: "pipe",
    });
  const release = (tag: string) => {
    git("add", "stacks", "components", "text", "Pulumi.yaml", "Pulumi.staging.yaml", "Pulumi.production.yaml");
    git("commit", "--quiet", "--allow-empty", "-m", tag);
    git("tag", tag);
  };
  const check = (stack: string, ...more: string[]) => {
    const words = [join(folder, "stacks", "check.ts"), stack, "--json", ...more];
    try {
      return JSON.parse(execFileSync(process.execPath, words, { encoding: "utf8", stdio: "pipe" }));
    } catch (error) {
      return JSON.parse((error as { stdout: string }).stdout);
    }
  };
  const messages = (stack: string, ...more: string[]) =>
    check(stack, ...more).problems.map(({ message }: { message: string }) => message);
  const renameVolume = (from: string, to: string) => {
    write("components/redis/compose.yaml", read("components/redis/compose.yaml").replaceAll(`${from}:`, `${to}:`));
    write(
      "components/redis/index.ts",
      read("components/redis/index.ts").replace(`data: ["${from}"]`, `data: ["${to}"]`),
    );
  };

  beforeAll(() => {
    copyProgram(folder);
    write("Pulumi.staging.yaml", stackFile("-staging"));
    write("Pulumi.production.yaml", stackFile('""'));
    git("init", "--quiet");
    release("v1.0.0");
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it("is in order when no container loses anything", () => {
    expect(check("staging")).toMatchObject({ ok: true, problems: [] });
  });

  it("is refused with another key of a volume, unless the volume is given up", () => {
    renameVolume("data", "store");
    expect(messages("staging")).toEqual([
      "redis: with v1.0.0 container platform-redis-staging has volume platform-redis-data-staging at /data and would start with volume platform-redis-store-staging there",
    ]);
    expect(check("staging", "--give-up=platform-redis-data-staging")).toMatchObject({ ok: true });
    write("Pulumi.staging.yaml", stackFile("-staging", "  platform:data: disposable\n"));
    expect(check("staging")).toMatchObject({ ok: true });
    write("Pulumi.staging.yaml", stackFile("-staging"));
  });

  it("goes by the last release of the stack: production by what was promoted", () => {
    release("v1.0.1");
    expect(messages("staging")).toEqual([]);
    expect(messages("production")).toEqual([
      expect.stringContaining("redis: with v1.0.0 container platform-redis has"),
    ]);
  });

  it("is refused with another suffix, for every service", () => {
    write("Pulumi.staging.yaml", stackFile("-stage"));
    expect(messages("staging")).toEqual([
      expect.stringContaining("postgres: with v1.0.1 container platform-postgres-staging has volume"),
      expect.stringContaining("redis: with v1.0.1 container platform-redis-staging has volume"),
    ]);
  });
});
