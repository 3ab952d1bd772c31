import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import type { StackPlace } from "../state/backend.ts";
import { hasPlainState, readState } from "./checkpoint.ts";
import { Unrecordable } from "./journal-file.ts";
import { JournalConflict } from "./settle.ts";
import type { Update } from "./update.ts";

/** What a request is answered with, as JSON; nothing is `{}`. */
type Handle = (path: string[], body: string) => unknown;

/** An answer other than 200. */
class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The state service of one update. */
export interface StateService {
  url: string;
  /** Resolves when every request that came is dealt with, too. */
  close(): Promise<void>;
}

/** The only organization, named as the engine names that of a folder of states: URNs and references stay the same. */
export const ORGANIZATION = "organization";

/**
 * Serves on loopback what the engine asks of Pulumi's own service during one `pulumi up`: that is the way in which it tells
 * every step once, instead of writing the whole state after each (pulumi/pulumi, pkg/backend/httpstate of v3.259.0). Everything
 * else is refused.
 */
export async function serveState(folder: string, update: Update, token: string): Promise<StateService> {
  const routes: [method: string, path: RegExp, handle: Handle][] = [
    ["GET", /^user$/, () => ({ githubLogin: ORGANIZATION, organizations: [{ githubLogin: ORGANIZATION }] })],
    ["GET", /^user\/organizations\/default$/, () => ({ GitHubLogin: ORGANIZATION })],
    ["GET", /^capabilities$/, () => ({ capabilities: [] })],
    // Any stack of the folder: programs may read the outputs of others.
    ["GET", /^stacks\/organization\/([^/]+)\/([^/]+)$/, ([project = "", stack = ""]) => describe(project, stack)],
    ["GET", /^stacks\/organization\/([^/]+)\/([^/]+)\/export$/, ([project = "", stack = ""]) => read(project, stack)],
    ["POST", own("update"), (_, body) => ({ updateID: update.describe(body) })],
    ["POST", own(`update/${update.id}`), async () => ({ version: 1, token, journalVersion: await update.begin() })],
    ["PATCH", own(`update/${update.id}/journalentries`), (_, body) => update.add(body)],
    ["POST", own(`update/${update.id}/events/batch`), (_, body) => update.hear(body)],
    ["POST", own(`update/${update.id}/renew_lease`), () => ({ token })],
    ["POST", own(`update/${update.id}/complete`), (_, body) => update.complete(body)],
  ];

  function own(path: string): RegExp {
    const { project, stack } = update.place;
    return new RegExp(`^stacks/organization/${RegExp.escape(project)}/${RegExp.escape(stack)}/${path}$`);
  }

  async function describe(project: string, stack: string) {
    await requireState({ folder, project, stack });
    return { orgName: ORGANIZATION, projectName: project, stackName: stack, tags: {}, version: 1 };
  }

  async function read(project: string, stack: string) {
    const place = { folder, project, stack };
    await requireState(place);
    const { version, features, deployment } = await readState(place);
    const isEmpty = Object.keys(deployment).length === 0;
    return { version, features, deployment: isEmpty ? null : deployment };
  }

  async function answer(request: IncomingMessage): Promise<unknown> {
    if (!isAuthorized(request.headers.authorization, token)) throw new Refusal(401, "Unauthorized");
    const path = (request.url ?? "").split("?", 1)[0]?.replace(/^\/api\//, "") ?? "";
    for (const [method, pattern, handle] of routes) {
      const found = method === request.method ? pattern.exec(path) : null;
      if (found) return (await handle(found.slice(1), await readBody(request))) ?? {};
    }
    throw new Refusal(404, "Not Found");
  }

  const underWay = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    const handled = answer(request)
      .then(
        (value) => [200, value] as const,
        (error: unknown) => [statusOf(error), { code: statusOf(error), message: (error as Error).message }] as const,
      )
      .then(([status, body]) => {
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      });
    underWay.add(handled);
    handled.finally(() => underWay.delete(handled));
  });
  // No connection is dropped between two requests: not every one of them may be sent again.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([closed, ...underWay]);
    },
  };
}

/** What the engine may try again, and what it must not. */
function statusOf(error: unknown): number {
  if (error instanceof Refusal) return error.status;
  if (error instanceof JournalConflict) return 409;
  return error instanceof Unrecordable ? 422 : 500;
}

async function requireState(place: StackPlace): Promise<void> {
  if (!(await hasPlainState(place))) throw new Refusal(404, "Not Found");
}

/** `token <token>`, and `update-token <token>` for what belongs to the update. */
function isAuthorized(header: string | undefined, token: string): boolean {
  const [, given = ""] = /^(?:update-)?token (.+)$/.exec(header ?? "") ?? [];
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return (request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString("utf8");
}
