import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { catalogue } from "../../../stacks/catalogue.ts";
import { fromStackFile } from "../../../stacks/config/stack-file.ts";
import { planStack } from "../../../stacks/plan.ts";

const hasCompose = spawnSync("docker", ["compose", "version"]).status === 0;
if (!hasCompose && process.env.REQUIRE_DOCKER === "1")
  throw new Error("REQUIRE_DOCKER=1, but `docker compose` does not run");
const judged = hasCompose ? describe : describe.skip;

const ROOT = join(import.meta.dirname, "..", "..", "..");
const folder = mkdtempSync(join(tmpdir(), "dockmaster-judge-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What Compose makes of a file; its own words when it refuses. */
function compose(file: string, ...flags: string[]): unknown {
  const { PATH, HOME } = process.env;
  const run = spawnSync("docker", ["compose", "-p", "judged", "-f", file, ...flags, "config", "--format", "json"], {
    encoding: "utf8",
    env: { PATH, HOME },
  });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout);
}

const text =
  'config:\n  platform:domain: example.org\n  platform:suffix: "-staging"\n  platform:postgres: {env: {LEVEL: "a$b#c"}}\n';
const { raw } = fromStackFile("staging", text);
const { plan } = planStack("staging", raw!, "a-master-key-that-is-long-enough-for-all");

// `docker compose config` needs no daemon.
judged(`docker compose config${hasCompose ? "" : " (skipped: `docker compose` does not run here)"}`, () => {
  it.each(catalogue.map(({ name }) => name))("accepts %s's compose file as it stands", (name) => {
    expect(compose(join(ROOT, "components", name, "compose.yaml"))).toHaveProperty("services");
  });

  it.each(plan!.services)(
    "reads $name's text alike before and after Dokploy's YAML round trip, with its .env",
    ({ composeFile, env, secretEnv }) => {
      const dotenv = Object.entries({ ...env, ...secretEnv }).map(
        ([key, value]) => `${key}="${value.replaceAll(/[\\"$]/g, "\\$&")}"\n`,
      );
      writeFileSync(join(folder, ".env"), dotenv.join(""));
      writeFileSync(join(folder, "sent.yml"), composeFile);
      writeFileSync(join(folder, "rewritten.yml"), stringify(parse(composeFile), { lineWidth: 1000 }));
      const rewritten = compose(join(folder, "rewritten.yml"));
      expect(rewritten).toEqual(compose(join(folder, "sent.yml")));
      // The values of secrets are named by their variables only.
      for (const value of Object.values(secretEnv)) expect(JSON.stringify(rewritten)).not.toContain(value);
    },
  );

  it("gives extra env to the container as it was written", () => {
    const postgres = plan!.services.find(({ name }) => name === "postgres");
    writeFileSync(join(folder, ".env"), 'LEVEL="a\\$b#c"\nPOSTGRES_PASSWORD=x\n');
    writeFileSync(join(folder, "sent.yml"), postgres?.composeFile ?? "");
    const { services } = compose(join(folder, "sent.yml")) as {
      services: Record<string, { environment: Record<string, string> }>;
    };
    // `config` prints what would have to be written in a compose file.
    expect(services["platform-postgres-staging"]?.environment.LEVEL).toBe("a$$b#c");
  });
});
