import type { Part } from "./find.ts";

/** Parameters of an address (and settings of a PostgreSQL connection) whose value signs in or signs. */
const SECRET_NAME =
  /^(?:.*[-_.])?(?:(?:ssl)?password|passwd|pwd|pass|passphrase|secret|(?:access|refresh|id|auth|private|api|security)?token|api[-_]?key|access[-_]?key(?:id)?|accountkey|signature|credential|sig|sign|key|auth|authorization)$/i;

/** The same for what stands beside others without an address around it: only what is nothing else. */
const PASSWORD_NAME = /^(?:ssl)?password$/i;

const PARAMETER = /([?&;\s])([a-z0-9_.~-]{1,64})=([^\s&#;"'<>`\\]+)/gi;

/** Addresses whose path signs in: who knows them may post there. From where the secret part of them begins. */
const HOOKS = [
  // https://api.slack.com/messaging/webhooks
  /hooks\.slack\.com\/(?:services|workflows|triggers)\//gi,
  // https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
  /open\.(?:feishu\.cn|larksuite\.com)\/open-apis\/bot\/(?:v\d\/)?hook\//gi,
  // https://discord.com/developers/docs/resources/webhook
  /discord(?:app)?\.com\/api\/(?:v\d+\/)?webhooks\//gi,
  // https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
  /webhook\.office\.com\/webhookb2\//gi,
  // https://core.telegram.org/bots/api#authorizing-your-bot
  /api\.telegram\.org\/(?:file\/)?bot/gi,
];

/** What stands between these and an address, and so ends it. */
const END = /[\s"'<>`\\)\]}]/;
/** A password may hold a slash that nobody escaped; no further than this is looked for its end. */
const LONGEST_PASSWORD = 256;

/** Parts of addresses in a text that sign in: users with passwords, parameters like `password` or `X-Amz-Signature`, paths of hooks. */
export function findInAddresses(text: string): Part[] {
  return [...findUsers(text), ...findParameters(text), ...findHooks(text)];
}

function findUsers(text: string): Part[] {
  const parts: Part[] = [];
  for (let at = text.indexOf("://"); at >= 0; at = text.indexOf("://", at + 3)) {
    if (!/[a-z0-9+.-]/i.test(text.charAt(at - 1))) continue;
    const end = endOfUser(text, at + 3);
    if (end !== undefined) parts.push({ start: at + 3, end });
  }
  return parts;
}

/** Where the `@` behind a user and a password stands; undefined without one. */
function endOfUser(text: string, start: number): number | undefined {
  let last: number | undefined;
  let at = start;
  for (; at < text.length && !/[\s/]/.test(text.charAt(at)); at++) if (text.charAt(at) === "@") last = at;
  if (last !== undefined || text.charAt(at) !== "/") return last;
  // `user:pa/ss@host` is no address by the letter; a port in that place is all digits.
  if (!/^[^[:]+:(?!\d*$)/.test(text.slice(start, Math.min(at, start + LONGEST_PASSWORD)))) return undefined;
  for (const limit = at + LONGEST_PASSWORD; at < Math.min(text.length, limit) && !END.test(text.charAt(at)); at++) {
    if (text.charAt(at) === "@") last = at;
  }
  return last;
}

function findParameters(text: string): Part[] {
  const parts: Part[] = [];
  for (const { 0: whole, 1: before = "", 2: name = "", 3: value = "", index } of text.matchAll(PARAMETER)) {
    const pattern = /\s/.test(before) ? PASSWORD_NAME : SECRET_NAME;
    if (!pattern.test(name)) continue;
    const end = index + whole.length;
    parts.push({ start: end - value.length, end });
  }
  return parts;
}

function findHooks(text: string): Part[] {
  return HOOKS.flatMap((hook) =>
    [...text.matchAll(hook)].map(({ 0: found, index }) => {
      const start = index + found.length;
      let end = start;
      while (end < text.length && !END.test(text.charAt(end))) end++;
      return { start, end };
    }),
  );
}

/** Shortest part of a secret address's path that is looked for on its own. */
const SHORTEST_SEGMENT = 12;

/**
 * What in an address signs in, as it is written and as it is meant. `whole`: the address itself is the secret, as of a hook, and so is
 * its path.
 */
export function secretsIn(address: string, { whole = false } = {}): string[] {
  const [, user, password] = /^[a-z][a-z0-9+.-]*:\/\/(?:([^/@:?#]*)(?::([^@]*))?@)?/i.exec(address) ?? [];
  const signsIn = password ?? user;
  const rest = address.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "");
  const isAddress = rest.length < address.length;
  const values = isAddress ? [...new URLSearchParams(rest.split("?")[1] ?? "")] : [];
  const written = isAddress ? (rest.split("?")[1] ?? "").split("&") : [];
  const found = [
    ...(signsIn === undefined ? [] : [signsIn, unescaped(signsIn)]),
    ...values.filter(([name]) => SECRET_NAME.test(name)).map(([, value]) => value),
    ...written
      .map((pair) => pair.split(/=(.*)/s))
      .flatMap(([name = "", value = ""]) => (SECRET_NAME.test(name) ? [value] : [])),
    ...(whole && isAddress
      ? [rest, ...rest.split(/[/?&=]/).filter((segment) => segment.length >= SHORTEST_SEGMENT)]
      : []),
  ];
  return [...new Set(found)].filter((value) => value !== "" && value !== "/");
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
