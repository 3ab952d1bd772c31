import type { PlainFile } from "../normalise.ts";
import { variablesIn } from "../variables.ts";
import { scalars } from "../walk.ts";

/** Where an image or a name stands, which nobody looks up. */
const NO_HOSTS = new Set(["image", "build", "container_name"]);

/**
 * Every word that can be a full name (`platform-redis-staging`), by the container whose definition says it: in its own lines, in the
 * files that it mounts, and in the values of the variables it uses. Exact words, so that comparing them with the names that exist
 * guesses nothing. Secret values are not looked at.
 */
export function fullNamesIn(
  compose: PlainFile,
  env: Readonly<Record<string, string>>,
): Record<string, ReadonlySet<string>> {
  const containers = Object.entries(compose.services).map(([key, service]) => {
    const definition = Object.entries(service).filter(([field]) => !NO_HOSTS.has(field));
    const texts = [...scalars(definition)].flatMap(({ value }) => (typeof value === "string" ? [value] : []));
    for (const grant of service.configs ?? []) {
      const config = compose.configs?.[typeof grant === "string" ? grant : (grant.source ?? "")];
      texts.push(config?.content ?? env[config?.environment ?? ""] ?? "");
    }
    const values = texts.flatMap((text) => variablesIn(text).map(({ name }) => env[name] ?? ""));
    const words = [...texts, ...values].flatMap(
      (text) => text.toLowerCase().match(/(?<![\w.-])platform-[a-z0-9-]+/g) ?? [],
    );
    return [key, new Set(words)];
  });
  return Object.fromEntries(containers);
}
