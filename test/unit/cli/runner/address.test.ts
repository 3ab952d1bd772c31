import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readRunnerAddress } from "../../../../cli/runner/address.ts";

test("takes address and secret from the environment, or from files", () => {
  const folder = mkdtempSync(join(tmpdir(), "address-"));
  const file = join(folder, "secret");
  writeFileSync(file, "from a file\n");
  const url = "https://iac.example.org";
  expect(readRunnerAddress({ DOCKMASTER_URL: url, WEBHOOK_SECRET: "here" })).toEqual({ url, secret: "here" });
  expect(readRunnerAddress({ DOCKMASTER_URL: url, WEBHOOK_SECRET_FILE: file })).toEqual({ url, secret: "from a file" });
  rmSync(folder, { recursive: true });
});

test("signs with the first of several secrets", () => {
  const env = { DOCKMASTER_URL: "http://127.0.0.1:1", WEBHOOK_SECRET: " new , old" };
  expect(readRunnerAddress(env).secret).toBe("new");
});

test("signs with production's secret where it is set, and a preview with its own before the webhook's", () => {
  const env = { DOCKMASTER_URL: "http://127.0.0.1:1", WEBHOOK_SECRET: "w", PREVIEW_SECRET: "r" };
  // An environment secret that a workflow's job does not have is an empty text there.
  expect(readRunnerAddress({ ...env, PRODUCTION_SECRET: "" }).secret).toBe("w");
  expect(readRunnerAddress(env, { asksFor: "preview" }).secret).toBe("r");
  expect(readRunnerAddress({ ...env, PRODUCTION_SECRET: "p,old" }).secret).toBe("p");
  expect(readRunnerAddress({ ...env, PRODUCTION_SECRET: "p" }, { asksFor: "preview" }).secret).toBe("p");
  const alone = { DOCKMASTER_URL: "http://127.0.0.1:1", PRODUCTION_SECRET: "p" };
  expect(readRunnerAddress(alone)).toEqual({ url: "http://127.0.0.1:1", secret: "p" });
});

test.each([
  [{}, /DOCKMASTER_URL is not set/],
  [{ DOCKMASTER_URL: "iac.example.org", WEBHOOK_SECRET: "s" }, /is not an address/],
  [{ DOCKMASTER_URL: "https://iac.example.org" }, /WEBHOOK_SECRET is not set/],
  [{ DOCKMASTER_URL: "https://iac.example.org", WEBHOOK_SECRET: " , " }, /WEBHOOK_SECRET is not set/],
  [{ DOCKMASTER_URL: "https://iac.example.org", WEBHOOK_SECRET_FILE: "/nowhere/at/all" }, /cannot be read/],
  [{ DOCKMASTER_URL: "https://x.org", WEBHOOK_SECRET: "planted-secret", WEBHOOK_SECRET_FILE: "/f" }, /keep one/],
])("says what is missing in %j, with exit code 2 and a hint", (env, message) => {
  const error = (() => {
    try {
      readRunnerAddress(env);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toMatchObject({
    message: expect.stringMatching(message),
    exitCode: 2,
    hint: expect.stringMatching(/\w/),
  });
  expect(JSON.stringify(error)).not.toContain("planted-secret");
});
