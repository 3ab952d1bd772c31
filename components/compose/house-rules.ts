import type { Context } from "./context.ts";
import { parseDuration } from "./duration.ts";
import type { HealthCheck } from "./model.ts";
import type { PlainFile, PlainService } from "./normalise.ts";
import type { Path } from "./problem.ts";

const LOGGING = { driver: "json-file", options: { "max-file": "3", "max-size": "10m" } };
const INTERVAL = "5s";

/** Pinned images, bounded logs, a restart policy, and for every container a proof that it works or that it is done. */
export function applyHouseRules(compose: PlainFile, context: Context): PlainFile {
  const oneShots = findOneShots(compose);
  const services = Object.entries(compose.services).map(([key, service]) => {
    const path = ["services", key];
    checkImage(service, path, context);
    const ruled: PlainService = { logging: LOGGING, ...service };
    if (oneShots.has(key)) checkOneShot(key, service, compose, oneShots, context);
    else {
      ruled.restart ??= "unless-stopped";
      ruled.healthcheck = checkHealth(service.healthcheck, path, context);
    }
    return [key, ruled];
  });
  return { ...compose, services: Object.fromEntries(services) };
}

/** Containers for whose successful end another one waits. */
function findOneShots(compose: PlainFile): Set<string> {
  const awaited = Object.values(compose.services).flatMap((service) =>
    Object.entries(service.depends_on).filter(([, how]) => how.condition === "service_completed_successfully"),
  );
  return new Set(awaited.map(([name]) => name));
}

function checkOneShot(
  key: string,
  service: PlainService,
  compose: PlainFile,
  oneShots: ReadonlySet<string>,
  context: Context,
): void {
  const path = ["services", key];
  if (service.restart === "always" || service.restart === "unless-stopped") {
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

function checkImage(service: PlainService, path: Path, context: Context): void {
  const image = service.image;
  if (service.build !== undefined) {
    context.report(
      [...path, "build"],
      "Dokploy has no folder to build from",
      "push an image and name it with `image:`",
    );
  }
  if (image === undefined) {
    if (service.build === undefined) context.report(path, "no image", "name one with a tag or a digest");
    return;
  }
  const place = [...path, "image"];
  if (image.includes("$")) {
    context.report(
      place,
      "the same release runs the same images everywhere",
      "write the tag itself, without a variable",
    );
    return;
  }
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return;
  const tag = /:([^:/@]+)$/.exec(image)?.[1];
  if (tag === undefined) context.report(place, `image \`${image}\` floats`, "pin it by a tag or a digest");
  else if (tag === "latest") context.report(place, "`latest` floats", "pin the image by a version or a digest");
}

function checkHealth(health: HealthCheck | undefined, path: Path, context: Context): HealthCheck | undefined {
  const place = [...path, "healthcheck"];
  const none = health?.test === undefined || health.test === "NONE" || health.test[0] === "NONE";
  if (health?.disable !== undefined) {
    context.report(
      [...place, "disable"],
      "`docker compose up --wait` fails on a disabled health check",
      "write a check that proves that it works",
    );
  } else if (none) {
    const hint =
      "add a `healthcheck` that proves that it works, or let another container wait for its end with `service_completed_successfully`";
    context.report(health ? place : path, "no health check: a crash loop would look like success", hint);
  }
  if (health === undefined) return undefined;
  if (health.start_interval !== undefined) {
    context.report(
      [...place, "start_interval"],
      "`start_interval` fails on Docker engines before 25",
      "use `interval` and `start_period`",
    );
  }
  const seconds = parseDuration(health.interval ?? INTERVAL);
  if (seconds === undefined || seconds > 5 || seconds <= 0) {
    context.report(
      [...place, "interval"],
      "the first probe runs after `interval`, and every deployment waits for it",
      "use 5s or less",
    );
  }
  return { interval: INTERVAL, ...health };
}
