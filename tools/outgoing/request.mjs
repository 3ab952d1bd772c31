// The one way out: every request that Dockmaster sends over HTTP(S). The linter refuses `fetch` and Node's own clients elsewhere.
// Nothing that signs in goes to another host than the one that was named: a redirect is an error. Plain JavaScript: `tools/setup.mjs`
// runs on any Node from 20 on. Node's own client: `fetch` and the libraries of the field cost every process 60 ms and 14 MB to load.
import http from "node:http";
import https from "node:https";

/**
 * @typedef {object} Outgoing how one request is sent
 * @property {"GET" | "POST" | "PATCH"} [method] default: GET
 * @property {Readonly<Record<string, string>>} [headers]
 * @property {string | Uint8Array} [body]
 * @property {number} timeoutMs when it is given up: until the whole answer is there; of a stream until its headers are
 * @property {AbortSignal} [signal] ends it earlier, and fails it with the signal's reason
 * @property {http.Agent} [connections] where its connection comes from; default: one of its own
 * @property {boolean} [statusOnly] takes the status and leaves the body; default: false
 * @property {"refuse" | "answer" | "follow"} [redirect] `refuse`, the default: it is an error · `answer`: it is an answer like others,
 *   for who only wants to know the status, or names the error better · `follow`: at most five times, never from https to http, and
 *   only without headers of the caller's
 */

/**
 * @typedef {object} Answer what came back, whatever its status
 * @property {number} status
 * @property {string} contentType
 * @property {string} [location] where a redirect points, as the server says it
 * @property {string} [date] when it was sent, as the server says it
 * @property {string} text
 */

/**
 * @typedef {object} Stream an answer whose body comes bit by bit
 * @property {number} status
 * @property {string} contentType
 * @property {http.IncomingMessage} body
 */

/** What `fetch` would say, too: firewalls in front of servers refuse requests without. */
const ALWAYS = { accept: "*/*", "user-agent": "dockmaster" };

const REDIRECTS = [301, 302, 303, 307, 308];
const MOST_REDIRECTS = 5;

/** No answer came. Holds a code, never the address or what was sent. */
export class NoAnswer extends Error {
  /**
   * @param {unknown} cause
   * @param {boolean} sent
   */
  constructor(cause, sent) {
    const { code, name } = /** @type {{ code?: unknown, name?: string }} */ (cause ?? {});
    super(typeof code === "string" ? code : String(name), { cause });
    /** The request may have reached the server: a connection stood. */
    this.sent = sent;
  }
}

/**
 * The server sent the request on to another address, where it did not go. Names scheme, host and port of it alone: its path and query
 * may repeat what was secret about the first.
 */
export class Redirected extends Error {
  /**
   * @param {number} status
   * @param {string | undefined} origin
   */
  constructor(status, origin) {
    super(`answered ${status}: the server redirects${origin === undefined ? "" : ` to ${origin}`}`);
    this.name = "Redirected";
    this.status = status;
    /** Where to, e.g. `https://vault.example.org`; undefined when the server does not say. */
    this.origin = origin;
  }

  /**
   * What to do about it.
   * @param {string} setting what names the address, e.g. `VAULT_ADDR`
   */
  hint(setting) {
    if (this.origin === undefined) return `set ${setting} to the address that answers itself`;
    return `if that is the same server, set ${setting} to ${this.origin}; nothing was sent there`;
  }
}

/**
 * At most `limit` connections to one server, left after `idle` milliseconds without use.
 * @param {URL} url
 * @param {number} limit
 * @param {number} idle
 * @returns {http.Agent}
 */
export function openConnections(url, limit, idle) {
  return openAgent(url, { keepAlive: true, maxSockets: limit, timeout: idle });
}

/**
 * Sends a request and resolves with its answer, whatever its status. Rejects with {@link NoAnswer} or {@link Redirected}.
 * @param {string | URL} address
 * @param {Outgoing} outgoing
 * @returns {Promise<Answer>}
 */
export async function request(address, outgoing) {
  const deadline = AbortSignal.timeout(outgoing.timeoutMs);
  const signal = outgoing.signal ? AbortSignal.any([deadline, outgoing.signal]) : deadline;
  const response = await send(address, outgoing, signal);
  const { statusCode: status = 0, headers } = response;
  const { location, date } = headers;
  const answer = {
    ...{ status, contentType: headers["content-type"] ?? "", text: "" },
    ...(location && { location }),
    ...(date && { date }),
  };
  if (outgoing.statusOnly) {
    leave(response);
    return answer;
  }
  return await new Promise((resolve, reject) => {
    const fail = (/** @type {unknown} */ error) => reject(new NoAnswer(signal.aborted ? signal.reason : error, true));
    response.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      answer.text += text;
    });
    response.on("end", () => resolve(answer)).on("error", fail);
  });
}

/**
 * Sends a request and resolves as soon as its answer begins. Rejects with {@link NoAnswer} or {@link Redirected}. Who takes it reads
 * the body to its end or destroys it.
 * @param {string | URL} address
 * @param {Outgoing} outgoing
 * @returns {Promise<Stream>}
 */
export async function openStream(address, outgoing) {
  const deadline = new AbortController();
  const timer = setTimeout(
    () => deadline.abort(new DOMException("no answer in time", "TimeoutError")),
    outgoing.timeoutMs,
  );
  const { signal: own } = outgoing;
  const signal = own ? AbortSignal.any([deadline.signal, own]) : deadline.signal;
  try {
    const body = await send(address, outgoing, signal);
    return { status: body.statusCode ?? 0, contentType: body.headers["content-type"] ?? "", body };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The answer's head, once no redirect is left to follow.
 * @param {string | URL} address
 * @param {Outgoing} outgoing
 * @param {AbortSignal} signal
 * @returns {Promise<http.IncomingMessage>}
 */
async function send(address, outgoing, signal) {
  const { redirect = "refuse", headers, method = "GET" } = outgoing;
  if (redirect === "follow" && (headers !== undefined || method !== "GET")) {
    throw new TypeError("what has headers, or is no GET, is never sent on");
  }
  // A parser's error repeats the whole address.
  if (!URL.canParse(String(address))) throw new NoAnswer({ code: "ERR_INVALID_URL" }, false);
  for (let url = new URL(address), count = 0; ; count++) {
    const response = await sendOnce(url, outgoing, signal);
    const { statusCode: status = 0 } = response;
    if (redirect === "answer" || !REDIRECTS.includes(status)) return response;
    const next = targetOf(response, url);
    leave(response);
    const isWorse = url.protocol === "https:" && next?.protocol !== "https:";
    if (redirect === "refuse" || next === undefined || isWorse || count === MOST_REDIRECTS) {
      throw new Redirected(status, next?.origin);
    }
    url = next;
  }
}

/**
 * @param {http.IncomingMessage} response
 * @param {URL} url
 * @returns {URL | undefined}
 */
function targetOf({ headers: { location } }, url) {
  if (location === undefined || !URL.canParse(location, url.href)) return undefined;
  const target = new URL(location, url.href);
  if (!/^https?:$/.test(target.protocol)) return undefined;
  return Object.assign(target, { username: "", password: "" });
}

/** @param {http.IncomingMessage} response */
function leave(response) {
  response.on("error", () => {}).destroy();
}

/**
 * @param {URL} url
 * @param {Outgoing} outgoing
 * @param {AbortSignal} signal
 * @returns {Promise<http.IncomingMessage>}
 */
function sendOnce(url, { method = "GET", headers = {}, body, connections }, signal) {
  return new Promise((resolve, reject) => {
    let sent = false;
    const fail = (/** @type {unknown} */ error) => reject(new NoAnswer(signal.aborted ? signal.reason : error, sent));
    const isTls = url.protocol === "https:";
    const options = { method, headers: { ...ALWAYS, ...headers }, signal, agent: connections ?? openAgent(url, {}) };
    try {
      const request = (isTls ? https : http).request(url, options, resolve);
      request.on("socket", (socket) => {
        // One that others used before may be handed over without a word.
        if (socket.connecting) socket.once(isTls ? "secureConnect" : "connect", () => (sent = true));
        else sent = true;
      });
      request.on("error", fail).end(body);
    } catch (error) {
      // An address of another kind, or a header that cannot be one.
      fail(error);
    }
  });
}

/**
 * With the proxy of the environment where Node was told to use one (`NODE_USE_ENV_PROXY`), as `fetch` has it.
 * @param {URL} url
 * @param {http.AgentOptions} options
 * @returns {http.Agent}
 */
function openAgent(url, options) {
  const isTls = url.protocol === "https:";
  const { options: global } = /** @type {{ options: http.AgentOptions }} */ ((isTls ? https : http).globalAgent);
  const { proxyEnv } = global;
  return new (isTls ? https : http).Agent({ ...options, ...(proxyEnv && { proxyEnv }) });
}
