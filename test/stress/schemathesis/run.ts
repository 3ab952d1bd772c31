import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHarness } from "../../integration/runner/harness.ts";
import { installPython } from "../../tools/python.mjs";

const here = import.meta.dirname;

/** What Schemathesis found. */
export interface FuzzResult {
  operations: number;
  cases: number;
  seconds: number;
  violations: string[];
}

/** What of its report counts (https://schemathesis.readthedocs.io). */
interface Report {
  operations: { tested: number };
  test_cases: { generated: number };
  failures: { title: string; operations: string[]; count: number }[];
  errors: unknown[];
  running_time: number;
}

/** Tries the OpenAPI document against a runner whose runs are done at once, signed, with every check that Schemathesis has. */
export async function fuzzApi({ examples }: { examples: number }): Promise<FuzzResult> {
  const packages = await installPython("schemathesis", join(here, "requirements.txt"));
  // What is tried is what is answered, not how much may be asked.
  const settings = { RATE_LIMIT: "100000", LOG_LEVEL: "info" };
  const harness = await startHarness(settings, { apart: "test/bench/instant-runner.ts" });
  const folder = mkdtempSync(join(tmpdir(), "schemathesis-"));
  try {
    await harness.deploy("staging", "v1.0.1");
    const report = join(folder, "report.json");
    const words = [
      ...["-m", "schemathesis.cli", "run", `${harness.runner.url}/openapi.json`],
      ...["--checks", "all", "--max-examples", String(examples), "--no-shrink", "--continue-on-failure"],
      ...["--report-json-path", report],
    ];
    const { code, said } = await run(words, folder, {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      PYTHONPATH: [packages, here].join(":"),
      PYTHONDONTWRITEBYTECODE: "1",
      SCHEMATHESIS_HOOKS: "signing",
      WEBHOOK_SECRET: harness.secret,
    });
    const found = JSON.parse(readFileSync(report, "utf8")) as Report;
    const violations = found.failures.map(
      ({ title, operations, count }) => `${count} × ${title}: ${operations.join(", ")}`,
    );
    if (found.errors.length > 0) violations.push(`${found.errors.length} operations could not be tried`);
    if (code !== 0 && violations.length === 0) violations.push(`it ended with ${code}`);
    if (violations.length > 0) console.error(said);
    const { operations, test_cases: cases, running_time: seconds } = found;
    return { operations: operations.tested, cases: cases.generated, seconds, violations };
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await harness.stop();
  }
}

function run(words: string[], cwd: string, env: Record<string, string | undefined>) {
  return new Promise<{ code: number | null; said: string }>((resolve, reject) => {
    const child = spawn("python3", words, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, said }));
  });
}
