import { z } from "zod";
import { closest } from "../../components/compose/closest.ts";
import type { Problem } from "../../components/compose/problem.ts";
import { PROMOTION, promotionSettings } from "../../components/look/promotion-policy.ts";
import { driftSetting } from "../../components/platform/drift-setting.ts";
import { explainIssues } from "../../components/platform/explain-issues.ts";
import { MIN_KEY_LENGTH } from "../../components/platform/keys.ts";
import type { NameSpace } from "../../components/platform/names/name.ts";
import type { StackSettings } from "../../components/platform/plan.ts";
import { ALLOWED_HOSTS } from "../../tools/outgoing/insecure.mjs";
import { findClearSecrets } from "./clear-secrets.ts";
import { readVault, vaultSettings } from "./config-vault.ts";
import { problemAt, type RawConfig } from "./raw-config.ts";

/** The keys below `platform:` besides the services' own. */
export const platformSettings = z.strictObject({
  domain: z
    .string({ error: "is missing; services live below this domain: write `example.org`" })
    .regex(
      /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*$/,
      "is no domain name; write it in small letters, as `example.org`",
    )
    .describe("Services live below it, e.g. `example.org`."),
  suffix: z
    .string({ error: 'is missing; write `""` in production, else a text like `-staging`' })
    .regex(/^(-[a-z0-9]+)*$/, "cannot end a name; leave it empty or write a text like `-staging`")
    .describe("Ends container, volume, network and host names. Empty in production and only there."),
  services: z
    .array(z.string())
    .min(1)
    .optional()
    .describe("Which services of the catalogue run here. All of them unless given."),
  secrets: z
    .enum(["dokploy", "vault"])
    .default("dokploy")
    .describe("Where secrets live: in Dokploy's env, or in Vault with an agent beside each service."),
  vault: vaultSettings.prefault({}).describe("Where in Vault, with `platform:secrets: vault`."),
  data: z
    .enum(["keep", "disposable"])
    .default("keep")
    .describe(
      "`disposable` for throw-away stacks: services may be deleted with their volumes, and containers may start without their data.",
    ),
  routes: z
    .enum(["ours", "any"])
    .default("ours")
    .describe(
      "`ours`: a route that was made by hand in Dokploy is drift, and the next update takes it away. `any`: such routes stay; drift checks and updates name them.",
    ),
  drift: driftSetting("For every service of the stack; each may say its own, below its name."),
  allowInsecure: z
    .string()
    .regex(ALLOWED_HOSTS, "is no list of hosts; write them with commas, as `vault, dokploy:3000`, without `http://`")
    .optional()
    .describe(
      "Hosts of Dokploy and Vault that may be reached without encryption, separated by commas, besides those of `ALLOW_INSECURE`. This machine always may.",
    ),
  key: z
    .string()
    .optional()
    .describe("The stack's master key, as a Pulumi secret. `PLATFORM_KEY` in the environment wins."),
});

/** One stack's configuration, checked. */
export interface StackConfig extends StackSettings {
  disposable: boolean;
  /** Whether routes that people made by hand in Dokploy stay (`platform:routes`). */
  keepsRoutes: boolean;
  /** Name of the project on Dokploy (`dokploy:project`). */
  project: string;
  /** Services whose settings hold a Pulumi secret: what of their env depends on it, or all of it, is treated as one. */
  guarded: ReadonlySet<string>;
}

/** What config is read from besides the stack file. */
export interface ConfigSources {
  stack: string;
  raw: RawConfig;
  /** Names of the catalogue's services. */
  catalogue: readonly string[];
  /** `PLATFORM_KEY` of the environment. */
  platformKey: string | undefined;
  /** Where else it is said which hosts may be reached without encryption. */
  env?: Readonly<Record<string, string | undefined>>;
}

const KEY_HINT = "make one with `openssl rand -base64 32`, keep it safe, and hand it over as PLATFORM_KEY";

/** Reads and checks the stack's config. All mistakes at once. */
export function readConfig(sources: ConfigSources): { config?: StackConfig; problems: Problem[] } {
  const { stack, raw, catalogue } = sources;
  const own = belowPlatform(raw.values);
  const general = Object.fromEntries(Object.entries(own).filter(([key]) => !catalogue.includes(key)));
  const parsed = platformSettings.safeParse(general);
  const problems = explainIssues(parsed, platformSettings, catalogue).map(({ path: [key, ...path], message, hint }) =>
    problemAt(raw, `platform:${key}`, path, message, hint),
  );
  problems.push(...checkIsolation(sources), ...checkServices(sources), ...checkPromotion(raw));
  problems.push(...findClearSecrets(raw, stack, catalogue), ...checkKey(sources));
  const project = String(raw.values["dokploy:project"] ?? "platform");
  const vault =
    parsed.data?.secrets === "vault"
      ? readVault(raw, stack, project, parsed.data.vault, sources.env)
      : { problems: [] };
  problems.push(...vault.problems);
  const key = sources.platformKey ?? own.key;
  if (!parsed.success || problems.length > 0 || typeof key !== "string") return { problems };

  const { domain, suffix, services = catalogue, data, routes, drift } = parsed.data;
  return {
    problems,
    config: {
      stack,
      domain,
      suffix,
      key,
      services,
      settings: Object.fromEntries(catalogue.map((name) => [name, own[name]])),
      masked: maskSecrets(raw, catalogue),
      disposable: data === "disposable",
      keepsRoutes: routes === "any",
      drift,
      project,
      server: readServer(raw),
      vault: vault.settings,
      guarded: new Set(catalogue.filter((name) => raw.secretKeys.has(`platform:${name}`))),
    },
  };
}

/** Every address of the stack's Dokploy that its file says. Unknown without one: the environment says it to whoever updates the stack. */
export function readServer({ values, secretKeys }: RawConfig): NameSpace {
  const { "dokploy:url": url, "dokploy:alsoAt": also } = values;
  if (typeof url !== "string" || url === "" || secretKeys.has("dokploy:url")) return "unknown";
  const texts = [url, ...String(also ?? "").split(",")].map((text) => text.trim());
  return [...new Set(texts.filter((text) => text !== "").map(toServer))];
}

/** A host has one Docker, whatever the port; only behind `localhost` each port may be a tunnel to another one. */
function toServer(text: string): string {
  if (!URL.canParse(text)) return text.toLowerCase();
  const { host, hostname } = new URL(text);
  return /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname) ? host : hostname;
}

/** Stands for a secret value. */
const STAND_IN = "stand-in".repeat(8);

/** `platform:<service>` of every service with a Pulumi secret in it, with a stand-in for each value that is one. */
function maskSecrets(raw: RawConfig, catalogue: readonly string[]): Record<string, unknown> {
  const mask = (key: string, path: readonly (string | number)[], value: unknown): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => mask(key, [...path, index], item));
    if (typeof value !== "object" || value === null) return raw.isSecret(key, path) ? STAND_IN : value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mask(key, [...path, name], item)]));
  };
  const guarded = catalogue.filter((name) => raw.secretKeys.has(`platform:${name}`));
  return Object.fromEntries(
    guarded.map((name) => [name, mask(`platform:${name}`, [], raw.values[`platform:${name}`])]),
  );
}

function belowPlatform(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(values).filter(([key]) => key.startsWith("platform:"));
  return Object.fromEntries(entries.map(([key, value]) => [key.slice("platform:".length), value]));
}

/** Why a stack cannot have this suffix; undefined when it can. */
export function refuseSuffix(stack: string, suffix: string): Pick<Problem, "message" | "hint"> | undefined {
  if (stack === "production")
    return suffix === "" ? undefined : { message: "production has no suffix", hint: 'write `""`' };
  if (suffix !== "") return undefined;
  return { message: "two environments on one host would share their data", hint: `write \`-${stack}\`` };
}

/** What must hold so that two environments on one host share nothing. */
function checkIsolation({ stack, raw }: ConfigSources): Problem[] {
  const problems: Problem[] = [];
  const production = stack === "production";
  const suffix = raw.values["platform:suffix"];
  const refused = typeof suffix === "string" ? refuseSuffix(stack, suffix) : undefined;
  if (refused) problems.push(problemAt(raw, "platform:suffix", [], refused.message, refused.hint));
  if (production && raw.values["platform:data"] === "disposable") {
    problems.push(problemAt(raw, "platform:data", [], "production's data is not disposable", "write `keep`"));
  }
  return problems;
}

/** What follows a release. The runner reads it from the main branch; here it is only checked. */
function checkPromotion(raw: RawConfig): Problem[] {
  const own = Object.entries(raw.values).filter(([key]) => key.startsWith(PROMOTION));
  const values = Object.fromEntries(own.map(([key, value]) => [key.slice(PROMOTION.length), value]));
  return explainIssues(promotionSettings.safeParse(values), promotionSettings).map(
    ({ path: [key, ...path], message, hint }) => problemAt(raw, `${PROMOTION}${key}`, path, message, hint),
  );
}

function checkServices({ raw, catalogue }: ConfigSources): Problem[] {
  const listed = raw.values["platform:services"];
  if (!Array.isArray(listed)) return [];
  return listed.flatMap((name, index) => {
    if (typeof name !== "string" || catalogue.includes(name)) return [];
    const near = closest(name, catalogue);
    const hint = near ? `did you mean \`${near}\`?` : `the catalogue has ${catalogue.join(", ")}`;
    return [problemAt(raw, "platform:services", [index], `there is no service \`${name}\``, hint)];
  });
}

function checkKey({ raw, platformKey }: ConfigSources): Problem[] {
  const key = platformKey ?? raw.values["platform:key"];
  if (key === undefined) {
    const message = "the stack has no master key: secrets are derived from it";
    return [{ file: "PLATFORM_KEY", message, hint: KEY_HINT }];
  }
  if (typeof key === "string" && key.length >= MIN_KEY_LENGTH) return [];
  const message = `the master key is shorter than ${MIN_KEY_LENGTH} characters`;
  return [{ file: "PLATFORM_KEY", message, hint: KEY_HINT }];
}
