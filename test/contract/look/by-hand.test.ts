import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Looked } from "../../../components/look/left.ts";
import { composeFile, isAsLeft, type LookFixture, openLookFixture } from "./fixture.ts";

let fixture: LookFixture;
const route = (host: string) => ({ host, service: "web", port: 80 });
const web = {
  name: "web",
  composeFile: composeFile("web"),
  env: { PASSWORD: "a-secret-value", EXTRA: "1" },
  domains: [route("web.example.org")],
};
const db = { name: "db", composeFile: composeFile("db"), env: { PASSWORD: "a-secret-value" } };

beforeAll(async () => {
  fixture = await openLookFixture();
});
afterAll(() => fixture.close());
beforeEach(async () => {
  await fixture.emulator.control.reset();
  fixture.containers.clearScripts();
  fixture.engine.forget();
  fixture.told.clear();
  await fixture.up([web, db]);
});

/** What is not as it was left. */
async function found(patch: Parameters<LookFixture["look"]>[1] = {}): Promise<Record<string, Partial<Looked>>> {
  const { resources } = await fixture.look(undefined, patch);
  const other = resources.filter(({ is }) => is !== "left");
  return Object.fromEntries(
    other.map(({ name, is, differs, containers }) => [
      name,
      {
        is,
        ...(differs.length > 0 && { differs }),
        ...(containers.length > 0 && {
          containers: containers.map(({ container, is }) => `${container} ${is}`) as never,
        }),
      },
    ]),
  );
}

const id = (name: string) => fixture.engine.outputs(name).composeId;
const edit = async (patch: object) => fixture.emulator.control.edit(id("web"), patch);

it("an untouched stack is as it was left, told by one question for each service and one for all containers", async () => {
  let asLeft = false;
  const requests = await fixture.requests(async () => {
    asLeft = isAsLeft(await fixture.look(), fixture.left());
  });
  expect(asLeft).toBe(true);
  expect(requests).toEqual({ "environment.one": 1, "compose.one": 2, "docker.getContainers": 1 });
});

describe("what people change by hand is named", () => {
  it.each<[string, () => Promise<unknown>, string[]]>([
    ["a variable", () => edit({ env: "EXTRA=2\nPASSWORD=a-secret-value" }), ["env.EXTRA"]],
    ["a secret", () => edit({ env: "EXTRA=1\nPASSWORD=canary-by-hand" }), ["env.PASSWORD"]],
    ["a variable more", () => edit({ env: "EXTRA=1\nPASSWORD=a-secret-value\nNEW=x" }), ["env.NEW"]],
    ["a variable less", () => edit({ env: "EXTRA=1" }), ["env.PASSWORD"]],
    ["the text", () => edit({ composeFile: composeFile("web", "web:2") }), ["composeFile"]],
    ["the name", () => edit({ name: "renamed" }), ["name"]],
    ["the command", () => edit({ command: "compose up -d" }), ["settings.command"]],
    ["its deployments from Git", () => edit({ autoDeploy: true }), ["settings.autoDeploy"]],
    ["the random suffix", () => edit({ randomize: true, suffix: "x" }), ["settings.randomize", "settings.suffix"]],
    ["isolation", () => edit({ isolatedDeployment: true }), ["settings.isolatedDeployment"]],
    ["its marker", () => edit({ description: "mine" }), ["owner"]],
    [
      "a route",
      async () => {
        const { domains } = await fixture.live("web");
        await fixture.dokploy.deleteDomain(domains[0]?.domainId ?? "");
      },
      ["domains.web.example.org/"],
    ],
    [
      "a route more",
      () => fixture.dokploy.createDomain(id("web"), { ...columns("by-hand.example.org") }),
      ["domains.by-hand.example.org/ (made by hand)"],
    ],
    [
      "where a route goes",
      async () => {
        const { domains } = await fixture.live("web");
        const [row] = domains;
        await fixture.dokploy.updateDomain(row?.domainId ?? "", {
          ...columns("web.example.org"),
          port: 81,
          enabled: true,
        });
      },
      ["domains.web.example.org/"],
    ],
    [
      "a deployment",
      async () => {
        await fixture.dokploy.deploy(id("web"), "by hand", "");
        await fixture.emulator.control.idle();
      },
      ["deployment"],
    ],
  ])("%s", async (_, change, differs) => {
    await change();
    expect(await found()).toEqual({ web: { is: "other", differs } });
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).not.toEqual([]);
  });

  it("but what a refresh does not look at is no difference", async () => {
    const { description, env, composeFile: text } = await fixture.live("web");
    await edit({
      description: description?.replace("undone", "UNDONE"),
      env: `# said by hand\n${env}`,
      composeFile: text?.replaceAll("\n", "\r\n"),
    });
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
    expect(await found()).toEqual({});
  });

  it("and a service that was deleted is gone", async () => {
    await fixture.dokploy.deleteCompose(id("web"));
    expect(await found()).toEqual({ web: { is: "gone" } });
  });

  it("nothing of a value is in what was left, or in what a look says", async () => {
    await edit({ env: "EXTRA=canary-by-hand\nPASSWORD=canary-by-hand" });
    const said = JSON.stringify([fixture.left(), await fixture.look()]);
    expect(said).not.toMatch(/a-secret-value|canary-by-hand/);
  });
});

describe("parts that may differ", () => {
  const ignoring = (...ignore: string[]) =>
    fixture.left().map((left) => (left.type === "service" ? { ...left, ignore } : left));

  it.each([
    ["by name", ["env.EXTRA", "settings.autoDeploy", "domains.by-hand.example.org/"]],
    ["by section", ["env", "settings", "domains"]],
  ])("are left out, %s", async (_, ignore) => {
    await edit({ env: "EXTRA=2\nPASSWORD=a-secret-value", autoDeploy: true });
    await fixture.dokploy.createDomain(id("web"), columns("by-hand.example.org"));
    expect(isAsLeft(await fixture.look(ignoring(...ignore)), fixture.left())).toBe(true);
  });

  it("are never whose it is and what was deployed last", async () => {
    await edit({ description: "mine" });
    const { resources } = await fixture.look(ignoring("owner", "deployment", "name"));
    expect(resources.find(({ name }) => name === "web")).toMatchObject({ is: "other", differs: ["owner"] });
  });

  it("are routes made by hand where they stay", async () => {
    const kept = { ...web, routes: "any" as const };
    await fixture.dokploy.createDomain(id("web"), columns("first.example.org"));
    await fixture.up([kept, db]);
    expect(await found()).toEqual({});
    await fixture.dokploy.createDomain(id("web"), columns("second.example.org"));
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
    expect(await found()).toEqual({});
    // The first one was noticed by the update: its labels may outlive it, which only an engine tells.
    const { domains } = await fixture.live("web");
    for (const { domainId, host } of domains)
      if (host !== "web.example.org") await fixture.dokploy.deleteDomain(domainId);
    expect(await found()).toEqual({ web: { is: "other", differs: ["domains.first.example.org/ (made by hand)"] } });
  });
});

describe("containers are named", () => {
  const strike = (outcome: "exit" | "unhealthy" | "restarting" | "starting", service = "platform-web") =>
    fixture.containers.script(service, { outcome, now: true, exitCode: 137 });

  it.each([
    ["stopped", () => fixture.containers.stopContainer("platform-web"), "exited"],
    ["killed, and not yet started again", () => strike("exit"), "restarting"],
    ["unhealthy", () => strike("unhealthy"), "unhealthy"],
    ["removed", () => fixture.containers.removeContainer("platform-web"), "gone"],
  ])("%s", async (_, strikes, is) => {
    await strikes();
    const { resources } = await until(
      () => fixture.look(),
      ({ resources }) => resources.some((each) => each.is !== "left"),
    );
    expect(resources.filter(({ is }) => is !== "left")).toMatchObject([
      { name: "web", is: "other", differs: [], containers: [{ container: "platform-web", is }] },
    ]);
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).not.toEqual([]);
  });

  it("all removed: Docker answers for its volumes, so that they are gone", async () => {
    for (const name of ["web", "db"]) await fixture.containers.removeContainer(`platform-${name}`);
    expect(await found()).toMatchObject({
      web: { containers: ["platform-web gone"] },
      db: { containers: ["platform-db gone"] },
    });
  });

  it("that crash again and again, by count", async () => {
    strike("restarting");
    const { resources } = await until(
      () => fixture.look(),
      ({ resources }) => resources.some(({ containers }) => (containers[0]?.restarts ?? 0) > 0),
    );
    const [news] = resources.flatMap(({ containers }) => containers);
    expect(["restarting", "restarted", "unhealthy"]).toContain(news?.is);
  });

  it("that were started again and are well", { timeout: 30_000 }, async () => {
    const { proven } = await fixture.look();
    fixture.containers.script("platform-web", { outcome: "restarting", afterMs: 2_600, exitCode: 137, now: true });
    await sleep(3_900);
    const { resources } = await fixture.look(undefined, proven);
    expect(resources.flatMap(({ containers }) => containers)).toEqual([
      {
        container: "platform-web",
        is: "restarted",
        id: expect.any(String),
        startedAt: expect.any(String),
        restarts: 1,
      },
    ]);
  });

  it("swapped by hand for another one of the same name", async () => {
    await fixture.containers.removeContainer("platform-web");
    const folder = mkdtempSync(join(tmpdir(), "by-hand-"));
    writeFileSync(join(folder, "docker-compose.yml"), composeFile("web", "by-hand:1"));
    const command = "compose -p by-hand -f docker-compose.yml up -d";
    const signal = new AbortController().signal;
    await fixture.containers.up({ appName: "by-hand", folder, command, log: () => {}, signal });
    expect(await found()).toEqual({ web: { is: "other", containers: ["platform-web replaced"] } });
    // What is called like it carries another project's label: for a refresh the service has no container, as ever.
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toContain("web.deployed");
    await fixture.containers.down("by-hand", folder, false);
    rmSync(folder, { recursive: true });
  });

  it("while one has not said yet whether it is healthy, nothing is judged", async () => {
    strike("starting");
    const { resources } = await fixture.look();
    expect(resources.find(({ name }) => name === "web")?.starting).toBe(true);
    expect(isAsLeft({ resources }, fixture.left())).toBe(false);
  });
});

function columns(host: string) {
  return {
    host,
    path: "/",
    port: 80,
    https: true,
    certificateType: "letsencrypt" as const,
    serviceName: "web",
    internalPath: "/",
    stripPath: false,
    customEntrypoint: null,
    customCertResolver: null,
    middlewares: [] as never[],
    forwardAuthEnabled: false,
  };
}

/** Asks again until it is so, or some time is over. */
async function until<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const answer = await ask();
    if (isSo(answer) || Date.now() > deadline) return answer;
    await sleep(20);
  }
}
