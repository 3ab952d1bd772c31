import http from "node:http";
import https from "node:https";

/** One request over HTTP or HTTPS. */
export interface Exchange {
  method: "GET" | "POST";
  headers?: Record<string, string>;
  body?: string;
  /** Ends the request, and fails it with the signal's reason. */
  signal: AbortSignal;
  /** Where its connection comes from. Default: one of its own. */
  connections?: http.Agent;
  /** Takes the status and leaves the body. Default false. */
  statusOnly?: boolean;
}

/** No answer came. */
export class NoAnswer extends Error {
  /** The request may have reached the server: a connection stood. */
  readonly sent: boolean;

  constructor(cause: unknown, sent: boolean) {
    const { code, name } = cause as { code?: unknown; name?: string };
    super(typeof code === "string" ? code : String(name), { cause });
    this.sent = sent;
  }
}

/** At most `limit` connections to one server, left after `idle` milliseconds without use. */
export function openConnections(url: URL, limit: number, idle: number): http.Agent {
  const options = { keepAlive: true, maxSockets: limit, timeout: idle };
  return url.protocol === "https:" ? new https.Agent(options) : new http.Agent(options);
}

/** Sends a request and resolves with its answer, whatever its status. Rejects with {@link NoAnswer}. */
// Node's own client: the libraries of the field cost every provider process 60 ms and 14 MB to load.
export function exchange(url: URL, { method, headers, body, signal, connections, statusOnly = false }: Exchange) {
  return new Promise<{ status: number; contentType: string; location?: string; text: string }>((resolve, reject) => {
    const isTls = url.protocol === "https:";
    let sent = false;
    const fail = (error: unknown) => reject(new NoAnswer(signal.aborted ? signal.reason : error, sent));
    const options = { method, headers: headers ?? {}, signal, agent: connections ?? false };
    const request = (isTls ? https : http).request(url, options, (response) => {
      const { statusCode: status = 0, headers: got } = response;
      const { location } = got;
      const answer = { status, contentType: got["content-type"] ?? "", text: "", ...(location && { location }) };
      if (statusOnly) {
        resolve(answer);
        response.on("error", () => {}).destroy();
        return;
      }
      response.setEncoding("utf8").on("data", (text: string) => {
        answer.text += text;
      });
      response.on("end", () => resolve(answer)).on("error", fail);
    });
    request.on("socket", (socket) => {
      // One that others used before may be handed over without a word.
      if (socket.connecting) socket.once(isTls ? "secureConnect" : "connect", () => (sent = true));
      else sent = true;
    });
    request.on("error", fail).end(body);
  });
}
