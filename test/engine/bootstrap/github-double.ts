import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** One call that changed something. */
export interface GithubCall {
  method: string;
  /** Below the repository. */
  path: string;
  // biome-ignore lint/suspicious/noExplicitAny: the tests know what is sent.
  body: any;
}

/** A GitHub with one repository that remembers what it was told, and refuses what a plan does not have. */
export interface GithubDouble {
  /** Address of its REST API, as `bootstrap:github.api` wants it. */
  api: string;
  token: string;
  /** What people would set in its pages. */
  repository: { private: boolean; plan: string; codeOwners?: string | undefined };
  calls: GithubCall[];
  /** The object at a path below the repository, e.g. `environments/production`. */
  // biome-ignore lint/suspicious/noExplicitAny: the tests know what they sent.
  at(path: string): any;
  /** Answers 503 to everything that changes something, from this path on. Undefined: no more. */
  failAt(path: string | undefined): void;
  stop(): Promise<void>;
}

type Answer = [status: number, body?: unknown];

/** Starts a double for `you/platform`, where anna is a user with the id 11 and `team:platform` has the id 22. */
export async function startGithub(): Promise<GithubDouble> {
  const token = "github-canary-token";
  const repository: GithubDouble["repository"] = { private: false, plan: "team" };
  const objects = new Map<string, Record<string, unknown>>();
  const calls: GithubCall[] = [];
  let failing: string | undefined;
  let ids = 100;

  const facts: Record<string, () => Answer> = {
    "repos/you/platform": () => [
      200,
      { private: repository.private, permissions: { admin: true }, owner: { type: "Organization" } },
    ],
    "orgs/you": () => [200, { plan: { name: repository.plan } }],
    "orgs/you/teams/platform": () => [200, { id: 22 }],
    "users/anna": () => [200, { id: 11 }],
  };
  const hasRulesets = () => !repository.private || repository.plan !== "free";

  function answer(method: string, path: string, body: Record<string, unknown>): Answer {
    const known = facts[path];
    if (known) return known();
    const own = /^repos\/you\/platform\/(.+)$/.exec(path)?.[1];
    if (own === undefined) return [404, { message: "Not Found" }];
    if (own.startsWith("rulesets") && !hasRulesets()) return [403, { message: "Upgrade to GitHub Pro" }];
    if (method === "GET") {
      if (own === "rulesets") return [200, []];
      if (own === "contents/.github/CODEOWNERS" && repository.codeOwners !== undefined) {
        return [200, { content: Buffer.from(repository.codeOwners).toString("base64") }];
      }
      if (own === "actions/secrets/public-key") return [200, { key_id: "1", key: "none" }];
      const found = objects.get(own);
      return found ? [200, found] : [404, { message: "Not Found" }];
    }
    if (failing !== undefined && own.startsWith(failing)) return [503, { message: "Service Unavailable" }];
    calls.push({ method, path: own, body });
    if (method === "DELETE") return objects.delete(own) ? [204] : [404];
    const guarded = own.startsWith("environments/") && ((body.reviewers as []) ?? []).length > 0;
    if (guarded && repository.private && repository.plan !== "enterprise")
      return [422, { message: "Failed to create the environment protection rule" }];
    const id = method === "POST" ? String(own === "actions/variables" ? body.name : ids++) : undefined;
    const place = id === undefined ? own : `${own}/${id}`;
    objects.set(place, { ...objects.get(place), ...body, ...(id && { id }) });
    return [method === "POST" ? 201 : 200, objects.get(place)];
  }

  const server = createServer(async (request: IncomingMessage, response) => {
    const sent = await text(request);
    const path = new URL(request.url ?? "", "http://github").pathname.replace(/^\/api\/v3\//, "");
    const allowed = request.headers.authorization === `Bearer ${token}`;
    const [status, body] = allowed
      ? answer(request.method ?? "", path, sent === "" ? {} : JSON.parse(sent))
      : ([401, { message: "Bad credentials" }] as Answer);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    api: `http://127.0.0.1:${port}/api/v3`,
    token,
    repository,
    calls,
    at: (path) => objects.get(path),
    failAt: (path) => {
      failing = path;
    },
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
