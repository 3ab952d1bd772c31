import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { afterEach, describe, expect, it, test } from "vitest";
import { createDockerContainers } from "../../../../emulator/containers/docker.ts";
import { whyNoDocker } from "../../../docker.ts";
import { composeFile, contextTo, type Fixture, openFixture, QUICK } from "../fixture.ts";

let fixture: Fixture | undefined;
afterEach(async () => {
  await fixture?.close();
  fixture = undefined;
});

/** `name`'s container, with the name that `taken`'s has. */
const sameName = (name: string, taken: string) =>
  composeFile(name).replace(`container_name: platform-${name}`, `container_name: platform-${taken}`);

it("the container of another service of ours is left alone, and nobody is told to remove it", async () => {
  fixture = await openFixture();
  const db = { name: "wiki-db", composeFile: composeFile("wiki-db") };
  const wiki = { name: "wiki", composeFile: sameName("wiki", "wiki-db") };
  await fixture.engine.up(fixture.context, { services: [db] });
  const before = await fixture.containers.inspect("platform-wiki-db");
  const result = await fixture.engine.up(fixture.context, { services: [db, wiki] });
  expect(result.wiki?.reason).toMatch(
    /^deployment_failed: the deployment of wiki failed: the container name platform-wiki-db is in use \(it belongs to wiki-db /,
  );
  expect(result.wiki?.reason).not.toContain("docker rm");
  expect((await fixture.containers.inspect("platform-wiki-db"))?.Id).toBe(before?.Id);
});

const missing = await whyNoDocker("busybox:1.36");
if (missing !== undefined && process.env.REQUIRE_DOCKER === "1")
  test("has the Docker that REQUIRE_DOCKER=1 asks for", () => {
    throw new Error(missing);
  });

describe.skipIf(missing !== undefined)(
  `with real containers${missing ? ` (${missing})` : ""}`,
  { timeout: 120_000 },
  () => {
    const docker = async (...words: string[]) => (await promisify(execFile)("docker", words)).stdout.trim();
    const id = `w${randomBytes(4).toString("hex")}`;
    const name = `platform-${id}`;
    afterEach(async () => {
      await docker("rm", "-f", name);
      await docker("volume", "rm", "-f", `${name}-data`);
      // Docker's address pools hold about thirty networks, and this engine may outlive many runs.
      const networks = await docker("network", "ls", "--quiet", "--filter", `name=^${id}-`);
      if (networks !== "") await docker("network", "rm", ...networks.split("\n"));
    });

    const text = composeFile(id, "busybox:1.36").replace(
      "    restart: unless-stopped\n",
      "    init: true\n    command: [sleep, '1000']\n",
    );
    const open = async () => {
      const containers = createDockerContainers();
      fixture = await openFixture({ containers });
      return contextTo(fixture.dokploy, { timing: { ...QUICK, lost: 5_000, unseen: 5_000 } });
    };
    const update = (context: Awaited<ReturnType<typeof open>>, env: Record<string, string> = {}) =>
      (fixture as Fixture).engine.up(context, { services: [{ name: id, composeFile: text, env, waitTimeout: 30 }] });

    it("what the own project left in the way is removed, and the same update comes to a good end", async () => {
      const context = await open();
      expect(await update(context)).toMatchObject({ [id]: { op: "create" } });
      const { appName } = (fixture as Fixture).engine.outputs(id);
      await docker("rm", "-f", name);
      // Compose does not take a one-off container for the service's, so it does not make way by itself.
      const labels = ["project", "oneoff"].map(
        (key) => `com.docker.compose.${key}=${key === "project" ? appName : "True"}`,
      );
      await docker("create", "--name", name, ...labels.flatMap((label) => ["--label", label]), "busybox:1.36", "true");
      expect(await update(context, { EXTRA: "changed" })).toEqual({ [id]: { op: "update" } });
      expect(await docker("inspect", name, "--format", "{{.State.Status}} {{.State.Health.Status}}")).toBe(
        "running healthy",
      );
      expect(await update(context, { EXTRA: "changed" })).toEqual({ [id]: { op: "same" } });
    });

    it("what stands as `Created` in its place makes way too", async () => {
      const context = await open();
      await update(context);
      await docker("rm", "-f", name);
      const { appName } = (fixture as Fixture).engine.outputs(id);
      const started = (fixture as Fixture).dokploy;
      await docker("compose", "-p", appName, "ps", "-a");
      expect(await started.containers(appName)).toEqual([]);
      await docker(
        "create",
        "--name",
        name,
        "--label",
        `com.docker.compose.project=${appName}`,
        "busybox:1.36",
        "true",
      );
      expect(await update(context)).toMatchObject({ [id]: { op: "update" } });
      expect(await docker("inspect", name, "--format", "{{.State.Health.Status}}")).toBe("healthy");
    });

    it("what nobody knows is left alone, with the one command for it", async () => {
      const context = await open();
      await docker("create", "--name", name, "busybox:1.36", "true");
      const result = await update(context);
      expect(result[id]?.reason).toContain(
        `no Compose project made it: look at it, then run docker rm -f ${name} on the server`,
      );
      await docker("rm", "-f", name);
      expect(await update(context)).toMatchObject({ [id]: { op: "update" } });
    });
  },
);
