import { expect, test, vi } from "vitest";
import { COMMANDS } from "../../../cli/commands.ts";
import { runCli } from "./run-cli.ts";

// Every command is a process of its own: slow where many tests share few cores.
vi.setConfig({ testTimeout: 120_000 });

test("--help lists every command and the exit codes", async () => {
  const { code, stdout } = await runCli(["--help"]);
  expect(code).toBe(0);
  for (const { name } of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
  expect(stdout).toContain("0 done, 1 failed, 2 wrong use, 3 still running");
});

/** Ends a process with 98 that loads what takes long and no command needs to start: Pulumi's SDK, the schema of Compose. */
const guard = `import { registerHooks } from "node:module";
registerHooks({ load: (url, context, next) => /@pulumi.pulumi|validate\\.cjs/.test(url) ? process.exit(98) : next(url, context) });`;
const env = { NODE_OPTIONS: `--import="data:text/javascript,${encodeURIComponent(guard)}"` };

test.each(COMMANDS.map(({ name }) => name))("%s starts fast and has help with examples and --json", async (name) => {
  const { code, stdout } = await runCli([name, "--help"], { env });
  expect(code).toBe(0);
  expect(stdout).toMatch(/Examples:\n {2}\S/);
  expect(stdout).toContain("--json");
});

test.each([[["nonsense"]], [["up"]], [["up", "staging", "--nonsense"]]])(
  "%j is wrong use: exit code 2",
  async (words) => {
    const { code, stderr } = await runCli(words);
    expect(code).toBe(2);
    expect(stderr).toContain("--help");
  },
);

test("with --json an error is a JSON document with code, message and hint", async () => {
  const { code, stdout, stderr } = await runCli(["check", "nonsense", "--json"]);
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toEqual({
    error: {
      code: "wrong_use",
      message: expect.stringContaining("nonsense"),
      hint: expect.stringContaining("staging"),
    },
  });
  expect(stderr).toBe("");
});

test("what would make a start slow is noticed", async () => {
  const slow = await runCli(["--help"], { env: { NODE_OPTIONS: `${env.NODE_OPTIONS} --import=@pulumi/pulumi` } });
  expect(slow.code).toBe(98);
});
