import type { Context } from "../context.ts";
import { checkHealth } from "../house/health.ts";
import { checkImage } from "../house/images.ts";
import { notePasswords } from "../house/passwords.ts";
import type { PlainFile, PlainService } from "../normalise.ts";
import { isKeeper, probeKeys } from "../probes.ts";

const LOGGING = { driver: "json-file", options: { "max-file": "3", "max-size": "10m" } };

/** Pinned images, bounded logs, a restart policy, and for every container a proof that it works or that it is done. */
export function applyHouseRules(compose: PlainFile, context: Context): PlainFile {
  const oneShots = findOneShots(compose);
  // What a check is beside was looked at where it stands.
  const probes = probeKeys(context.probes ?? []);
  const services = Object.entries(compose.services).map(([key, service]) => {
    const path = ["services", key];
    if (!probes.includes(key)) checkImage(service, path, context);
    notePasswords(key, context);
    const ruled: PlainService = { logging: LOGGING, ...service };
    if (oneShots.has(key)) checkOneShot(key, compose, oneShots, context);
    else {
      ruled.restart ??= "unless-stopped";
      if (!isKeeper(key, context)) ruled.healthcheck = checkHealth(key, service.healthcheck, context);
    }
    return [key, ruled];
  });
  checkAwaited(compose, oneShots, context);
  return { ...compose, services: Object.fromEntries(services) };
}

/** Compose ends a deployment in which somebody waits for the health of a container that has none. */
function checkAwaited(compose: PlainFile, oneShots: ReadonlySet<string>, context: Context): void {
  for (const [key, { depends_on }] of Object.entries(compose.services)) {
    for (const [name, { condition }] of Object.entries(depends_on)) {
      const isOneShot = oneShots.has(name) && compose.services[name]?.healthcheck === undefined;
      if (condition !== "service_healthy" || !(isOneShot || context.health.get(name) === "running")) continue;
      const path = ["services", key, "depends_on", name, "condition"];
      const instead = isOneShot ? "service_completed_successfully" : "service_started";
      const message = `\`${name}\` has no health check, so it is never healthy`;
      context.report(path, message, `write \`${instead}\`, or give \`${name}\` a health check`);
    }
  }
}

/** Containers for whose successful end another one waits. */
function findOneShots(compose: PlainFile): Set<string> {
  const awaited = Object.values(compose.services).flatMap((service) =>
    Object.entries(service.depends_on).filter(([, how]) => how.condition === "service_completed_successfully"),
  );
  return new Set(awaited.map(([name]) => name));
}

function checkOneShot(key: string, compose: PlainFile, oneShots: ReadonlySet<string>, context: Context): void {
  const path = ["services", key];
  if (context.health.has(key)) {
    const place = [...path, "x-dockmaster", "health"];
    context.report(place, "a one-shot is well when it has ended, whatever its health", "leave `health` out");
  }
  const { restart } = context.seen.services[key] ?? {};
  if (restart === "always" || restart === "unless-stopped") {
    context.report(
      [...path, "restart"],
      "a one-shot that is restarted never completes",
      "leave `restart` out, or write `on-failure:3`",
    );
  }
  const staysUp = (name: string, seen: readonly string[]): boolean =>
    Object.entries(compose.services).some(
      ([other, { depends_on }]) =>
        depends_on[name] !== undefined &&
        !seen.includes(other) &&
        (!oneShots.has(other) || staysUp(other, [...seen, other])),
    );
  if (!staysUp(key, [key])) {
    context.report(
      path,
      "no container that stays up waits for this one-shot: whether the deployment fails would be a race",
      "wait for it with `service_completed_successfully`",
    );
  }
}
