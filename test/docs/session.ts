import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startEmulator } from "../../emulator/emulator.ts";
import { startHarness } from "../integration/runner/harness.ts";
import { createInstantEngine } from "../integration/runner/instant.ts";
import { platformProgram } from "../integration/runner/origin.ts";
import { createSigner } from "../integration/signer.ts";
import { type Block, ROOT } from "./pages.ts";

/** Where the blocks of a page run. */
export interface Session {
  cwd: string;
  env: Record<string, string>;
  close(): Promise<void>;
}

/** The places that a page can ask for with `session:`. */
export const SESSIONS: Record<string, () => Promise<Session>> = {
  /** A fresh checkout and nothing else. */
  alone: async () => openCheckout({}),
  /** A fresh checkout, an emulated Dokploy, keys and an empty state backend. */
  emulator: async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "docs-dokploy-"));
    const dokploy = await startEmulator({ dataDir });
    const session = openCheckout({ DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey });
    const close = async () => {
      await session.close();
      await dokploy.close();
      rmSync(dataDir, { recursive: true, force: true });
    };
    const state = join(session.cwd, "data/state");
    mkdirSync(state, { recursive: true });
    const keys = {
      PLATFORM_KEY: "a-platform-key-of-these-tests-only",
      PULUMI_CONFIG_PASSPHRASE: "of these tests only",
    };
    return { ...session, env: { ...session.env, ...keys, PULUMI_BACKEND_URL: `file://${state}` }, close };
  },
  /** A clone of a platform's repository and its runner, with v1.0.1 on staging. The engine is one that is done at once. */
  runner: async () => {
    const engine = createInstantEngine();
    const perform: typeof engine.perform = (context) => async (spec, events, stop) => {
      const end = await engine.perform(context)(spec, events, stop);
      // Nobody changed anything by hand.
      const equal = (outcome: (typeof end.outcomes)[number]) => ({ ...outcome, result: "unchanged" as const });
      return spec.run.kind === "drift" ? { ...end, outcomes: end.outcomes.map(equal) } : end;
    };
    const harness = await startHarness({}, { perform, program: platformProgram(["postgres", "redis"]) });
    await harness.deploy("staging", "v1.0.1");
    const signer = createSigner("docs");
    const runner = {
      ...{ DOCKMASTER_URL: harness.runner.url, WEBHOOK_SECRET: harness.secret },
      SIGNING_KEY: signer.key,
    };
    return {
      cwd: harness.origin.folder,
      env: { ...baseEnvironment(harness.folder), ...runner },
      close: async () => {
        await harness.stop();
        signer.remove();
      },
    };
  },
};

function openCheckout(env: Record<string, string>): Session {
  const folder = mkdtempSync(join(tmpdir(), "docs-"));
  const cwd = join(folder, "checkout");
  const files = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" }).split("\0").filter(Boolean);
  const wanted = files.filter((file) => !/^(test|docs)\//.test(file));
  for (const file of wanted) cpSync(join(ROOT, file), join(cwd, file), { force: true });
  symlinkSync(join(ROOT, "node_modules"), join(cwd, "node_modules"));
  const own = baseEnvironment(folder);
  const git = (...words: string[]) => execFileSync("git", words, { cwd, env: own });
  git("init", "--quiet", "--initial-branch=main");
  // The pattern of .gitignore is for a folder, and here it is a link.
  appendFileSync(join(cwd, ".git/info/exclude"), "node_modules\n");
  git("add", "--all");
  git("commit", "--quiet", "-m", "feat: the platform");
  const close = async () => rmSync(folder, { recursive: true, force: true });
  return { cwd, env: { ...own, ...env }, close };
}

/** The caller's tools, a Git name, and npm as far as it would only start what is here. */
function baseEnvironment(folder: string): Record<string, string> {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const program = (name: string, script: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  program("npx", `[ "$1" = dockmaster ] || exit 1; shift; exec node "${join(ROOT, "cli/main.ts")}" "$@"`);
  // `npm start` and `npm run [--silent] <script> [-- words]`, without the setup that package.json puts before it.
  program(
    "npm",
    [
      '[ "$1" = start ] && set -- run start',
      '[ "$1" = run ] || { echo "npm $*: not known here" >&2; exit 1; }',
      'shift; [ "$1" = --silent ] && shift; script=$1; shift; [ "$1" = -- ] && shift',
      'exec $(node -p "require(\\"./package.json\\").scripts[\\"$script\\"]") "$@"',
    ].join("\n"),
  );
  const { PATH = "", HOME = "", NODE_COMPILE_CACHE = "" } = process.env;
  const name = { name: "Test", email: "test@example.org" };
  return {
    PATH: [bin, dirname(process.execPath), PATH].join(":"),
    HOME,
    NODE_COMPILE_CACHE,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_AUTHOR_NAME: name.name,
    GIT_AUTHOR_EMAIL: name.email,
    GIT_COMMITTER_NAME: name.name,
    GIT_COMMITTER_EMAIL: name.email,
  };
}

/**
 * Runs blocks one after the other in one shell, as somebody would who types them. The first command that fails ends it.
 * Returns the output, with a line before each block; nothing that was started stays.
 */
export async function runBlocks(session: Session, blocks: Block[]): Promise<{ code: number | null; output: string }> {
  const ports = [await freePort(), await freePort()];
  const script = blocks
    .flatMap(({ page, line, text }) => [`echo "== ${page}:${line}"`, text])
    .join("\n")
    .replaceAll("4400", String(ports[0]))
    .replaceAll("8099", String(ports[1]));
  const child = spawn("bash", ["-euo", "pipefail", "-c", script], {
    cwd: session.cwd,
    env: session.env,
    // A group of its own, so that what a page leaves in the background ends with it.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", resolve);
  });
  try {
    process.kill(-child.pid!, "SIGKILL");
  } catch {
    // Nothing was left.
  }
  return { code, output };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
