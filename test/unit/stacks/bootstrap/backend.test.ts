import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findBackend, planBackend } from "../../../../stacks/bootstrap/backend.ts";
import { STATE_RULE } from "../../../../stacks/config/state-backend.ts";

describe("where the state is", () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "dockmaster-backend-"));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const login = (folder: string, content: unknown) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "credentials.json"), typeof content === "string" ? content : JSON.stringify(content));
  };

  test("is what the environment says", () => {
    login(join(home, ".pulumi"), { current: "https://api.pulumi.com" });
    expect(findBackend({ HOME: home, PULUMI_BACKEND_URL: "s3://state" })).toBe("s3://state");
  });

  test("is where people have signed in", () => {
    login(join(home, ".pulumi"), { current: "https://api.pulumi.com" });
    expect(findBackend({ HOME: home })).toBe("https://api.pulumi.com");
    login(join(home, "own"), { current: "s3://state" });
    expect(findBackend({ HOME: home, PULUMI_HOME: join(home, "own") })).toBe("s3://state");
  });

  test.each([["{broken"], [{}], [{ current: "" }]])("is nowhere with credentials %j", (content) => {
    login(join(home, ".pulumi"), content);
    expect(findBackend({ HOME: home })).toBeUndefined();
  });

  test("is nowhere without credentials", () => {
    expect(findBackend({ HOME: home })).toBeUndefined();
  });
});

describe("a state that the runner shares", () => {
  test.each<[string, object, string[]]>([
    [
      "s3://state?region=eu-central-1",
      { PULUMI_BACKEND_URL: "s3://state?region=eu-central-1" },
      ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
    ],
    ["https://api.pulumi.com", { PULUMI_BACKEND_URL: "https://api.pulumi.com" }, ["PULUMI_ACCESS_TOKEN"]],
    ["postgres://pulumi:canary@db.example.org/state", {}, ["PULUMI_BACKEND_URL"]],
  ])("at %s gets there, and shows no password", (url, env, secrets) => {
    expect(planBackend(url, [])).toEqual({ plan: { env, secrets, unwanted: [] }, problems: [] });
  });

  test.each([
    [undefined, "nobody is signed in to a state backend"],
    ["gs://state", "the runner cannot sign in to gs://"],
  ])("is not at %s", (url, message) => {
    const { plan, problems } = planBackend(url, []);
    expect(plan).toBeUndefined();
    expect(problems).toEqual([{ file: "PULUMI_BACKEND_URL", message, hint: expect.stringContaining("pulumi login") }]);
  });
});

describe("a state in a folder", () => {
  test.each(["file:///home/anna/state", "file://~"])(
    "at %s leaves the runner a folder of its own, and says when that is right",
    (url) => {
      const { plan, problems } = planBackend(url, ["AWS_ACCESS_KEY_ID"]);
      expect(problems).toEqual([]);
      expect(plan).toMatchObject({ env: {}, secrets: [], note: expect.stringContaining(STATE_RULE) });
      expect(plan?.note).toContain(`in ${url}: back that up`);
    },
  );

  test("is no state of a runner whose secrets in Vault sign in to a shared one, but for those that the config names", () => {
    const { plan } = planBackend("file://~", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
    expect(plan?.unwanted).toEqual(["PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN"]);
  });

  test("is refused where the config says that the runner's is elsewhere", () => {
    const { plan, problems } = planBackend("file://~", ["PULUMI_BACKEND_URL"]);
    expect(plan).toBeUndefined();
    expect(problems).toMatchObject([
      { message: expect.stringContaining("bootstrap:runner.secrets"), hint: expect.stringContaining(STATE_RULE) },
    ]);
  });
});
