import { outgrown, planSecrets, type SecretPlan, variableOf } from "../../components/bootstrap/runner/secrets.ts";
import type { Problem } from "../../components/compose/problem.ts";
import type { Vault } from "../../components/vault/api/client.ts";
import { VaultError } from "../../components/vault/api/errors.ts";
import { allowedHosts, explainInsecure, findInsecure } from "../../tools/outgoing/insecure.mjs";
import { LEAST_SECRET } from "../../tools/secret-parts.mjs";
import { vaultProblem } from "./look-up.ts";

/** A secret in Vault: its KV v2 path, and what it has to hold. */
export interface WantedSecret {
  path: string;
  names: readonly string[];
}

/** What the runner's secrets in Vault have to hold, and what they must not. */
export interface RunnerSecrets {
  door: WantedSecret;
  engines: readonly (WantedSecret & { stack: string })[];
  /** Fields that only a runner has whose state is elsewhere. */
  unwanted: readonly string[];
  env: NodeJS.ProcessEnv;
  /** The mount is somebody else's, so it has to be there. */
  existing: boolean;
  /** Hosts that the runner may reach in clear, with commas. */
  allowed: string;
}

type Values = Readonly<Record<string, unknown>>;

/** Whether every secret of door and workers has a value, in Vault or here, and none says that the state is elsewhere. */
export async function checkSecrets(
  client: Vault,
  secrets: RunnerSecrets,
): Promise<{ problems: Problem[]; notes: string[] }> {
  const read = async (path: string): Promise<Values> => (await client.readSecret(path))?.values ?? {};
  try {
    const before = await read(secrets.door.path);
    const lives = await Promise.all(secrets.engines.map(({ path }) => read(path)));
    return assess(secrets, before, lives);
  } catch (error) {
    // The first update makes the mount.
    if (!secrets.existing && error instanceof VaultError && error.code === "vault_missing")
      return assess(
        secrets,
        {},
        secrets.engines.map(() => ({})),
      );
    return { problems: [vaultProblem(error)], notes: [] };
  }
}

function assess({ door, engines, unwanted, env, allowed }: RunnerSecrets, before: Values, lives: readonly Values[]) {
  const doors = planSecrets(door.names, before, { env }, () => "0".repeat(LEAST_SECRET));
  const workers = engines.map(({ stack, path, names }, index): Worker => {
    const live = lives[index] ?? {};
    return { stack, path, live, plan: planSecrets(names, live, { env, stack, before }, () => "made") };
  });
  const problems = [
    ...doors.missing.map((variable) => missing(variable, "the runner has none", [door.path], "")),
    ...explainWeak(door.path, before, doors),
    ...explainInClear(before.GIT_REPO_URL || env.GIT_REPO_URL, allowed),
    ...explainMissing(workers),
    ...explainDifferent(workers, env),
    // Before it has a secret of its own, a worker would take over that of the runner.
    ...explainUnwanted(
      unwanted,
      workers.map(({ path, live }) => (isEmpty(live) ? { path: door.path, live: before } : { path, live })),
    ),
  ];
  return { problems, notes: noteOutgrown(door.path, before) };
}

/** Secrets of callers that the runner would not start with. */
function explainWeak(path: string, live: Values, { weak }: SecretPlan): Problem[] {
  return Object.entries(weak).flatMap(([file, problems]) =>
    problems.map((message) => ({
      file,
      message: message.replace(/^\w+:? /, ""),
      hint: live[file]
        ? `the runner would not start with it: change it where Vault has it, at ${path}, and keep the one of before in WEBHOOK_SECRET_OLD only if that is long enough`
        : "set a longer one for this run, or none: then one is made",
    })),
  );
}

/** Releases come from there: nobody in between may change them, nor read the sign-in. */
function explainInClear(repository: unknown, allowed: string): Problem[] {
  const host = findInsecure(String(repository ?? ""), allowedHosts({ ALLOW_INSECURE: allowed }));
  return host === undefined ? [] : [{ file: "GIT_REPO_URL", ...explainInsecure(host) }];
}

interface Worker {
  stack: string;
  path: string;
  live: Values;
  plan: SecretPlan;
}

function explainMissing(workers: readonly Worker[]): Problem[] {
  const names = new Set(workers.flatMap(({ plan }) => plan.missing));
  return [...names].map((name) => {
    const lacking = workers.filter(({ plan }) => plan.missing.includes(name));
    const stacks = lacking.map(({ stack }) => stack);
    const who =
      stacks.length > 1
        ? `the engine workers of ${stacks.join(", ")} have none`
        : `the engine worker of ${stacks} has none`;
    const own = variableOf(stacks[0] ?? "", name);
    const paths = lacking.map(({ path }) => path);
    return missing(name, who, paths, `; \`${own}\` counts for ${stacks[0]} alone`);
  });
}

function missing(file: string, who: string, paths: readonly string[], more: string): Problem {
  const message = `${who}: neither Vault at ${paths.join(", ")} nor the environment`;
  return { file, message, hint: `set it for this one run, e.g. with \`op run\`${more}` };
}

/** What people say for all stacks has to be true of one: others may have their own on purpose. */
function explainDifferent(workers: readonly Worker[], env: NodeJS.ProcessEnv): Problem[] {
  const holds = (name: string) =>
    workers.some(({ live, plan }) => [live[name], plan.writes[name]].some((value) => value && value === env[name]));
  return workers.flatMap(({ stack, path, plan }) =>
    plan.different.flatMap(({ name, variable }): Problem[] => {
      if (variable === name && holds(name)) return [];
      const [mount, field] = path.split("/data/", 2);
      const own = variable === name ? `, or give it as \`${variableOf(stack, name)}\` where ${stack} has its own` : "";
      return [
        {
          file: variable,
          message: `is another one than that of the engine worker of ${stack}, in Vault at ${path}`,
          hint: `use the worker's: \`vault kv get -mount=${mount} -field=${name} ${field}\`${own}`,
        },
      ];
    }),
  );
}

function explainUnwanted(unwanted: readonly string[], places: readonly { path: string; live: Values }[]): Problem[] {
  return unwanted.flatMap((name) => {
    const paths = new Set(places.filter(({ live }) => live[name]).map(({ path }) => path));
    if (paths.size === 0) return [];
    const message = `Vault has it at ${[...paths].join(", ")}, so the runner's state is a shared one, and here it is in a folder`;
    const hint = "`pulumi login` to the runner's; to change to a folder on purpose, take the field out of Vault";
    return [{ file: name, message, hint }];
  });
}

function noteOutgrown(path: string, before: Values): string[] {
  const names = outgrown(before);
  if (names.length === 0) return [];
  const [mount, secret] = path.split("/data/", 2);
  const flags = names.map((name) => `-remove-data=${name}`).join(" ");
  return [
    `Vault has ${names.join(", ")} at ${path} from before the engine workers, which have theirs at paths of their own. When the workers run, and nobody will go back to the runner of before, take them out: \`vault kv patch -mount=${mount} ${flags} ${secret}\``,
  ];
}

function isEmpty(values: Values): boolean {
  return Object.keys(values).length === 0;
}
