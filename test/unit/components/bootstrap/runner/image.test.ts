import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, test } from "vitest";
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
});
