import { refuseAddress } from "./address.ts";

/** What is used of a release's `.npmrc`. */
export interface PickedNpmrc {
  /** The file that npm gets: registries alone. */
  text: string;
  /** What npm does not get, line by line: the key, or the number of the line where the key could be a secret. Never values. */
  ignored: string[];
}

/**
 * Picks the registries of a release's `.npmrc`. Any other setting could have npm run a program (`git`, `script-shell`,
 * `node-options`), install nothing (`dry-run`) or install elsewhere (`prefix`), and a token in a repository is everybody's: those are
 * left out, as is an address that is neither `https:` nor on this machine, or that asks for a variable.
 * The format: https://docs.npmjs.com/cli/configuring-npm/npmrc
 */
export function pickNpmrc(text: string): PickedNpmrc {
  const registries = new Map<string, string>();
  const ignored: string[] = [];
  let isInSection = false;
  for (const [index, whole] of text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\r|\n/)
    .entries()) {
    const line = whole.trim();
    if (!line || /^[;#]/.test(line)) continue;
    isInSection ||= line.startsWith("[");
    const [key, value] = splitLine(line);
    const registry = isInSection || !isRegistryKey(key) ? undefined : toRegistry(value);
    if (registry === undefined) ignored.push(nameOf(key, index + 1));
    else registries.set(key, registry);
  }
  return { text: [...registries].map(([key, url]) => `${key}=${url}\n`).join(""), ignored };
}

function splitLine(line: string): [key: string, value: string] {
  const at = line.indexOf("=");
  if (at < 0) return [line, ""];
  const value = line.slice(at + 1).replace(/\s[;#].*$/, "");
  return [line.slice(0, at).trim(), value.trim().replace(/^(["'])(.*)\1$/, "$2")];
}

function isRegistryKey(key: string): boolean {
  return /^(?:@[a-z0-9_~-][a-z0-9._~-]*:)?registry$/.test(key);
}

function toRegistry(value: string): string | undefined {
  if (!/^[\w:/.[\]%~+-]+$/.test(value) || refuseAddress(value)) return undefined;
  return new URL(value).href;
}

function nameOf(key: string, line: number): string {
  const ofHost = /^\/\/.*:(_?[a-z]{2,20})$/i.exec(key)?.[1];
  if (ofHost) return `//…:${ofHost}`;
  return /^(?:@[\w.~-]{1,50}:)?[a-z][a-z_-]{1,40}(?:\[\])?$/i.test(key) ? key : `line ${line}`;
}
