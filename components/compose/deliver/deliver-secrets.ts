import type { Context } from "../context.ts";
import { isTrue } from "../is-true.ts";
import type { ComposeSecret, ComposeService, FileGrant } from "../model.ts";
import { mountTargets } from "../mount.ts";
import type { PlainFile, PlainService } from "../normalise.ts";
import type { Path } from "../problem.ts";
import { variableFor } from "../reading/secret-variable.ts";
import { deliverByAgent } from "./deliver-by-agent.ts";

/** The file with a source for every secret, and what has to go with it. */
export interface Delivered {
  compose: PlainFile;
  /** Env variable → secret name. */
  variables: Record<string, string>;
  /** Env that carries what YAML cannot. */
  env: Record<string, string>;
  /** Names of the secrets that containers use. */
  names: string[];
  /** Containers of the platform's own that join the environment's network. */
  joins: string[];
}

/** The label that makes Compose recreate a container when one of its secrets has a new value. */
export const FINGERPRINT_LABEL = "dockmaster.secrets";

/** Gives every secret its source and every consumer the fingerprint of the values it uses. */
export function deliverSecrets(compose: PlainFile, context: Context): Delivered {
  const declared = new Map(Object.entries(compose.secrets ?? {}));
  for (const name of Object.values(context.grants).flat()) declared.set(name, { environment: variableFor(name) });
  const granted = withGrants(compose, context);
  const names = usedNames(granted, context);
  const variables = sourceVariables(declared, names, context);
  if (context.secrets.mode === "agent") return { ...deliverByAgent(granted, context.secrets, context), names };

  const { fingerprint } = context.secrets;
  const services = Object.entries(granted.services).map(([key, service]) => {
    const own = (service.secrets ?? []).map(nameOf);
    if (own.length === 0) return [key, service];
    const label = `${FINGERPRINT_LABEL}=${fingerprint([...new Set(own)].sort())}`;
    return [key, { ...service, labels: [...service.labels, label].sort() }];
  });
  const sources = Object.entries(variables).map(([variable, name]) => [name, { environment: variable }]);
  return {
    compose: { ...granted, services: Object.fromEntries(services), secrets: Object.fromEntries(sources) },
    variables,
    env: {},
    names,
    joins: [],
  };
}

/** The file in which containers name what they are granted besides. */
function withGrants(compose: PlainFile, context: Context): PlainFile {
  for (const container of Object.keys(context.grants)) {
    if (!compose.services[container]) {
      context.report(
        ["services"],
        `there is no container \`${container}\` to give secrets to`,
        "correct the service's definition",
      );
    }
  }
  const services = Object.entries(compose.services).map(([key, service]): [string, PlainService] => {
    const grants = [...(service.secrets ?? []), ...(context.grants[key] ?? [])];
    return [key, { ...service, secrets: grants }];
  });
  return { ...compose, services: Object.fromEntries(services) };
}

function usedNames(compose: PlainFile, context: Context): string[] {
  const used = new Set<string>();
  for (const [key, service] of Object.entries(compose.services)) {
    const path = ["services", key];
    const grants = service.secrets ?? [];
    for (const [index, grant] of grants.entries()) {
      used.add(checkGrant(grant, [...path, "secrets", index], service, context));
    }
    if (grants.length > 0) checkDelivery(path, context.seen.services[key] ?? {}, context);
  }
  return [...used].sort();
}

/** Env variable → secret. Checked in every mode, so that a file that works in one environment works in all. */
function sourceVariables(
  declared: ReadonlyMap<string, ComposeSecret>,
  used: readonly string[],
  context: Context,
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, secret] of declared) {
    const path = ["secrets", name];
    if (!used.includes(name))
      context.report(
        path,
        `no container uses secret \`${name}\``,
        "remove it, or name it below a container's `secrets:`",
      );
    const variable = secret.environment;
    if (variable === undefined) {
      const hint = `write \`${name}: {environment: ${variableFor(name)}}\`: the platform makes the value`;
      context.report(path, `secret \`${name}\` has a source that the server does not have`, hint);
      continue;
    }
    if (!/^[A-Za-z_]\w*$/.test(variable)) {
      context.report(
        [...path, "environment"],
        `\`${variable}\` is no name of a variable`,
        `write \`${variableFor(name)}\``,
      );
    }
    const other = variables[variable];
    if (other !== undefined || variable in context.env || variable in context.containerEnv) {
      const what = other === undefined ? "a plain value of the service's env" : `secret \`${other}\``;
      context.report([...path, "environment"], `\`${variable}\` is also ${what}`, "use another name");
    }
    variables[variable] = name;
  }
  return variables;
}

function nameOf(grant: string | FileGrant): string {
  return typeof grant === "string" ? grant : (grant.source ?? "");
}

function checkGrant(grant: string | FileGrant, path: Path, service: PlainService, context: Context): string {
  const long = typeof grant === "string" ? { source: grant } : grant;
  const name = nameOf(grant);
  if (typeof long.mode === "number") {
    context.report([...path, "mode"], "Dokploy rewrites an unquoted mode as a decimal number", 'quote it: `"0400"`');
  }
  const user = service.user;
  if ((long.uid !== undefined || long.gid !== undefined) && user !== undefined && !/^\d+$/.test(String(user))) {
    context.report(
      path,
      "`uid` and `gid` of a secret fail when the container has a `user` that is no bare number",
      "leave them out: the file is readable for every user",
    );
  }
  return name;
}

/** Compose writes such files into the container's own layer: that fails on a read-only one and is hidden by a mount above. */
function checkDelivery(path: Path, service: ComposeService, context: Context): void {
  if (isTrue(service.read_only) && context.secrets.mode === "environment") {
    context.report(
      [...path, "read_only"],
      "secrets from the environment cannot be written into a `read_only` container",
      "leave `read_only` out",
    );
  }
  const cover = mountTargets(service).find((target) =>
    ["/run", "/run/secrets", "/"].includes(target.replace(/(?<=.)\/+$/, "")),
  );
  if (cover !== undefined) {
    context.report(path, `the mount at \`${cover}\` hides /run/secrets`, "mount it elsewhere");
  }
}
