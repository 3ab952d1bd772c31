import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openVault, setField } from "../../../cli/stack/servers.ts";
import { engineEnvironment } from "../../../tools/engine-path.mjs";
import { type OpenbaoServer, openbaoMissing, openbaoNote, startOpenbao } from "../../contract/vault/openbao-server.ts";
import { type Laptop, openLaptop } from "./laptop-harness.ts";

const PATH = "secret/data/platform/staging/redis";
const VALUE = "planted-value-in-vault";
const GIVEN = "planted-given-value";

let vault: OpenbaoServer;
const fields = async (path: string) => (await vault.demand("GET", path)).data.data as Record<string, string>;

describe.skipIf(openbaoMissing)(`secrets in Vault${openbaoNote}`, { timeout: 120_000 }, () => {
  let laptop: Laptop;
  const dockmaster = (...words: string[]) =>
    laptop.dockmasterAs({ VAULT_ADDR: vault.address, VAULT_TOKEN: vault.rootToken }, ...words);

  beforeAll(async () => {
    vault = await startOpenbao();
    await vault.demand("POST", PATH, { data: { redis_password: VALUE, untouched: "as it was" } });
    laptop = await openLaptop();
    laptop.editStackFile("config:\n", "config:\n  platform:secrets: vault\n");
    writeState();
  }, 120_000);
  afterAll(async () => {
    await laptop.close();
    await vault.stop();
  });

  /** A state as an update leaves it, as far as secrets go. */
  function writeState() {
    const urn = (type: string, name: string) => `urn:pulumi:staging::dockmaster::${type}::${name}`;
    const service = "dockmaster:platform:Service";
    const type = "pulumi-nodejs:dynamic/vault:Secrets";
    const compose = "pulumi-nodejs:dynamic/dokploy:Compose";
    const resources = [
      { urn: urn("pulumi:pulumi:Stack", "dockmaster-staging"), custom: false, type: "pulumi:pulumi:Stack" },
      { urn: urn(service, "redis"), custom: false, type: service },
      {
        urn: urn(`${service}$${type}`, "redis"),
        custom: true,
        id: PATH,
        type,
        inputs: { path: PATH, fields: { redis_password: { rotation: 1 } } },
      },
      { urn: urn(`${service}$${compose}`, "redis"), custom: true, id: "1", type: compose, inputs: { composeFile: "" } },
    ];
    const input = JSON.stringify({ version: 3, deployment: { manifest: { time: "2026-01-01T00:00:00Z" }, resources } });
    const options = { cwd: laptop.checkout, env: engineEnvironment({ ...process.env, ...laptop.env }), input };
    for (const words of [
      ["stack", "init", "staging", "--no-select"],
      ["stack", "import", "--stack", "staging", "--force"],
    ]) {
      expect(spawnSync("pulumi", words, options).status).toBe(0);
    }
  }

  test("list names the path and no value; get reads Vault only when asked to reveal", async () => {
    const listed = JSON.parse((await dockmaster("secret", "list", "staging", "--json")).stdout);
    expect(listed.secrets).toEqual([
      { service: "redis", name: "redis_password", value: "generated", version: 1, rests: PATH },
    ]);
    expect((await laptop.dockmaster("secret", "get", "staging", "redis", "redis_password")).stdout).toMatch(/^•+ /);
    const words = ["secret", "get", "staging", "redis", "redis_password"];
    expect((await dockmaster(...words)).stdout).not.toContain(VALUE);
    expect((await dockmaster(...words, "--reveal")).stdout.trim()).toBe(VALUE);
  });

  test("set writes one field as a new version and leaves the others alone", async () => {
    const env = { VAULT_ADDR: vault.address, VAULT_TOKEN: vault.rootToken };
    const words = ["secret", "set", "staging", "redis", "redis_password"];
    const end = await laptop.dockmasterWith(`${GIVEN}\n`, ...words);
    expect([end.code, end.stderr]).toEqual([2, expect.stringContaining("VAULT_ADDR")]);
    Object.assign(laptop.env, env);
    expect((await laptop.dockmasterWith(`${GIVEN}\n`, ...words)).code).toBe(0);
    expect(await fields(PATH)).toEqual({ redis_password: GIVEN, untouched: "as it was" });
    expect(laptop.stackFile()).not.toContain("secure");
  });

  test("a token that may not, and a Vault that is away, are told with what to do", async () => {
    const words = ["secret", "get", "staging", "redis", "redis_password", "--reveal"];
    const denied = await laptop.dockmasterAs({ VAULT_TOKEN: "nobody" }, ...words);
    expect([denied.code, denied.stderr]).toEqual([1, expect.stringContaining("vault login")]);
    const away = await laptop.dockmasterAs({ VAULT_ADDR: "http://127.0.0.1:59999" }, ...words);
    expect([away.code, away.stderr]).toEqual([1, expect.stringContaining("Check VAULT_ADDR")]);
  });

  test("doctor sees whether Vault is well, sealed, or does not know the token", async () => {
    const look = async (env: Record<string, string> = {}) => {
      const { stdout } = await laptop.dockmasterAs(env, "doctor", "staging", "--json");
      const { findings } = JSON.parse(stdout) as { findings: { name: string; state: string; fix?: string }[] };
      return findings.find(({ name }) => name === "Vault");
    };
    expect(await look()).toMatchObject({ state: "ok" });
    expect(await look({ VAULT_TOKEN: "nobody" })).toMatchObject({ state: "broken", fix: "vault login" });
    await vault.seal();
    expect(await look()).toMatchObject({ state: "broken", fix: "vault operator unseal" });
    await vault.unseal();
  });

  test("an import fills in what is missing in Vault and overwrites nothing", async () => {
    const open = await openVault({ VAULT_ADDR: vault.address, VAULT_TOKEN: vault.rootToken });
    const fill = (path: string, field: string, value: string) =>
      setField(open, path, field, value, { unlessThere: true });
    const other = "secret/data/platform/staging/postgres";
    expect(await fill(other, "postgres_password", "first")).toBe(true);
    expect(await fill(other, "postgres_password", "second")).toBe(false);
    expect(await fill(other, "another", "third")).toBe(true);
    expect(await fields(other)).toEqual({ postgres_password: "first", another: "third" });
  });

  test("no value was printed unasked", () => {
    expect(laptop.printed()).not.toContain(GIVEN);
    expect(laptop.printed().split(VALUE)).toHaveLength(2);
  });
});
