import { parse, stringify } from "yaml";

/** Dokploy passes file and env through one shell argument; above this a deployment fails without a reason in its log. */
export const SIZE_LIMIT = 92_160;

/** A file below this stays far below the limit however much indentation the rewriting adds: it is not written to be measured. */
const SMALL = 4_096;

/** Labels that Dokploy adds to the file for one domain, about. */
const PER_DOMAIN = 900;

/** Bytes that count against {@link SIZE_LIMIT}: the file as Dokploy writes it again (or as sent, if longer) and the `.env` it writes. */
export function deploySize(composeFile: string, env: Record<string, string>, domains: number): number {
  const sent = bytes(composeFile);
  const file = sent < SMALL ? sent : Math.max(sent, bytes(rewritten(composeFile)));
  return file + bytes(dotEnv(env)) + domains * PER_DOMAIN;
}

function rewritten(composeFile: string): string {
  try {
    return stringify(parse(composeFile, { maxAliasCount: -1, logLevel: "silent" }), { lineWidth: 1000 });
  } catch {
    return composeFile;
  }
}

function dotEnv(env: Record<string, string>): string {
  return Object.entries(env)
    .map(([key, value]) => `${key}="${value.replace(/[\\"$]/g, "\\$&")}"\n`)
    .join("");
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}
