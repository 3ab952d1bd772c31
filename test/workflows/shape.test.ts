import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { affectedServices } from "../../automation/domain/releases/affected.ts";
import { type Job, readWorkflow, readWorkflowText, workflowNames } from "./workflow.ts";

const names = workflowNames();
const jobs = names.flatMap((name) =>
  Object.entries(readWorkflow(name).jobs).map(([id, job]): [string, Job] => [`${name}: ${id}`, job]),
);

/** All that workflows may know. */
const SECRETS = ["WEBHOOK_SECRET", "PRODUCTION_SECRET", "PREVIEW_SECRET", "TAG_KEY"].map((name) => `secrets.${name}`);

test.each(names)("%s gives no secret to all of its jobs", (name) => {
  expect(JSON.stringify(readWorkflow(name).env ?? {})).not.toContain("secrets.");
});

test("all that was agreed are there", () => {
  const agreed = ["platform-staging", "platform-production", "platform-preview", "platform-drift", "platform-rollback"];
  expect(names.toSorted()).toEqual([...agreed, "docs-site", "ci", "ci-fresh"].toSorted());
});

test.each(names)("%s gives no rights to the whole workflow and says which runs may be at once", (name) => {
  const { permissions, concurrency } = readWorkflow(name);
  expect(permissions).toEqual({});
  expect(concurrency.group).toMatch(/^[a-z-]+/);
});

test.each(names)("%s uses actions by commit only, with the release beside it", (name) => {
  const used = readWorkflowText(name).match(/uses:.*/g) ?? [];
  expect(used.length).toBeGreaterThan(0);
  for (const line of used) expect(line).toMatch(/^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v?\d+\.\d+\.\d+$/);
});

describe.each(jobs)("%s", (_, job) => {
  test("puts no expression into a script, where it would be read as commands", () => {
    for (const { run } of job.steps) expect(run ?? "").not.toContain("${{");
  });

  test("has a time limit, and no secret but those that sign, and the key that pushes tags", () => {
    expect(job["timeout-minutes"]).toBeLessThanOrEqual(60);
    const used = JSON.stringify(job).match(/secrets\.\w+/g) ?? [];
    for (const secret of used) expect(SECRETS).toContain(secret);
    expect(JSON.stringify(job)).not.toMatch(/DOKPLOY|PULUMI|VAULT|PLATFORM_KEY/);
  });

  test("gives a secret to a step that signs with it, and to no other", () => {
    const { steps, ...around } = job;
    expect(JSON.stringify(around)).not.toContain("secrets.");
    for (const { run, uses, with: inputs, env } of steps) {
      const isCheckout = uses?.startsWith("actions/checkout@") === true;
      const { "ssh-key": _key, ...others } = isCheckout ? (inputs ?? {}) : { ...inputs, "ssh-key": undefined };
      expect(JSON.stringify(others)).not.toContain("secrets.");
      if (JSON.stringify(env ?? {}).includes("secrets.")) {
        expect(run).toMatch(
          /^(tag=\$\()?node cli\/(main|github\/main)\.ts (deploy|rollback|release promote|preview|drift)\b/,
        );
      }
    }
  });

  test("signs for production only in its environment, and says yes to code of others only in one with reviewers", () => {
    const text = JSON.stringify(job);
    const environment = JSON.stringify(job.environment ?? "");
    if (text.includes("secrets.PRODUCTION_SECRET"))
      expect(environment).toMatch(/^"(production|\$\{\{ inputs\.environment \}\})"$/);
    if (text.includes("secrets.PREVIEW_SECRET")) expect(environment).toBe('"preview"');
    if (text.includes("secrets.TAG_KEY")) expect(environment).toMatch(/^"(staging|production)"$/);
  });

  test("keeps the job's token only where a tag is pushed", () => {
    const pushes = job.permissions.contents === "write";
    for (const { uses, with: inputs } of job.steps) {
      if (uses?.startsWith("actions/checkout@")) expect(inputs?.["persist-credentials"]).toBe(pushes);
    }
  });
});

describe("the paths that make a push to main a staging release", () => {
  const { on } = readWorkflow("platform-staging");
  const paths = on.push?.paths ?? [];

  /** https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet */
  function isListed(path: string): boolean {
    let listed = false;
    for (const pattern of paths) {
      const source = pattern
        .replace(/^!/, "")
        .split(/(\*\*|\*)/)
        .map((part) => (part === "**" ? ".*" : part === "*" ? "[^/]*" : part.replace(/[.]/g, "\\$&")))
        .join("");
      if (new RegExp(`^${source}$`).test(path)) listed = !pattern.startsWith("!");
    }
    return listed;
  }

  test.each([
    "components/redis/compose.yaml",
    "components/redis/files/a/b.sh",
    "components/platform/service.ts",
    "components/compose/parse.ts",
    "components/bootstrap/runner/compose.yaml",
    "platform/03.redis/compose.yaml",
    "libs/deep/er.py",
    "stacks/platform.ts",
    "stacks/bootstrap.ts",
    "Pulumi.yaml",
    "Pulumi.staging.yaml",
    "Pulumi.production.yaml",
    "Pulumi.bootstrap.yaml",
    "text/mask/mask.ts",
    "tools/outgoing/request.mjs",
    "tools/setup.mjs",
    "package.json",
    "package-lock.json",
    "automation/main.ts",
    "emulator/main.ts",
    "docs/index.md",
    "README.md",
    ".github/workflows/ci.yml",
    "finance/app/compose.yaml",
    "test/unit/a.test.ts",
    "Dockerfile",
  ])("%s counts for the workflow when it touches a service for the runner, and else not", (path) => {
    const touches = affectedServices([path], ["redis"]).services.length > 0;
    expect(isListed(path)).toBe(touches);
  });

  test("are the same for a preview", () => {
    expect(readWorkflow("platform-preview").on.pull_request?.paths).toEqual(paths);
  });
});

test("no pull request is built with rights that a fork could use", () => {
  for (const name of names) expect(Object.keys(readWorkflow(name).on)).not.toContain("pull_request_target");
});

describe("docs-site", () => {
  const { build } = readWorkflow("docs-site").jobs;

  test("publishes the folder that MkDocs builds into", () => {
    const config = readFileSync(new URL("../../docs/mkdocs.yml", import.meta.url), "utf8");
    const upload = build?.steps.find(({ uses }) => uses?.startsWith("actions/upload-pages-artifact@"));
    expect(join("docs", /^site_dir: (.+)$/m.exec(config)?.[1] ?? "")).toBe(upload?.with?.path);
  });

  test("builds as CI does: strictly, with what is pinned", () => {
    const scripts = build?.steps.map(({ run }) => run).filter(Boolean);
    expect(scripts).toEqual([
      "pip install --require-hashes --requirement docs/requirements.txt",
      "npm ci --ignore-scripts",
      "mkdocs build --strict --config-file docs/mkdocs.yml",
    ]);
  });
});
