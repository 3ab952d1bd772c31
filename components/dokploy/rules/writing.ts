import { createHmac } from "node:crypto";
import { routeOf } from "./domains.ts";
import { sorted, unixLines } from "./fingerprint.ts";
import type { Settings } from "./settings.ts";

/**
 * Digests of what an update of ours writes into a record, part by part. They stand in the record's marker and are written together
 * with it: so what an update wrote before it was cut off is told from what a person wrote.
 */
export interface Written {
  text: string;
  env: string;
  /** Name and settings. */
  settings: string;
  /** By route. */
  domains: Record<string, string>;
}

/** A record, live or wanted, as far as we write it. */
export interface Content {
  name: string;
  composeFile: string;
  env: Record<string, string>;
  domains: readonly { host: string; path: string }[];
  settings: Settings;
}

/** Undefined without PLATFORM_KEY: a bare hash could be guessed from. */
export function digestParts(content: Content, key: Buffer | undefined): Written | undefined {
  if (key === undefined) return undefined;
  const digest = (part: string, text: string) =>
    createHmac("sha256", key)
      .update(JSON.stringify(["written", part, text]))
      .digest("hex")
      .slice(0, 16);
  return {
    text: digest("text", unixLines(content.composeFile)),
    env: digest("env", sorted(content.env)),
    settings: digest("settings", JSON.stringify([content.name, sorted(content.settings)])),
    domains: Object.fromEntries(
      content.domains.map((domain) => [routeOf(domain), digest("domain", sorted(domain))]).sort(),
    ),
  };
}

/** Reads the digests out of a marker; undefined for what we do not know. */
export function parseWritten(value: unknown): Written | undefined {
  const { text, env, settings, domains } = (value ?? {}) as Record<string, unknown>;
  const isText = (each: unknown) => typeof each === "string";
  const known = isText(text) && isText(env) && isText(settings) && typeof domains === "object" && domains !== null;
  return known && Object.values(domains).every(isText) ? (value as Written) : undefined;
}

/**
 * Whether what differs under a key (`composeFile`, `env.X`, `settings.command`, `domains.<route>`) was written by an update of ours.
 * `written` is what the marker says of its last one, `live` what is there.
 */
export function wroteIt(key: string, written: Written | undefined, live: Written | undefined): boolean {
  if (written === undefined || live === undefined) return false;
  const [part = "", ...rest] = key.split(".");
  if (part === "composeFile") return written.text === live.text;
  if (part === "env") return written.env === live.env;
  if (part === "settings" || part === "name") return written.settings === live.settings;
  const route = rest.join(".");
  return part === "domains" && written.domains[route] === live.domains[route];
}
