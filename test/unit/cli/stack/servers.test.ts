import { expect, test } from "vitest";
import { openDokploy, openVault, requireOwner } from "../../../../cli/stack/servers.ts";
import { ownService, parseMarker, printMarker } from "../../../../components/dokploy/api/marker.ts";
import { ownerId } from "../../../../components/platform/keys.ts";

const KEY = "0123456789abcdef0123456789abcdef";
const checkout = { folder: process.cwd(), stacks: ["staging"] };
const owner = await requireOwner(checkout, "staging", { PLATFORM_KEY: KEY });
const description = printMarker({ ...owner, service: "redis", routes: ["redis.example.org/"] });

test("a checkout and its key own what the program marks with them", async () => {
  expect(owner).toEqual({ project: "dockmaster", stack: "staging", keyId: ownerId(KEY, "staging") });
  expect(ownService(description, owner)).toBe("redis");
  await expect(requireOwner(checkout, "staging", {})).rejects.toMatchObject({
    message: "PLATFORM_KEY is not set",
    exitCode: 2,
  });
});

test.each([
  ["another key", { ...owner, keyId: ownerId(`${KEY}x`, "staging") }],
  ["another stack", { ...owner, stack: "production" }],
  ["another project", { ...owner, project: "other" }],
])("%s is a stranger", (_, stranger) => {
  expect(ownService(description, stranger)).toBeUndefined();
});

test.each([null, "", "by hand", '{"dockmaster": 1, "project"', '{"dockmaster":1,"project":5}'])(
  "%j is no marker",
  (text) => {
    expect(parseMarker(text)).toBeUndefined();
  },
);

test.each([
  [{}, "DOKPLOY_URL is not set"],
  [{ DOKPLOY_URL: "https://dokploy.example.org" }, "DOKPLOY_API_KEY is not set"],
  [{ DOKPLOY_URL: "dokploy", DOKPLOY_API_KEY: "k" }, "DOKPLOY_URL is not an http(s) address"],
])("a Dokploy that cannot be asked is wrong use: %j", async (access, message) => {
  await expect(openDokploy(access)).rejects.toMatchObject({ code: "wrong_use", message, exitCode: 2 });
});

test.each([
  [{}, "VAULT_ADDR is not set"],
  [{ VAULT_ADDR: "https://vault.example.org" }, "there is neither VAULT_TOKEN nor VAULT_ROLE_ID with VAULT_SECRET_ID"],
])("a Vault that cannot be asked is wrong use: %j", async (access, message) => {
  await expect(openVault(access)).rejects.toMatchObject({ code: "wrong_use", message, exitCode: 2 });
});

test("servers have one spelling of their address, as for an update", async () => {
  const dokploy = await openDokploy({ DOKPLOY_URL: " https://Dokploy.example.org//api/ ", DOKPLOY_API_KEY: "k" });
  expect(dokploy.url).toBe("https://dokploy.example.org");
});
