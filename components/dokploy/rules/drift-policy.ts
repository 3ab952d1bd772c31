import { closest } from "../../compose/closest.ts";
import { isVariable } from "../api/env.ts";
import { routeOf } from "./domains.ts";
import { ServiceError } from "./service-error.ts";
import { rightSettings } from "./settings.ts";

/** What becomes of what people change in Dokploy by hand: it is told, or the runner also brings the program's back. */
export const DRIFT_MODES = ["report", "heal"] as const;
export type DriftMode = (typeof DRIFT_MODES)[number];

/** `platform:drift` of a stack with a service's own `drift`. */
export interface DriftPolicy {
  mode: DriftMode;
  /** Parts that may differ, by the names that `drift` has, each once, in order. */
  ignore: string[];
}

/** One `drift` as it was written: `mode` is absent where it does not say. */
export interface GivenDrift {
  mode?: DriftMode;
  ignore: string[];
}

/** What is wrong in one: where below it, what, and what to do. */
export interface DriftMistake {
  path: (string | number)[];
  message: string;
  hint: string;
}

const NOTHING: GivenDrift = { ignore: [] };
const NAMES = Object.keys(rightSettings("", 1, ""));
/** Parts without a name below them. */
const WHOLE = ["name", "composeFile", "env", "settings", "domains"];
const PARTS = "write `env.NAME`, `settings.autoDeploy`, `domains.host/path`, or all of `env`, `settings`, `domains`";
const OURS: Record<string, string> = {
  owner: "says whose the service is",
  deployed: "says whether the service is well",
};

/** Reads one `drift`: a mode, or a map of `mode` and `ignore`. All mistakes at once; what is right is in `given` all the same. */
export function parseDrift(value: unknown): { given: GivenDrift; mistakes: DriftMistake[] } {
  if (value === undefined) return { given: { ignore: [] }, mistakes: [] };
  if (typeof value === "string") return withMode(value, []);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const message = "is neither a word nor a map";
    const hint = "write `report` or `heal`, or below it `mode` and `ignore`";
    return { given: { ignore: [] }, mistakes: [{ path: [], message, hint }] };
  }
  const { mode, ignore, ...others } = value as Record<string, unknown>;
  const ofMode = mode === undefined ? parseDrift(undefined) : withMode(mode, ["mode"]);
  const ofParts = parseParts(ignore);
  const unknown = Object.keys(others).map((key): DriftMistake => {
    const near = closest(key, ["mode", "ignore"]);
    const hint = near ? `did you mean \`${near}\`?` : "known are mode, ignore";
    return { path: [key], message: "unknown key", hint };
  });
  return {
    given: { ...ofMode.given, ignore: ofParts.parts },
    mistakes: [...ofMode.mistakes, ...ofParts.mistakes, ...unknown],
  };
}

function withMode(value: unknown, path: string[]): ReturnType<typeof parseDrift> {
  const mode = DRIFT_MODES.find((word) => word === value);
  if (mode !== undefined) return { given: { mode, ignore: [] }, mistakes: [] };
  const near = typeof value === "string" ? closest(value, DRIFT_MODES) : undefined;
  const hint =
    value === "ignore"
      ? "name the parts that may differ: `ignore: [env.NAME]`"
      : near
        ? `did you mean \`${near}\`?`
        : "write `report` or `heal`";
  return { given: { ignore: [] }, mistakes: [{ path, message: "is no way to treat drift", hint }] };
}

function parseParts(value: unknown): { parts: string[]; mistakes: DriftMistake[] } {
  if (value === undefined) return { parts: [], mistakes: [] };
  if (!Array.isArray(value)) {
    const mistake = { path: ["ignore"], message: "is no list of parts", hint: "write `ignore: [env.NAME]`" };
    return { parts: [], mistakes: [mistake] };
  }
  const read = value.map((each) => parsePart(each));
  return {
    parts: inOrder(read.flatMap(({ part }) => part ?? [])),
    mistakes: read.flatMap(({ refused }, index) => (refused ? [{ path: ["ignore", index], ...refused }] : [])),
  };
}

type ReadPart = { part?: string; refused?: Pick<DriftMistake, "message" | "hint"> };

function parsePart(value: unknown): ReadPart {
  if (typeof value !== "string") return refused("is no name of a part", PARTS);
  if (WHOLE.includes(value)) return { part: value };
  const dot = value.indexOf(".");
  const [section, name] = dot < 0 ? [value, ""] : [value.slice(0, dot), value.slice(dot + 1)];
  const ours = OURS[section.replace(/:.*/s, "")];
  if (ours !== undefined) return refused(`\`${section}\` ${ours}, and is never left out`, "take it out of the list");
  switch (section) {
    case "env":
      return isVariable(name) ? { part: value } : refused(`\`${name}\` is no name of a variable`, "write `env.NAME`");
    case "settings":
      return NAMES.includes(name) ? { part: value } : refused(`there is no setting \`${name}\``, nearOr(name, NAMES));
    case "domains":
      return parseRoute(name);
  }
  const near = closest(section, WHOLE);
  return refused(
    `there is no part \`${value}\``,
    near ? `did you mean \`${near}${value.slice(section.length)}\`?` : PARTS,
  );
}

/** As `drift` names it: a host in small letters and the whole path. */
function parseRoute(route: string): ReadPart {
  const slash = route.indexOf("/");
  const host = slash < 0 ? route : route.slice(0, slash);
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host)) {
    return refused(`\`${route}\` is no route`, "write host and path, as `domains.app.example.org/`");
  }
  if (slash < 0) return refused(`\`${route}\` has no path`, `write \`domains.${route.toLowerCase()}/\``);
  return { part: `domains.${routeOf({ host, path: route.slice(slash) })}` };
}

function refused(message: string, hint: string): ReadPart {
  return { refused: { message, hint } };
}

function nearOr(name: string, known: readonly string[]): string {
  const near = closest(name, known);
  return near ? `did you mean \`${near}\`?` : `known are ${known.join(", ")}`;
}

function inOrder(parts: readonly string[]): string[] {
  return [...new Set(parts)].sort();
}

/** What holds for a service: its own mode before the stack's, and what either lets differ. */
export function mergeDrift(stack: GivenDrift = NOTHING, service: GivenDrift = NOTHING): DriftPolicy {
  return {
    mode: service.mode ?? stack.mode ?? "report",
    ignore: inOrder([...stack.ignore, ...service.ignore]),
  };
}

/**
 * What a stack's file says of drift, for all of it or for one service. `config` is the file's `config:` map. Throws `config_invalid` with
 * every mistake and its place.
 */
export function readDriftPolicy(config: Readonly<Record<string, unknown>>, service?: string): DriftPolicy {
  const own = service === undefined ? undefined : config[`platform:${service}`];
  const read = [
    { key: "platform:drift", ...parseDrift(config["platform:drift"]) },
    { key: `platform:${service}.drift`, ...parseDrift((own as { drift?: unknown } | undefined | null)?.drift) },
  ] as const;
  const mistakes = read.flatMap(({ key, mistakes }) =>
    mistakes.map(({ path, message, hint }) => `\`${[key, ...path].join(".")}\`: ${message}; ${hint}`),
  );
  if (mistakes.length > 0) {
    const hint = "dockmaster check tells it with its line; correct it in the stack's file";
    throw new ServiceError("config_invalid", mistakes.join("\n"), hint);
  }
  const [stack, its] = read;
  return mergeDrift(stack.given, its.given);
}
