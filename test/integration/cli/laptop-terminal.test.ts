import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Laptop, openLaptop } from "./laptop-harness.ts";

const SCRIPT = ["/usr/bin/script", "/bin/script"].find((file) => existsSync(file));
const missing = SCRIPT || process.env.REQUIRE_TERMINAL === "1" ? "" : " (no `script` here: util-linux has it)";

const CLI = join(import.meta.dirname, "..", "..", "..", "cli", "main.ts");

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openLaptop();
});
afterAll(() => laptop.close());

/** Runs `dockmaster <words>` in a terminal; answers with `keys` once it shows `question`. */
async function inTerminal(words: string, question: string, keys: string) {
  const { PATH = "", HOME = "" } = process.env;
  const command = `stty cols 120 rows 40; "${process.execPath}" "${CLI}" ${words}`;
  const child = spawn(SCRIPT ?? "script", ["-qefc", command, "/dev/null"], {
    cwd: laptop.checkout,
    env: { PATH, HOME, TERM: "xterm", ...laptop.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let raw = "";
  let asked = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    raw += text;
    if (asked || !stripVTControlCharacters(raw).includes(question)) return;
    asked = true;
    child.stdin.write(keys);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { code, asked, raw, text: stripVTControlCharacters(raw) };
}

describe.skipIf(missing)(`in a terminal${missing}`, { timeout: 120_000 }, () => {
  test("an update shows what it would do, asks, and does nothing when the answer is no", async () => {
    const { code, asked, text } = await inTerminal("up staging --create", "Do this to staging?", "n");
    expect([asked, code]).toEqual([true, 1]);
    expect(text).toMatch(/redis +create/);
    expect(text).toContain("Nothing was done");
    expect(await laptop.composeId("redis")).toBe("");
  });

  test("it spins with times while it works, and leaves one line for each service", async () => {
    const { code, raw, text } = await inTerminal("up staging", "Do this to staging?", "y");
    expect(code).toBe(0);
    expect(text).toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] +\d+\.\d s +redis: creating/);
    expect(text).toMatch(/✔ redis: created in \d/);
    expect(raw).toContain("\u001b[32m✔");
    expect(await laptop.composeId("redis")).not.toBe("");
  });

  test("taking a stack down wants its name typed", async () => {
    const { code, asked } = await inTerminal("destroy staging", 'Type "staging"', "production\r");
    expect([asked, code]).toEqual([true, 1]);
    expect(JSON.parse((await laptop.dockmaster("drift", "staging", "--json")).stdout).status).toBe("no_drift");
  });
});
