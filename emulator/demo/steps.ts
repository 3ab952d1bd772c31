import { existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { requestRunner } from "../../cli/client.ts";
import { runProgram } from "../../tools/run-program.mjs";
import { editEnv, liveServices } from "./dokploy.ts";
import type { Harness } from "./harness.ts";

/** What a step found: one line for people, and whether it is what should happen. */
export interface StepResult {
  ok: boolean;
  result: string;
}

/** One step of the demo. */
export interface Step {
  name: string;
  run(harness: Harness): Promise<StepResult>;
}

const DEPLOY_WAIT = 300;

/** Deploys and compares with what the answer must say, and with how many deployments Dokploy made for each service. */
async function deploy(
  harness: Harness,
  env: string,
  tag: string,
  expected: { changed: string[]; unchanged: string[] },
): Promise<StepResult> {
  const before = await liveServices(harness.dokploy, env);
  const { status, body } = await requestRunner(harness.runner, "POST", "/deploy", {
    body: { env, tag, triggered_by: "demo" },
    waitSeconds: DEPLOY_WAIT,
    form: "plain",
  });
  if (status !== 200) return { ok: false, result: `answered ${status}: ${JSON.stringify(body)}` };
  const after = await liveServices(harness.dokploy, env);
  const deployed = [...after.values()]
    .filter((service) => service.deployments.length > (before.get(service.name)?.deployments.length ?? 0))
    .map((service) => service.name)
    .sort();
  const changed = list(body.changed_services);
  const unchanged = list(body.unchanged_services);
  const ok =
    body.status === "success" &&
    String(changed) === String(expected.changed) &&
    String(unchanged) === String(expected.unchanged) &&
    String(deployed) === String(expected.changed);
  return {
    ok,
    result: `changed: ${changed.join(", ") || "–"}; unchanged: ${unchanged.join(", ") || "–"}; Dokploy deployed: ${deployed.join(", ") || "nothing"}`,
  };
}

const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String).sort() : []);

/** Runs `pulumi` in the origin's clone, as a member of the team would. */
async function pulumi(harness: Harness, args: string[]): Promise<{ code: number | null; output: string }> {
  const modules = join(harness.origin.folder, "node_modules");
  if (!existsSync(modules)) symlinkSync(join(harness.checkout, "node_modules"), modules);
  const { code, stdout, stderr } = await runProgram("pulumi", args, {
    cwd: harness.origin.folder,
    env: harness.laptop,
  });
  return { code, output: stdout + stderr };
}

const HAND_EDIT = "EDITED_BY_HAND";

/** The demo, in order. Each step builds on the ones before. */
export const STEPS: Step[] = [
  {
    name: "deploy v1.0.1 to staging: both services are new",
    run: (harness) => deploy(harness, "staging", "v1.0.1", { changed: ["postgres", "redis"], unchanged: [] }),
  },
  {
    name: "deploy v1.0.2, which changes only redis",
    async run(harness) {
      harness.origin.edit("components/redis/compose.yaml", (text) =>
        text.replace("stop_grace_period: 30s", "stop_grace_period: 45s"),
      );
      harness.origin.release("v1.0.2", "feat(redis): more time to write its data at the end");
      return await deploy(harness, "staging", "v1.0.2", { changed: ["redis"], unchanged: ["postgres"] });
    },
  },
  {
    name: "deploy v1.0.2 again: nothing to do",
    run: (harness) => deploy(harness, "staging", "v1.0.2", { changed: [], unchanged: ["postgres", "redis"] }),
  },
  {
    name: "edit redis' env by hand, as in Dokploy's UI",
    async run(harness) {
      const redis = (await liveServices(harness.dokploy, "staging")).get("redis");
      if (!redis) return { ok: false, result: "Dokploy has no redis" };
      await editEnv(harness.dokploy, redis, `${redis.env}\n${HAND_EDIT}=1\n`);
      const now = (await liveServices(harness.dokploy, "staging")).get("redis");
      return { ok: now?.env.includes(HAND_EDIT) === true, result: `added ${HAND_EDIT} to redis` };
    },
  },
  {
    name: "see the drift: pulumi refresh --preview-only",
    async run(harness) {
      const { code, output } = await pulumi(harness, [
        ...[
          "refresh",
          "--preview-only",
          "--diff",
          "--expect-no-changes",
          "--stack",
          "staging",
          "--non-interactive",
          "--color",
          "never",
        ],
      ]);
      const found = output.split("\n").filter((line) => line.includes(HAND_EDIT));
      const ok = code !== 0 && found.length > 0;
      return {
        ok,
        result: ok ? found.map((line) => line.trim()).join(" ") : `exit code ${code}: ${output.slice(-400)}`,
      };
    },
  },
  {
    name: "deploy v1.0.2 once more: the drift is fixed",
    async run(harness) {
      const outcome = await deploy(harness, "staging", "v1.0.2", { changed: ["redis"], unchanged: ["postgres"] });
      const redis = (await liveServices(harness.dokploy, "staging")).get("redis");
      return { ...outcome, ok: outcome.ok && redis?.env.includes(HAND_EDIT) === false };
    },
  },
  {
    name: "promote to production: v1.1.0 on the same commit",
    async run(harness) {
      harness.origin.promote("v1.0.2", "v1.1.0");
      return await deploy(harness, "production", "v1.1.0", { changed: ["postgres", "redis"], unchanged: [] });
    },
  },
  {
    name: "send an old tag: superseded, nothing happens",
    async run(harness) {
      const { status, body } = await requestRunner(harness.runner, "POST", "/deploy", {
        body: { env: "staging", tag: "v1.0.1", triggered_by: "demo" },
        waitSeconds: DEPLOY_WAIT,
        form: "plain",
      });
      return {
        ok: status === 200 && body.status === "superseded",
        result: `${status} ${body.status}, by ${body.superseded_by}`,
      };
    },
  },
  {
    name: "send a bad signature: refused",
    async run(harness) {
      const { status, body } = await requestRunner({ ...harness.runner, secret: "not the secret" }, "POST", "/deploy", {
        body: { env: "staging", tag: "v1.0.2", triggered_by: "stranger" },
      });
      const error = body.error as { code?: string; message?: string } | undefined;
      return { ok: status === 401, result: `${status} ${error?.code}: ${error?.message}` };
    },
  },
];
