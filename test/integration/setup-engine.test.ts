import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ENGINE_PROGRAMS, ENGINE_VERSION } from "../../tools/engine-path.mjs";

const run = promisify(execFile);
const root = new URL("../..", import.meta.url).pathname;

let folder: string;
let server: Server | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "setup-engine-"));
  // A PATH with what setup itself needs and nothing more: no pulumi, no Go.
  mkdirSync(join(folder, "bin"));
  for (const program of ["tar", "gzip", "sh"]) symlinkSync(`/bin/${program}`, join(folder, "bin", program));
});

afterEach(async () => {
  if (server) await new Promise((resolve) => server?.close(resolve));
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** Programs of the engine's names; `pulumi version` answers `version`. */
function fakeEngine(target: string, version: string): void {
  mkdirSync(target, { recursive: true });
  for (const program of ENGINE_PROGRAMS) {
    writeFileSync(join(target, program), `#!/bin/sh\necho v${version}\n`);
    chmodSync(join(target, program), 0o755);
  }
}

/** Packs a release of fake programs; its checksums for every machine. */
async function pack(): Promise<string> {
  fakeEngine(join(folder, "release", "pulumi"), ENGINE_VERSION);
  await run("tar", ["-czf", join(folder, "release.tar.gz"), "-C", join(folder, "release"), "pulumi"]);
  const sum = createHash("sha256")
    .update(readFileSync(join(folder, "release.tar.gz")))
    .digest("hex");
  const machine = `${process.platform}-${process.arch}`;
  return `${sum}  pulumi-v${ENGINE_VERSION}-${machine}.tar.gz\n`;
}

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function setup(
  url: string,
  { path = "", checksums }: { path?: string; checksums?: string } = {},
): Promise<{ code: number; stderr: string; found: string }> {
  const code = `
    const { installEngine } = await import(${JSON.stringify(join(root, "tools/setup/engine.mjs"))});
    const { findEngine } = await import(${JSON.stringify(join(root, "tools/engine-path.mjs"))});
    await installEngine(new AbortController().signal, ${JSON.stringify(checksums)});
    console.log(findEngine());`;
  const env = {
    PATH: [path, join(folder, "bin")].filter(Boolean).join(":"),
    XDG_CACHE_HOME: join(folder, "cache"),
    DOCKMASTER_ENGINE_URL: url,
  };
  try {
    const { stdout, stderr } = await run(process.execPath, ["--input-type=module", "-e", code], { env });
    return { code: 0, stderr, found: stdout.trim() };
  } catch (error) {
    const failure = error as { code: number; stderr: string };
    return { code: failure.code, stderr: failure.stderr, found: "" };
  }
}

describe("setup of the engine", () => {
  it("downloads the official release once and finds it in the cache afterwards", async () => {
    const checksums = await pack();
    const asked: string[] = [];
    const url = await serve((request, response) => {
      asked.push(request.url ?? "");
      response.end(readFileSync(join(folder, "release.tar.gz")));
    });
    const first = await setup(url, { checksums });
    expect(first.found).toContain(join(folder, "cache", "dockmaster", `engine-${ENGINE_VERSION}`));
    expect(readdirSync(first.found).sort()).toEqual([...ENGINE_PROGRAMS].sort());
    const second = await setup(url, { checksums });
    expect(second.found).toBe(first.found);
    expect(asked).toEqual([expect.stringMatching(`^/pulumi-v${ENGINE_VERSION}-.*\\.tar\\.gz$`)]);
  });

  it("refuses an archive that is not the one that the repository knows, before anything of it is unpacked", async () => {
    const checksums = await pack();
    const archive = readFileSync(join(folder, "release.tar.gz"));
    for (const changed of [Buffer.concat([archive, Buffer.from("x")]), archive.subarray(0, -1)]) {
      const url = await serve((_, response) => response.end(changed));
      const { code, stderr } = await setup(url, { checksums });
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/has the checksum [0-9a-f]{64}, not [0-9a-f]{64}/);
      expect(stderr).not.toContain("Unpacking");
      expect(readdirSync(join(folder, "cache", "dockmaster"))).toEqual([]);
      await new Promise((resolve) => server?.close(resolve));
    }
  });

  it("refuses any archive of which the repository knows nothing", async () => {
    await pack();
    const url = await serve((_, response) => response.end(readFileSync(join(folder, "release.tar.gz"))));
    const { stderr } = await setup(url, { checksums: "" });
    expect(stderr).toContain("tools/engine-checksums.txt has no line for");
    const own = await setup(url);
    expect(own.stderr).toMatch(/has the checksum/);
  });

  it("knows the archives of every machine, of the release that the project is tested with", () => {
    const lines = readFileSync(join(root, "tools/engine-checksums.txt"), "utf8").trimEnd().split("\n");
    const machines = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"];
    expect(lines.map((line) => line.slice(64))).toEqual(
      machines.map((machine) => `  pulumi-v${ENGINE_VERSION}-${machine}.tar.gz`),
    );
    for (const line of lines) expect(line).toMatch(/^[0-9a-f]{64} /);
  });

  it("says once what to install when neither download nor Go is there, and leaves no half engine", async () => {
    const url = await serve((_, response) => response.writeHead(404).end());
    const { code, stderr } = await setup(url);
    expect(code).not.toBe(0);
    expect(stderr).toContain(`Install Pulumi >= ${ENGINE_VERSION}`);
    expect(stderr).toContain("status 404");
    expect(readdirSync(join(folder, "cache", "dockmaster"))).toEqual([]);
  });

  it("takes a new enough engine on PATH without asking anybody", async () => {
    fakeEngine(join(folder, "own"), "3.300.1");
    const { found } = await setup("http://127.0.0.1:9", { path: join(folder, "own") });
    expect(found).toBe(join(folder, "own"));
    expect(existsSync(join(folder, "cache"))).toBe(false);
  });

  it("passes over an engine on PATH that is too old", async () => {
    fakeEngine(join(folder, "own"), "3.99.0");
    const { code, stderr } = await setup("http://127.0.0.1:9", { path: join(folder, "own") });
    expect(code).not.toBe(0);
    expect(stderr).toContain(`Install Pulumi >= ${ENGINE_VERSION}`);
  });
});
