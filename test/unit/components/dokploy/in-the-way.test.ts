import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DokployError } from "../../../../components/dokploy/api/errors.ts";
import type { Context } from "../../../../components/dokploy/context.ts";
import type { Job } from "../../../../components/dokploy/deploy.ts";
import { decideRemedy, type Holder, leftHalfMade, removeObstacles } from "../../../../components/dokploy/in-the-way.ts";
import { ServiceError } from "../../../../components/dokploy/rules/service-error.ts";

const APP = "wiki-8ep1kd";
const NAME = "platform-wiki-db-staging";
const own: Holder = { project: APP, running: false, id: "1f2e", service: "wiki" };

describe("a container whose name is in use", () => {
  it.each<[string, Holder | undefined, RegExp]>([
    [
      "another service's",
      { ...own, project: "wiki-db-x1", service: "wiki-db" },
      /^it belongs to wiki-db .*rename|another name/,
    ],
    [
      "a deleted project's",
      { ...own, project: "old-x1", service: undefined },
      /docker rm -f platform-wiki-db-staging on the server/,
    ],
    [
      "made by hand",
      { ...own, project: undefined, service: undefined },
      /no Compose project made it: look at it, then run docker rm -f/,
    ],
    [
      "one that Docker does not list",
      { project: undefined, running: false, id: undefined, service: undefined },
      /systemctl restart docker/,
    ],
    ["nobody can say whose", undefined, /^see on the server whose it is: docker inspect platform-wiki-db-staging/],
  ])("%s is for people", (_, holder, hint) => {
    expect(decideRemedy(NAME, APP, holder)).toEqual({ hint: expect.stringMatching(hint) });
  });

  it("left by the own project is removed, after its grace period when it runs", () => {
    expect(decideRemedy(NAME, APP, own)).toEqual({ remove: "1f2e", stop: false });
    expect(decideRemedy(NAME, APP, { ...own, running: true })).toEqual({ remove: "1f2e", stop: true });
  });

  it("is never told to be removed, nor removed, when it is another service's", () => {
    const text = fc.string({ minLength: 1 });
    const holder = fc.record({
      project: text.filter((project) => project !== APP),
      running: fc.boolean(),
      id: fc.option(text, { nil: undefined }),
      service: text.filter((name) => !name.includes("docker rm")),
    });
    fc.assert(
      fc.property(fc.option(holder, { nil: undefined }), (found) => {
        const remedy = decideRemedy(NAME, APP, found);
        expect("hint" in remedy && !remedy.hint.includes("docker rm")).toBe(true);
      }),
    );
  });
});

const row = (name: string, state: string) => ({ containerId: `id-${name}`, name, state, status: "" });
const marked = "Error response from daemon: container is marked for removal and cannot be started";

describe("what Docker's crash left", () => {
  it.each([
    ["dead", [], ["a"]],
    ["created", [marked], ["a"]],
    ["created", ["Error response from daemon: network 1f2e not found"], ["a"]],
    ["created", ["no such image"], []],
    ["running", [marked], []],
    ["exited", [marked], []],
  ])("%s after %j", (state, log, expected) => {
    expect(leftHalfMade(log, [row("a", state)]).map(({ name }) => name)).toEqual(expected);
  });

  const failure = new ServiceError("deployment_failed", "the deployment of wiki failed", "its log says why", [marked]);
  const clear = (
    removeContainer: (id: string) => Promise<void>,
    { volume = "data:/data", mounts = [] as object[] | null } = {},
  ) =>
    removeObstacles(
      {
        dokploy: {
          containers: async () => [row("a", "dead"), row("b", "running")],
          container: async () => (mounts ? { Mounts: mounts } : undefined),
          removeContainer,
        },
      } as unknown as Context,
      { appName: APP, composeFile: `services: {a: {image: "db:1", volumes: ["${volume}"]}}` } as Job,
      failure,
    );

  it("is removed, so that the deployment is worth another try", async () => {
    const removed: string[] = [];
    expect(await clear(async (id) => void removed.push(id))).toBe(true);
    expect(removed).toEqual(["id-a"]);
  });

  it.each<[string, object[] | null, RegExp]>([
    [
      "has",
      [{ Name: "4f5e", Destination: "/data" }],
      /^a has data in the anonymous volume 4f5e at \/data, .*copy it .* docker rm -f id-a/,
    ],
    ["may have", null, /^a has data in an anonymous volume at \/data, as far as its file tells,/],
  ])("stays when it %s data that its next container would not get", async (_, mounts, hint) => {
    const removed: string[] = [];
    const remove = async (id: string) => void removed.push(id);
    await expect(clear(remove, { volume: "/data", mounts })).rejects.toMatchObject({
      code: "deployment_failed",
      hint: expect.stringMatching(hint),
    });
    expect(removed).toEqual([]);
    // Made, and never handed any.
    expect(await clear(remove, { volume: "/data", mounts: [{ Name: null, Destination: "/etc/x" }] })).toBe(true);
  });

  it("or the one command is said, when Docker does not let it go", async () => {
    const refuse = async () => Promise.reject(new DokployError("unknown", "device or resource busy", ""));
    await expect(clear(refuse)).rejects.toMatchObject({
      code: "deployment_failed",
      hint: expect.stringContaining("run docker rm -f id-a on the server (volumes stay)"),
      log: [marked],
    });
  });

  it("nothing is looked at after a failure of another kind", async () => {
    const other = new ServiceError("unhealthy", "", "", [marked]);
    expect(await removeObstacles({} as Context, { appName: APP } as Job, other)).toBe(false);
  });
});
