import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { recordResources } from "./registered.ts";

const DIGEST = `sha256:${"b".repeat(64)}`;
const engine = await recordResources(({ type }) =>
  type.endsWith(":Image") ? { repoDigest: `ghcr.io/you/dockmaster@${DIGEST}` } : {},
);
const { RunnerImage } = await import("../../../../../components/bootstrap/runner/image.ts");
beforeEach(engine.clear);

const args = {
  folder: join(process.cwd(), "checkout"),
  repository: "ghcr.io/you/dockmaster",
  commit: "0123456789abcdef0123456789abcdef01234567",
  release: "v1.2.4",
  platform: "linux/amd64",
};
const inputs = () => engine.inputsOf("index/image:Image");

describe("the runner's image", () => {
  test("is built from the checkout, for the server's platform, with its commit and release, and tagged with the release", async () => {
    new RunnerImage("image", args);
    expect(await inputs()).toEqual({
      imageName: "ghcr.io/you/dockmaster:v1.2.4",
      build: {
        context: "checkout",
        dockerfile: "checkout/Dockerfile",
        platform: "linux/amd64",
        args: { COMMIT: args.commit, RELEASE: "v1.2.4" },
      },
      buildOnPreview: false,
      skipPush: false,
    });
  });

  test("is pushed with a login of its own, whose password is a secret", async () => {
    new RunnerImage("image", { ...args, login: { username: "you", password: "canary" } });
    expect(await inputs()).toMatchObject({
      registry: { server: "ghcr.io", username: "you", password: "canary" },
    });
    const [image] = await engine.ofType("index/image:Image");
    const { registry } = image!.inputs as { registry: Record<string, unknown> };
    expect(JSON.stringify(registry)).toContain('"4dabf18193072939515e22adb298388d"');
  });

  test("is named by release and digest", async () => {
    const { reference } = new RunnerImage("image", args);
    const name = await new Promise((resolve) => pulumi.output(reference).apply(resolve));
    expect(name).toBe(`ghcr.io/you/dockmaster:v1.2.4@${DIGEST}`);
  });

  test("is pushed only after it was scanned, where that is asked for", async () => {
    new RunnerImage("image", { ...args, scan: true });
    expect(await engine.inputsOf("local:Command")).toMatchObject({
      create: expect.stringContaining("trivy image"),
      environment: {
        CONTEXT: "checkout",
        COMMIT: args.commit,
        RELEASE: "v1.2.4",
        PLATFORM: "linux/amd64",
        IMAGE: "dockmaster:scan-v1.2.4",
      },
      triggers: [args.commit, "v1.2.4", "linux/amd64"],
    });
    expect((await engine.ofType("index/image:Image")).length).toBe(1);
  });
});

describe("the scan", () => {
  const script = readFileSync(
    join(import.meta.dirname, "../../../../../components/bootstrap/runner/scan-image.sh"),
    "utf8",
  );
  const scan = (programs: Record<string, string>) => {
    const folder = mkdtempSync(join(tmpdir(), "scan-"));
    for (const [name, text] of Object.entries(programs)) {
      writeFileSync(join(folder, name), `#!/bin/sh\necho "${name} $*" >> ${folder}/called\n${text}\n`, { mode: 0o755 });
    }
    const env = { PATH: folder, PLATFORM: "linux/amd64", COMMIT: "c", RELEASE: "v1.2.4", IMAGE: "i", CONTEXT: "a b;c" };
    const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", script], { env, encoding: "utf8" });
    const called = existsSync(join(folder, "called")) ? readFileSync(join(folder, "called"), "utf8") : "";
    rmSync(folder, { recursive: true });
    return { status, stdout, stderr, called };
  };

  test("passes when Trivy finds nothing, with what CI asks it too", () => {
    const { status, stdout, called } = scan({ docker: "", trivy: "" });
    expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringContaining("scanned") });
    expect(called).toBe(
      "docker build --quiet --platform linux/amd64 --build-arg COMMIT=c --build-arg RELEASE=v1.2.4 --tag i a b;c\n" +
        "trivy image --quiet --scanners vuln --severity HIGH,CRITICAL --ignore-unfixed --exit-code 1 i\n",
    );
    const { jobs } = parse(readFileSync(join(import.meta.dirname, "../../../../../.github/workflows/ci.yml"), "utf8"));
    const step = jobs.image.steps.find(({ name }: { name?: string }) => name === "Scan");
    expect(step.with).toMatchObject({ severity: "HIGH,CRITICAL", "ignore-unfixed": true, "exit-code": "1" });
  });

  test.each([
    ["Trivy finds a hole", { docker: "", trivy: "echo CVE-1; exit 1" }, "CVE-1"],
    ["the build fails", { docker: "echo no space >&2; exit 1", trivy: "" }, "no space"],
    ["there is no Trivy", { docker: "" }, "bootstrap:image.use"],
  ])("fails when %s", (_name, programs, said) => {
    const { status, stderr } = scan(programs);
    expect(status).not.toBe(0);
    expect(stderr).toContain(said);
  });
});
