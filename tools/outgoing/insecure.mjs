// Keys and releases go over the network encrypted, or not at all unless somebody says that nobody listens there: runner, provider and
// command line go by the same rule.

/** Schemes that neither hide what is sent nor tell who answers. */
const INSECURE = /^(?:http|git):\/\//i;

/** What an entry of ALLOW_INSECURE looks like: a host, or a host with a port. */
export const ALLOWED_HOSTS = /^\s*(?:(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?(?:\s*,\s*|\s*$))*$/i;

/**
 * The hosts that may be talked to in clear. `ALLOW_INSECURE` and the stack's file add up. A runner of before `ALLOW_INSECURE` cannot hand
 * it on, so under one everything goes as it did; a newer one always hands it on, if only empty.
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {unknown} [inFile] what the stack's file says (`platform:allowInsecure`)
 * @returns {readonly string[] | "all"}
 */
export function allowedHosts(env, inFile) {
  if (env.ALLOW_INSECURE === undefined && env.DOCKMASTER_RELEASE) return "all";
  return [env.ALLOW_INSECURE, inFile]
    .flatMap((text) => (typeof text === "string" ? text.split(",") : []))
    .map((host) => host.trim().toLowerCase())
    .filter(Boolean);
}

/**
 * The host that an address would reach in clear; undefined when it is encrypted, on this machine, allowed, or no address with a host.
 * @param {string} address
 * @param {readonly string[] | "all"} allowed
 * @returns {string | undefined}
 */
export function findInsecure(address, allowed) {
  const text = address.trim();
  if (allowed === "all" || !INSECURE.test(text)) return undefined;
  // Only of http a parser brings hosts to one spelling, e.g. 127.1 to 127.0.0.1.
  const asHttp = text.replace(INSECURE, "http://");
  if (!URL.canParse(asHttp)) return undefined;
  const { host, hostname } = new URL(asHttp);
  if (isLoopback(hostname) || allowed.includes(hostname) || allowed.includes(host)) return undefined;
  // A port that is the scheme's own is not written.
  return allowed.includes(`${hostname}:80`) && host === hostname ? undefined : hostname;
}

/**
 * What to say of an address that goes in clear.
 * @param {string} host what findInsecure found
 * @returns {{ message: string, hint: string }}
 */
export function explainInsecure(host) {
  return {
    message: `reaches ${host} without encryption, and keys would go there in clear`,
    hint: `write https://…; where nobody else can listen on the way, as in a Docker network of your own, set ALLOW_INSECURE=${host} (several with commas), or platform:allowInsecure in the stack's file (for bootstrap ALLOW_INSECURE below bootstrap:runner.env)`,
  };
}

/** @param {string} hostname */
function isLoopback(hostname) {
  return /^(?:(?:.+\.)?localhost\.?|127\.\d+\.\d+\.\d+|\[::1\]|\[::ffff:7f[\da-f]{2}:[\da-f]{1,4}\])$/.test(hostname);
}
