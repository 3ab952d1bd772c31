import { z } from "zod";
import { CliError, wrongUse } from "../problem.ts";
import type { ServerVolume } from "./remove/left-volumes.ts";
import type { Access } from "./stack-config.ts";

const composeEntry = z.object({ composeId: z.string(), name: z.string() });
const project = z.object({
  name: z.string(),
  environments: z.array(z.object({ name: z.string(), compose: z.array(composeEntry).default([]) })).default([]),
});
const composeRecord = z.object({
  composeId: z.string(),
  name: z.string(),
  appName: z.string(),
  description: z.string().nullable(),
  composeFile: z.string().nullable(),
  env: z.string().nullable(),
  autoDeploy: z.boolean().nullish(),
  domains: z.array(z.object({ host: z.string(), path: z.string().nullish() })).default([]),
});

/** A Compose project on Dokploy. */
export type LiveCompose = z.output<typeof composeRecord>;

/** The little of Dokploy's API that people's commands need beside the engine. Rejects with CliError. */
export interface DokployServer {
  url: string;
  /** The Compose projects of an environment; none when there is no such environment. */
  list(project: string, environment: string): Promise<LiveCompose[]>;
  /** Removes a Compose project and its containers, and its volumes only when told so. */
  remove(composeId: string, options: { volumes: boolean }): Promise<void>;
  /** Names of a Compose project's containers; none also when its Docker does not answer. */
  containers(appName: string): Promise<string[]>;
  /** All volumes of the server; undefined when Dokploy does not tell them (before v0.30.0, or without the right). */
  volumes(): Promise<ServerVolume[] | undefined>;
  /** Whether a volume is there. */
  lookAtVolume(name: string): Promise<"there" | "gone" | "unknown">;
  /** Removes a volume by name. Why not, in Docker's words, when it does not go. */
  removeVolume(name: string): Promise<string | undefined>;
}

/** Removing waits for the containers' grace periods, in milliseconds. */
const TIMEOUT = 180_000;

/** Connects to the stack's Dokploy. Throws CliError (exit code 2) when address or key are missing. */
export function connectDokploy({ url, apiKey }: Access["dokploy"]): DokployServer {
  if (!url) throw wrongUse("DOKPLOY_URL is not set", "Set it to the address of the stack's Dokploy");
  if (!apiKey) throw wrongUse("DOKPLOY_API_KEY is not set", "Make a key in Dokploy: Settings → Profile → API keys");
  const base = url.replace(/\/+$/, "");

  const send = async (procedure: string, query: Record<string, string>, body?: object) => {
    const address = new URL(`${base}/api/${procedure}`);
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
    const headers = { "x-api-key": apiKey, "content-type": "application/json" };
    const request = body === undefined ? { headers } : { headers, method: "POST", body: JSON.stringify(body) };
    const answer = await fetch(address, { ...request, signal: AbortSignal.timeout(TIMEOUT) }).catch((cause) => {
      throw new CliError("dokploy_unreachable", `Dokploy at ${base} does not answer`, "Check DOKPLOY_URL", { cause });
    });
    return { ok: answer.ok, status: answer.status, text: await answer.text() };
  };
  const call = async (procedure: string, query: Record<string, string>, body?: object): Promise<unknown> => {
    const answer = await send(procedure, query, body);
    if (answer.ok) return answer.text === "" ? undefined : JSON.parse(answer.text);
    const hint =
      answer.status === 401 ? "Check DOKPLOY_API_KEY: it is wrong, expired or rate-limited" : "Check DOKPLOY_URL";
    throw new CliError("dokploy_failed", `${procedure} answered ${answer.status}`, hint);
  };

  return {
    url: base,
    list: async (projectName, environment) => {
      const projects = z.array(project).parse(await call("project.all", {}));
      const found = projects
        .filter(({ name }) => name === projectName)
        .flatMap(({ environments }) => environments.filter(({ name }) => name === environment))
        .flatMap(({ compose }) => compose);
      return await Promise.all(
        found.map(async ({ composeId }) => composeRecord.parse(await call("compose.one", { composeId }))),
      );
    },
    // A boolean that is missing or a text would mean something else to Dokploy.
    remove: async (composeId, { volumes }) =>
      void (await call("compose.delete", {}, { composeId, deleteVolumes: volumes === true })),
    containers: async (appName) => {
      const rows = await call("docker.getContainersByAppNameMatch", { appName, appType: "docker-compose" });
      return z
        .array(z.object({ name: z.string() }))
        .parse(rows)
        .map(({ name }) => name);
    },
    volumes: async () => {
      const { ok, text } = await send("dockerVolume.getVolumes", {});
      return ok ? z.array(listedVolume).parse(JSON.parse(text)).map(toVolume) : undefined;
    },
    lookAtVolume: async (volumeName) => {
      const { ok, text } = await send("dockerVolume.getVolumeConfig", { volumeName });
      if (ok) return "there";
      return NO_VOLUME.test(text) ? "gone" : "unknown";
    },
    removeVolume: async (volumeName) => {
      const { ok, status, text } = await send("dockerVolume.removeVolume", {}, { volumeName });
      return ok || NO_VOLUME.test(text) ? undefined : wordsOf(text, status);
    },
  };
}

/** What `docker volume` says of one that is not there. */
const NO_VOLUME = /no such volume/i;

const listedVolume = z.object({ Name: z.string(), Labels: z.string().nullish() });

/** Labels come as `a=b,c=d`; a volume's key has neither comma nor `=`. */
function toVolume({ Name, Labels }: z.output<typeof listedVolume>): ServerVolume {
  return { name: Name, key: /(?:^|,)com\.docker\.compose\.volume=([^,]*)/.exec(Labels ?? "")?.[1] };
}

/** Docker's words out of an error of Dokploy. */
function wordsOf(text: string, status: number): string {
  if (status === 404) return "this Dokploy cannot remove volumes: v0.30.0 can";
  const said = /(?:volume is in use|Error response from daemon:)[^"\\]*/.exec(text)?.[0];
  return said ?? `Dokploy answered ${status}`;
}
