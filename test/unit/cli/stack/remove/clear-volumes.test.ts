import { expect, test } from "vitest";
import { clearVolumes, findVolumes } from "../../../../../cli/stack/remove/clear-volumes.ts";
import { type Answer, toConnectionError, toDokployError } from "../../../../../components/dokploy/api/errors.ts";
import { NoAnswer } from "../../../../../tools/outgoing/request.mjs";

const owners = {
  service: "wiki",
  suffix: "-staging",
  planned: { wiki: ["platform-wiki-data-staging"] },
  inText: [],
};

/** A Dokploy whose every call fails so. */
function failing(error: () => Error) {
  const fail = async () => {
    throw error();
  };
  return { volumes: fail, hasVolume: fail, removeVolume: fail };
}
const call = (procedure: string) => ({ method: "GET", procedure }) as const;
const unknown: Answer = {
  status: 404,
  contentType: "application/json",
  text: JSON.stringify({ message: "Not found", code: "NOT_FOUND" }),
};

test("an older Dokploy that does not tell volumes leaves it open what is left, and nothing counts as done", async () => {
  const dokploy = failing(() => toDokployError(call("dockerVolume.getVolumes"), unknown, true));
  expect(await findVolumes(dokploy, owners)).toEqual({ there: [], unseen: ["platform-wiki-data-staging"], shared: [] });
  expect(await clearVolumes(dokploy, ["platform-wiki-data-staging"])).toEqual({
    removed: [],
    left: [{ name: "platform-wiki-data-staging", why: expect.stringContaining("may still be there") }],
  });
});

test("a volume that an older Dokploy shows and cannot remove is still there, and why", async () => {
  const { removeVolume } = failing(() => toDokployError(call("dockerVolume.removeVolume"), unknown, true));
  const dokploy = { volumes: async () => [], hasVolume: async () => true, removeVolume };
  expect((await clearVolumes(dokploy, ["a"])).left).toEqual([
    { name: "a", why: "is still there: this Dokploy cannot remove volumes: v0.30.0 can" },
  ]);
});

test("a Dokploy that does not answer tells nothing", async () => {
  const away = new NoAnswer(Object.assign(new Error(), { code: "ECONNREFUSED" }), false);
  const dokploy = failing(() => toConnectionError(call("dockerVolume.getVolumes"), "https://dokploy", away));
  await expect(findVolumes(dokploy, owners)).rejects.toThrow("no answer");
  await expect(clearVolumes(dokploy, ["a"])).rejects.toThrow("no answer");
});
