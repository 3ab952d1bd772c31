import type { Context } from "./context.ts";
import type { Dependency } from "./model.ts";
import { mountTargets } from "./mount.ts";
import { keyOf, type PlainFile, type PlainService } from "./normalise.ts";
import { escapeDollars } from "./variables.ts";

/** A check that runs in the platform's network: the platform adds containers for it, of which nobody else of the file knows. */
export interface Probe {
  /** Of this service, from 1. */
  number: number;
  /** Container whose image, environment, secrets, files and networks it has. */
  beside?: string;
  /** Its image, where it is beside none. */
  image?: string;
  /** Plain values besides those of that container. */
  environment: Readonly<Record<string, string>>;
  /** Shell scripts, as `/bin/sh` gets them: one that ends when the check held, or fails; and one that goes on for ever. */
  release?: string;
  watch?: string;
  /** Seconds until the second has tried often enough to know. */
  patience: number;
  /** Whether it talks with other services. */
  joins: boolean;
}

/** Key of the container that waits for the checks: what nobody waits for makes `docker compose up --wait` fail when it ends. */
const KEEPER = "checked";

/** What marks that container: it says nothing of the service, so nothing waits for it to have run for a while. */
export const WAITS_LABEL = "dockmaster.waits";

/** What marks every container that is added for a check: none of it is the service's own, and none has its data. */
export const PROBE_LABEL = "dockmaster.checks";

/** The file that a check in the time after a release has as long as it holds. */
export const HELD = "/tmp/held";

/** For what a check starts: `mc` takes the most. */
const MEMORY = "256m";

/** Keys of the containers that these checks need. */
export function probeKeys(probes: readonly Probe[]): string[] {
  const keeps = probes.some(({ release, watch }) => release !== undefined && watch === undefined);
  return [...probes.flatMap((probe) => [...releaseKey(probe), ...watchKey(probe)]), ...(keeps ? [KEEPER] : [])];
}

/** Whether it is the container that only waits: no health check could tell more of it than that it runs. */
export function isKeeper(key: string, { probes = [] }: Pick<Context, "probes">): boolean {
  return key === KEEPER && probeKeys(probes).includes(KEEPER);
}

/** Keys of those that join the environment's network, where the given containers do. */
export function joiningProbes(probes: readonly Probe[], joins: readonly string[]): string[] {
  return probes
    .filter((probe) => probe.joins || joins.includes(probe.beside ?? ""))
    .flatMap((probe) => [...releaseKey(probe), ...watchKey(probe)]);
}

function releaseKey({ number, release }: Probe): string[] {
  return release === undefined ? [] : [`check-${number}`];
}

function watchKey({ number, watch }: Probe): string[] {
  return watch === undefined ? [] : [`watch-${number}`];
}

/**
 * Adds the containers. A check of a release is a one-shot that starts when all others are well, so that it runs with every deployment and
 * a failed one fails it; one for the time after it stays up, and is unhealthy while it does not hold. The containers of the file stay as
 * they are: `depends_on` is no part of what Compose recreates a container for.
 */
export function addProbes(compose: PlainFile, context: Context): PlainFile {
  const { probes = [] } = context;
  if (probes.length === 0) return compose;
  for (const key of probeKeys(probes)) {
    if (compose.services[key] === undefined) continue;
    context.report(["services", key], `\`${key}\` is the name of a container that checks`, "use another name");
  }
  const lasting = waitForAll(compose, context);
  const added = probes.flatMap((probe): [string, PlainService][] => {
    const template = templateOf(probe, compose, context);
    if (template === undefined) return [];
    const [check] = releaseKey(probe);
    const [watch] = watchKey(probe);
    const run = (script: string) => ({
      entrypoint: ["/bin/sh", "-c"],
      command: [escapeDollars(script)],
      mem_limit: MEMORY,
    });
    const after: Record<string, Dependency> = check
      ? { [check]: { condition: "service_completed_successfully" } }
      : lasting;
    return [
      ...(check
        ? [[check, { ...template, ...run(probe.release ?? ""), depends_on: lasting }] as [string, PlainService]]
        : []),
      ...(watch
        ? [
            [watch, { ...template, ...run(probe.watch ?? ""), ...staysUp(probe), depends_on: after }] as [
              string,
              PlainService,
            ],
          ]
        : []),
    ];
  });
  const ends = probes.filter(({ watch }) => watch === undefined).flatMap(releaseKey);
  const first = added.find(([key]) => ends.includes(key))?.[1];
  const keeper: [string, PlainService][] = first ? [[KEEPER, keep(first, ends)]] : [];
  return { ...compose, services: { ...compose.services, ...Object.fromEntries([...added, ...keeper]) } };
}

/** Until everything else of the file is up and well. */
function waitForAll(compose: PlainFile, context: Context): Record<string, Dependency> {
  const oneShots = Object.values(compose.services).flatMap(({ depends_on }) =>
    Object.entries(depends_on).flatMap(([key, how]) =>
      how.condition === "service_completed_successfully" ? [key] : [],
    ),
  );
  const started = Object.entries(compose.services).filter(
    ([key, { profiles, scale, deploy }]) =>
      !oneShots.includes(key) &&
      !(Array.isArray(profiles) && profiles.length > 0) &&
      Number(scale ?? deploy?.replicas ?? 1) !== 0,
  );
  return Object.fromEntries(
    started.map(([key]) => [
      key,
      { condition: context.health.get(key) === "running" ? "service_started" : "service_healthy" },
    ]),
  );
}

/** What it is like: another container without what only that one may have, i.e. its data, ports and name. */
function templateOf(probe: Probe, compose: PlainFile, context: Context): PlainService | undefined {
  const environment = Object.entries(probe.environment).map(([name, value]) => `${name}=${escapeDollars(value)}`);
  const plain = { environment: environment.sort(), labels: [`${PROBE_LABEL}=`], depends_on: {} };
  if (probe.beside === undefined) return { ...plain, image: probe.image ?? "" };
  const like = compose.services[probe.beside];
  if (like === undefined) {
    const hint = `name one of them with \`beside\`: ${Object.keys(compose.services).join(", ")}`;
    context.report(["services"], `there is no container \`${probe.beside}\` for a check to run beside`, hint);
    return undefined;
  }
  const given = Object.keys(probe.environment);
  const kept = like.environment.filter((entry) => !given.includes(keyOf(entry)));
  const { image, platform, user, secrets, configs } = like;
  // Where its data is, the image has volumes: without something else there each of these containers would leave an empty one behind.
  const covered = mountTargets({ volumes: like.volumes ?? [] });
  const parts = { image, platform, user, secrets, configs, tmpfs: covered.length > 0 ? covered.sort() : undefined };
  const present = Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined));
  return { ...plain, ...present, environment: [...kept, ...environment].sort() };
}

function staysUp({ patience }: Probe): Partial<PlainService> {
  return {
    init: true,
    healthcheck: {
      test: ["CMD", "test", "-f", HELD],
      interval: "5s",
      timeout: "5s",
      retries: 3,
      start_period: `${patience}s`,
    },
  };
}

function keep({ image, platform, tmpfs }: PlainService, ends: readonly string[]): PlainService {
  const awaited = ends.map((key): [string, Dependency] => [key, { condition: "service_completed_successfully" }]);
  return {
    image: image ?? "",
    ...(platform !== undefined && { platform }),
    ...(tmpfs !== undefined && { tmpfs }),
    init: true,
    entrypoint: ["/bin/sh", "-c"],
    command: ["exec sleep 2147483647"],
    mem_limit: "32m",
    environment: [],
    labels: [`${PROBE_LABEL}=`, `${WAITS_LABEL}=`],
    depends_on: Object.fromEntries(awaited),
  };
}
