import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromStackFile } from "../../../stacks/config/stack-file.ts";
import { planStack } from "../../../stacks/plan.ts";
import { type OpenbaoServer, openbaoMissing, openbaoNote, startOpenbao } from "../../contract/vault/openbao-server.ts";
import { BACKENDS, type Backend } from "../backends.ts";
import { createStack } from "../vault/stack.ts";
import { KEY, openPlatform, type Platform } from "./platform.ts";

const [found, missing] = [BACKENDS.filter((each) => !each.missing), BACKENDS.filter((each) => each.missing)];
for (const { kind } of missing) test.skip(`an update that is killed, its state in ${kind}`);

describe.each(found)("an update that is killed, its state in $kind,", { timeout: 120_000 }, ({ open }) => {
  let folder: string;
  let backend: Backend;
  let platform: Platform;
  let bao: OpenbaoServer | undefined;
  /** Role id and secret id of the runner. */
  let runner: NodeJS.ProcessEnv;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "killed-"));
    backend = await open(folder);
    platform = await openPlatform({ plugins: ["command", "vault"], env: backend.env });
    if (openbaoMissing) return;
    bao = await startOpenbao();
    runner = await letIn(bao);
  });
  afterAll(async () => {
    await bao?.stop();
    await platform?.close();
    await backend?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const deployments = async (stack: string) =>
    Object.fromEntries((await platform.services(stack)).map(({ name, deployments }) => [name, deployments]));

  test("in a command check: the service is taken over as it runs, with the password that it has, and is checked again", async () => {
    const [ran, hold] = [join(folder, "ran"), join(folder, "hold")];
    const checks = () => (existsSync(ran) ? readFileSync(ran, "utf8").length : 0);
    platform.config("staging", [
      "platform:domain: example.org",
      "platform:suffix: -staging",
      "platform:services: [redis]",
      `platform:redis: {checks: [{command: 'printf x >> ${ran}; ! test -e ${hold} || sleep 60', attempts: 1}]}`,
    ]);
    writeFileSync(hold, "");
    await platform.killedUp("staging", () => checks() === 1);
    rmSync(hold);
    const seen = async () => [await platform.running("staging"), (await platform.services("staging"))[0]?.env];
    const before = await seen();
    const { ok, text, changes } = await platform.up("staging");
    expect(ok, text).toBe(true);
    expect(changes).toMatchObject({ "Compose redis": "create", "Command redis-check-1": "create" });
    expect(await seen()).toEqual(before);
    expect([await deployments("staging"), checks()]).toEqual([{ redis: 1 }, 2]);
    expect((await platform.up("staging")).changes).toEqual({});
  });

  test.skipIf(openbaoMissing)(
    `between Vault and its services: no second rotation, secret id or deployment${openbaoNote}`,
    async () => {
      const vault = bao!;
      const password = async () =>
        (await vault.demand("GET", "secret/data/platform/vault/shared/redis_redis_password")).data.data.redis_password;
      const secretIds = async () =>
        (await vault.demand("LIST", "auth/approle/role/platform.vault.minio/secret-id")).data.keys;
      platform.config("vault", inVault(vault.address, "platform:services: [redis]"));
      const began = await platform.up("vault", runner);
      expect(began.ok, began.text).toBe(true);
      const old = await password();

      const lines = ["platform:services: [redis, minio]", "platform:redis: {secretVersion: 2}"];
      platform.config("vault", inVault(vault.address, ...lines));
      const { control } = platform.emulator;
      control.addFault({ kind: "slow-deploy", service: "minio", ms: 60_000 });
      control.resetStatistics();
      await platform.killedUp("vault", () => control.statistics().procedures["compose.deploy"] === 2, runner);
      const made = [await password(), await secretIds()];
      expect(made).toEqual([expect.not.stringContaining(old), [expect.any(String)]]);

      control.clearFaults();
      const { ok, text } = await platform.up("vault", runner);
      expect(ok, text).toBe(true);
      expect([await password(), await secretIds()]).toEqual(made);
      expect(await deployments("vault")).toEqual({ minio: 1, redis: 2 });
      expect((await platform.up("vault", runner)).changes).toEqual({});
    },
  );
});

function inVault(address: string, ...lines: string[]): string[] {
  const own = ["platform:domain: example.org", "platform:suffix: -vault", "platform:secrets: vault"];
  return [...own, `vault:address: ${address}`, ...lines];
}

/** Does what `bootstrap` does for the stack, and answers how the runner signs in. */
async function letIn(bao: OpenbaoServer): Promise<NodeJS.ProcessEnv> {
  const lines = inVault(bao.address, "platform:services: [redis, minio]").map((line) => `  ${line}\n`);
  const { plan } = planStack("vault", fromStackFile("vault", `config:\n${lines.join("")}`).raw!, KEY);
  const services = plan!.services.map(({ name, vault }) => [name, { shared: vault?.shared ?? [] }]);
  const privileged = await createStack("bootstrap", { VAULT_ADDR: bao.address, VAULT_TOKEN: bao.rootToken });
  // OpenBao's development server has the mount of the secrets already.
  await bao.demand("DELETE", "sys/mounts/secret");
  const stacks = { vault: Object.fromEntries(services) };
  const made = await privileged.up({ access: { project: "platform", stacks, engines: { "engine-vault": "vault" } } });
  privileged.remove();
  if (!made.ok) throw new Error(made.text);
  const role = "auth/approle/role/platform.engine-vault";
  return {
    VAULT_ROLE_ID: (await bao.demand("GET", `${role}/role-id`)).data.role_id,
    VAULT_SECRET_ID: (await bao.demand("POST", `${role}/secret-id`)).data.secret_id,
  };
}
