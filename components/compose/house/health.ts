import type { Context } from "../context.ts";
import { parseDuration } from "../duration.ts";
import type { HealthCheck } from "../model.ts";

const INTERVAL = "5s";

/** Longest interval that nobody notices, in seconds. */
const QUICK = 5;

/** Shortest time that Docker takes for an interval, in seconds; 0 means its default. */
const SHORTEST = 0.001;

/**
 * Every container that stays up proves that it works: by a test of its own, by its image's (`healthcheck` without `test`, or
 * `x-dockmaster: {health: image}`), or by running, where the file says that this is enough. The last two are noted.
 * Answers the health check to write: with an interval of 5 s unless it has another one. Compose fails on it when the image has no test.
 */
export function checkHealth(key: string, written: HealthCheck | undefined, context: Context): HealthCheck | undefined {
  const path = ["services", key];
  const place = [...path, "healthcheck"];
  // A container that the platform adds is not in the file.
  const seen = (context.seen.services[key] ?? { healthcheck: written }).healthcheck ?? undefined;
  const said = context.health.get(key);
  const test = testOf(seen);
  if (seen?.disable === true || test === "none") {
    const hint = "write a check that proves that it works";
    const where = seen?.disable === true ? [...place, "disable"] : [...place, "test"];
    context.report(where, "`docker compose up --wait` fails on a disabled health check: no health check", hint);
    return written;
  }
  if (test === "empty")
    context.report(
      [...place, "test"],
      "an empty test proves nothing",
      "write a command, or leave `test` out to take the image's",
    );
  if (said !== undefined && test === "own") {
    const hint = "keep the test, or `health`";
    context.report(
      [...path, "x-dockmaster", "health"],
      "the container has a `healthcheck` with a test of its own",
      hint,
    );
  }
  if (said === "running" && test === "image" && seen !== undefined) {
    const hint = "leave `healthcheck` out, or write `health: image`";
    context.report([...path, "x-dockmaster", "health"], "`healthcheck` without a test means the image's own", hint);
  }
  if (seen !== undefined) checkTimes(key, seen, context);
  if (test !== "image") return written && { interval: INTERVAL, ...written };
  if (said === "running") {
    const message =
      "no health check: it counts as well when it runs, and a crash that comes later is not noticed by the deployment";
    context.note("no-health-check", path, message, "add a `healthcheck` that proves that it works");
    return undefined;
  }
  if (said === "image" || Object.keys(seen ?? {}).length > 0) {
    const message = "the health check of its image decides: the deployment fails when the image has none";
    context.note(
      "image-health-check",
      seen === undefined ? path : place,
      message,
      "add a `test` to be sure of what it proves",
    );
    return { interval: INTERVAL, ...written };
  }
  const hint =
    "add a `healthcheck` that proves that it works, write `x-dockmaster: {health: image}` when the image has one, or let another container wait for its end with `service_completed_successfully`";
  context.report(written ? place : path, "no health check: a crash loop would look like success", hint);
  return written;
}

/** `own`: a command · `image`: none is given, so the image's counts · `none`: switched off · `empty`: a command that is not there. */
function testOf(health: HealthCheck | undefined): "own" | "image" | "none" | "empty" {
  const test = health?.test;
  if (test === undefined || test === null || (Array.isArray(test) && test.length === 0)) return "image";
  if (test === "NONE" || test[0] === "NONE") return "none";
  const words = Array.isArray(test) ? test.slice(1) : [test];
  return words.join("").trim() === "" ? "empty" : "own";
}

function checkTimes(key: string, health: HealthCheck, context: Context): void {
  const place = ["services", key, "healthcheck"];
  if (health.start_interval !== undefined) {
    context.report(
      [...place, "start_interval"],
      "`start_interval` fails on Docker engines before 25",
      "use `interval` and `start_period`",
    );
  }
  for (const field of ["interval", "timeout", "start_period"] as const) {
    const seconds = health[field] === undefined ? 0 : (parseDuration(String(health[field])) ?? 0);
    if (seconds !== 0 && seconds < SHORTEST)
      context.report([...place, field], `Docker takes no \`${field}\` of \`${health[field]}\``, "write `1s` or more");
  }
  if (health.interval === undefined) return;
  // Docker's default.
  const seconds = parseDuration(String(health.interval)) || 30;
  if (context.waitTimeout !== undefined && seconds >= context.waitTimeout) {
    const message = `the first probe runs after \`interval\`, and a stage of the deployment ends after ${context.waitTimeout} s: it would always fail`;
    context.report([...place, "interval"], message, "use 5s, or a longer `waitTimeout`");
  } else if (seconds > QUICK) {
    const message = "the first probe runs after `interval`, and every deployment waits for it";
    context.note("slow-health-check", [...place, "interval"], message, "use 5s or less");
  }
}
