import type { Context } from "../context.ts";
import type { ComposeFile } from "../model.ts";
import type { Path } from "../problem.ts";
import { variableFor } from "../reading/secret-variable.ts";
import { variablesIn } from "../variables.ts";
import { scalars } from "../walk.ts";

const EXPOSED = "read it from /run/secrets: values in the environment show in `docker inspect`";

/**
 * Variables that Compose has on the server, whatever the file's env says: Dokploy starts it with these, and writes some into the env.
 * https://github.com/Dokploy/dokploy/blob/canary/packages/server/src/utils/builders/compose.ts
 */
const SERVERS_OWN = /^(?:PATH|HOME|PWD|APP_NAME|DOCKER_\w+|COMPOSE_\w+)$/;

/**
 * Every variable that Compose reads has a value, and none holds a secret: those in `${NAME}`, the names without a value in `environment`
 * and `build.args`, and the sources of configs.
 */
export function checkVariables(compose: ComposeFile, context: Context): void {
  const secrets = secretVariables(compose, context);
  const known = new Set([
    ...Object.keys(context.variables),
    ...Object.keys(context.env),
    ...Object.keys(context.containerEnv),
  ]);
  const check = (name: string, path: Path, isOptional: boolean, hint: string) => {
    if (secrets.has(name)) context.report(path, `\`${name}\` holds a secret`, EXPOSED);
    else if (!known.has(name) && !isOptional) context.report(path, `variable \`${name}\` has no value`, hint);
  };
  for (const { path, value } of scalars(compose)) {
    if (typeof value !== "string") continue;
    // One that is required is told by the reading.
    for (const { name, operator } of variablesIn(value)) {
      const hint = `write \`$$${name}\` when the container's shell should resolve it; a secret goes into \`secrets:\`, and is read from /run/secrets; else give it a default or a plain value in the service's env`;
      if (SERVERS_OWN.test(name) && (operator !== undefined || known.has(name))) {
        context.report(path, `\`${name}\` has a value of the server's own there`, "use a variable with another name");
      } else check(name, path, operator !== undefined, hint);
    }
  }
  for (const { name, path } of bareNames(context.seen)) {
    const hint = `write \`${name}=…\`, or give it a value in the service's env; a secret goes below \`secrets:\``;
    check(name, path, false, hint);
  }
}

/** Variables from which the file's secrets come, and those of the secrets that the service's definition grants. */
function secretVariables(compose: ComposeFile, context: Context): Set<string> {
  const declared = Object.values(compose.secrets ?? {}).flatMap((secret) => secret.environment ?? []);
  const granted = Object.values(context.grants).flat().map(variableFor);
  return new Set([...declared, ...granted]);
}

/** Names that Compose looks up without a `$`. */
function* bareNames(seen: ComposeFile): Generator<{ name: string; path: Path }> {
  for (const [key, service] of Object.entries(seen.services)) {
    const path = ["services", key];
    yield* withoutValue(service.environment, [...path, "environment"]);
    const { args } = (typeof service.build === "object" && service.build !== null ? service.build : {}) as {
      args?: unknown;
    };
    yield* withoutValue(args, [...path, "build", "args"]);
  }
  for (const [key, config] of Object.entries(seen.configs ?? {})) {
    if (config.environment !== undefined) yield { name: config.environment, path: ["configs", key, "environment"] };
  }
}

function* withoutValue(entries: unknown, path: Path): Generator<{ name: string; path: Path }> {
  if (Array.isArray(entries)) {
    for (const [index, entry] of entries.entries())
      if (!String(entry).includes("=")) yield { name: String(entry), path: [...path, index] };
  } else {
    for (const [name, value] of Object.entries(entries ?? {}))
      if (value === null) yield { name, path: [...path, name] };
  }
}
