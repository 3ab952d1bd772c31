import { request } from "../../tools/outgoing/request.mjs";
import type { Harness } from "./harness.ts";

/** What Dokploy knows of one service, read as a person with an API key would. */
export interface LiveService {
  composeId: string;
  name: string;
  env: string;
  /** Titles of its deployments, newest first. */
  deployments: string[];
}

async function call(dokploy: Harness["dokploy"], procedure: string, query: Record<string, string>, body?: unknown) {
  const url = new URL(`/api/${procedure}`, dokploy.url);
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  const { status, text } = await request(url, {
    method: body === undefined ? "GET" : "POST",
    headers: { "x-api-key": dokploy.apiKey, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    timeoutMs: 30_000,
  });
  if (status !== 200) throw new Error(`${procedure} answered ${status}`);
  return text === "" ? undefined : JSON.parse(text);
}

/** The services of one environment by name; none when the environment is not there. */
export async function liveServices(
  dokploy: Harness["dokploy"],
  environment: string,
): Promise<Map<string, LiveService>> {
  const projects: { environments: { name: string; compose: { composeId: string; name: string }[] }[] }[] = await call(
    dokploy,
    "project.all",
    {},
  );
  const listed = projects.flatMap((p) =>
    p.environments.filter((e) => e.name === environment).flatMap((e) => e.compose),
  );
  const services = await Promise.all(
    listed.map(async ({ composeId, name }): Promise<LiveService> => {
      const row: { env: string | null } = await call(dokploy, "compose.one", { composeId });
      const rows: { title: string }[] = await call(dokploy, "deployment.allByCompose", { composeId });
      return { composeId, name, env: row.env ?? "", deployments: rows.map((r) => r.title) };
    }),
  );
  return new Map(services.map((service) => [service.name, service]));
}

/** Edits a service's env by hand, as somebody would in Dokploy's UI: nothing is deployed by it. */
export async function editEnv(dokploy: Harness["dokploy"], service: LiveService, env: string): Promise<void> {
  await call(dokploy, "compose.saveEnvironment", {}, { composeId: service.composeId, env });
}
