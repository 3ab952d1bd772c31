import { describe, expect, test } from "vitest";
import { storeSecrets, type WantedSecrets } from "../../../../../components/bootstrap/runner/store-secrets.ts";
import type { SecretVersion, Vault } from "../../../../../components/vault/api/client.ts";

const PATH = "secret/data/platform/bootstrap/runner";

/** A Vault with one secret. `before`: what somebody else does just before a write arrives. */
function openVault(start?: Record<string, unknown>, before: (() => Record<string, unknown> | undefined)[] = []) {
  let live: SecretVersion | undefined = start && { version: 1, values: start };
  const writes: Record<string, string>[] = [];
  const vault: Pick<Vault, "readSecret" | "writeFields"> = {
    readSecret: async () => live,
    writeFields: async (_path, values, version) => {
      const change = before.shift()?.();
      if (change) live = { version: (live?.version ?? 0) + 1, values: { ...live?.values, ...change } };
      if ((live?.version ?? 0) !== version) return undefined;
      writes.push({ ...values });
      live = { version: version + 1, values: { ...live?.values, ...values } };
      return live.version;
    },
  };
  return {
    vault: vault as Vault,
    writes,
    values: () => live?.values,
    remove: () => (live = { version: 2, values: undefined }),
  };
}

const wanted = (changes: Partial<WantedSecrets> = {}): WantedSecrets => ({
  path: PATH,
  names: ["WEBHOOK_SECRET", "GIT_REPO_URL"],
  env: { GIT_REPO_URL: "https://git.example.org/platform.git" },
  own: {},
  write: true,
  ...changes,
});

describe("the runner's secret in Vault", () => {
  test("is filled from nothing: what is given, and a new webhook secret", async () => {
    const { vault, values } = openVault();
    const answer = await storeSecrets(vault, wanted());
    expect(answer.WEBHOOK_SECRET).toMatch(/^[0-9a-f]{64}$/);
    expect(answer.GIT_REPO_URL).toBe("https://git.example.org/platform.git");
    expect(values()).toEqual(answer);
  });

  test("has a value of its own in every field that is made: who may read the runner must not be able to sign for it", async () => {
    const { vault } = openVault();
    const answer = await storeSecrets(vault, wanted({ names: ["WEBHOOK_SECRET", "API_TOKEN"] }));
    expect(answer.API_TOKEN).toMatch(/^[0-9a-f]{64}$/);
    expect(answer.API_TOKEN).not.toBe(answer.WEBHOOK_SECRET);
  });

  test("gets what it lacks, keeps what it has and what is not ours", async () => {
    const { vault, writes } = openVault({ WEBHOOK_SECRET: "kept", other: "theirs" });
    const answer = await storeSecrets(vault, wanted());
    expect(writes).toEqual([{ GIT_REPO_URL: "https://git.example.org/platform.git" }]);
    expect(answer).toMatchObject({ WEBHOOK_SECRET: "kept", other: "theirs" });
  });

  test("is not written when it is complete", async () => {
    const { vault, writes } = openVault({ WEBHOOK_SECRET: "a", GIT_REPO_URL: "b" });
    expect(await storeSecrets(vault, wanted())).toEqual({ WEBHOOK_SECRET: "a", GIT_REPO_URL: "b" });
    expect(writes).toEqual([]);
  });

  test("gets a newly minted secret id in place of the old one", async () => {
    const start = { WEBHOOK_SECRET: "a", GIT_REPO_URL: "b", VAULT_ROLE_ID: "role", VAULT_SECRET_ID: "old" };
    const { vault, writes } = openVault(start);
    await storeSecrets(vault, wanted({ own: { VAULT_ROLE_ID: "role", VAULT_SECRET_ID: "new" } }));
    expect(writes).toEqual([{ VAULT_SECRET_ID: "new" }]);
  });

  test("is never written in a preview", async () => {
    const { vault, writes } = openVault();
    expect(await storeSecrets(vault, wanted({ write: false }))).toMatchObject({ GIT_REPO_URL: expect.any(String) });
    expect(writes).toEqual([]);
  });

  test("keeps the value of somebody who was quicker", async () => {
    const { vault, values } = openVault({}, [() => ({ WEBHOOK_SECRET: "theirs" })]);
    expect(await storeSecrets(vault, wanted())).toMatchObject({ WEBHOOK_SECRET: "theirs" });
    expect(values()).toMatchObject({ WEBHOOK_SECRET: "theirs", GIT_REPO_URL: expect.any(String) });
  });

  test("that changes all the time is given up on, with what to do", async () => {
    let count = 0;
    const { vault } = openVault(
      {},
      Array.from({ length: 9 }, () => () => ({ count: String(count++) })),
    );
    await expect(storeSecrets(vault, wanted())).rejects.toMatchObject({
      code: "vault_unreachable",
      hint: "run it again",
    });
  });

  test("that was deleted is not made anew", async () => {
    const { vault, remove, writes } = openVault({ WEBHOOK_SECRET: "a" });
    remove();
    await expect(storeSecrets(vault, wanted())).rejects.toMatchObject({ code: "vault_missing" });
    expect(writes).toEqual([]);
  });

  test("without a value for all of it is not begun", async () => {
    const { vault, writes } = openVault();
    await expect(storeSecrets(vault, wanted({ env: {} }))).rejects.toMatchObject({
      code: "vault_missing",
      message: `${PATH} has no GIT_REPO_URL`,
    });
    expect(writes).toEqual([]);
  });
});
