import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { AgentParts, AgentProblem, Consumer, ConsumerParts } from "../../compose/deliver/agent.ts";
import { FINGERPRINT_LABEL } from "../../compose/deliver/deliver-secrets.ts";
import type { FileGrant, Mount } from "../../compose/model.ts";
import { TMPFS } from "../../compose/names.ts";
import { AGENT_PLACES, agentConfig } from "./agent-config.ts";
import { planFiles } from "./agent-files.ts";
import { AGENT_IMAGE, type AgentRequest, ONLY_AGENT } from "./agent-request.ts";
import { guardEntrypoint, healthTest, startScript } from "./agent-scripts.ts";

/**
 * Plans the agent of a service from what its containers ask for: the container, its configuration, a volume in memory per consumer,
 * and what each consumer gets. Pure. No plan when nobody asks for a secret, or with problems, all at once.
 *
 * Each consumer has a volume of its own, so that it sees exactly its own secrets, under its own names and with its own owner.
 */
export function planAgent(request: AgentRequest): { plan?: AgentParts; problems: AgentProblem[] } {
  const asking = Object.entries(request.consumers).filter(([, { grants }]) => grants.length > 0);
  if (asking.length === 0) return { problems: [] };
  const { files, problems } = planFiles(request);
  const { name, env } = request.agent ?? ONLY_AGENT;
  if (request.containers.includes(name)) {
    problems.push({
      container: name,
      path: [],
      message: `\`${name}\` is the name of the platform's own container`,
      hint: "use another name",
    });
  }
  for (const [container, consumer] of asking) problems.push(...checkEntrypoint(container, consumer));
  if (problems.length > 0) return { problems };

  const consumers = asking.map(([container]): [string, ConsumerParts] => {
    const own = files.filter((file) => file.container === container);
    return [
      container,
      {
        volumes: [{ ...mount(container, "/run/secrets"), read_only: true }],
        entrypoint: guardEntrypoint(own.map(({ target }) => target)),
        depends_on: { [name]: { condition: "service_healthy" } },
        labels: [`${FINGERPRINT_LABEL}=${request.fingerprint(names(own))}`],
      },
    ];
  });
  const content = agentConfig(files, { approle: request.approle, interval: request.interval ?? "30s" });
  const config = `vault_agent_${createHash("sha256").update(content).digest("hex").slice(0, 12)}`;
  const agent = {
    image: request.image ?? AGENT_IMAGE,
    entrypoint: ["/bin/sh", "-c", startScript(request)],
    user: "0:0",
    environment: [`VAULT_ADDR=${request.address}`],
    // With the values it changes as well: it starts anew, renders, and only then are the consumers recreated.
    labels: [
      `${FINGERPRINT_LABEL}=${request.fingerprint(names(files))}`,
      `${FINGERPRINT_LABEL}.sign-in=${request.signIn}`,
    ],
    secrets: [grantAt(AGENT_PLACES.roleId, env.roleId), grantAt(AGENT_PLACES.secretId, env.secretId)],
    configs: [{ source: config, target: AGENT_PLACES.config }],
    volumes: asking.map(([container]) => mount(container, `${AGENT_PLACES.secrets}/${container}`)),
    healthcheck: { test: healthTest(), interval: "2s", timeout: "2s", retries: 15 },
    restart: "unless-stopped",
    cap_drop: ["ALL"],
    // Giving files to their consumers, and reading them again.
    cap_add: ["CHOWN", "DAC_OVERRIDE", "FOWNER"],
    security_opt: ["no-new-privileges:true"],
    mem_limit: "128m",
  };
  return {
    plan: {
      name,
      agent,
      joins: isContainerName(request.address),
      volumes: Object.fromEntries(asking.map(([container]) => [volumeKey(container), TMPFS])),
      configs: { [config]: { content } },
      secrets: Object.fromEntries(
        Object.values(env).map((variable) => [variable.toLowerCase(), { environment: variable }]),
      ),
      consumers: Object.fromEntries(consumers),
    },
    problems: [],
  };
}

/** A host name of one part is a container's on a network of Docker; a domain or an address is reached from anywhere. */
export function isContainerName(address: string | undefined): boolean {
  const { hostname } = URL.parse(address ?? "") ?? {};
  return hostname !== undefined && hostname !== "localhost" && /^[a-z0-9_-]+$/.test(hostname);
}

/** A secret of the agent itself, at its place: by its bare name where that leads there. */
function grantAt(place: string, variable: string): string | FileGrant {
  const source = variable.toLowerCase();
  const target = basename(place);
  return source === target ? source : { source, target };
}

function names(files: readonly { secret: string }[]): string[] {
  return [...new Set(files.map(({ secret }) => secret))].sort();
}

function mount(container: string, target: string): Mount {
  return { type: "volume", source: volumeKey(container), target, volume: { nocopy: true } };
}

function volumeKey(container: string): string {
  return `${container}-secrets`;
}

/** Compose takes away the image's entrypoint and command when a file sets an entrypoint, so the guard needs to know them. */
function checkEntrypoint(container: string, { entrypoint, command }: Consumer): AgentProblem[] {
  if (!Array.isArray(entrypoint)) {
    const message = "with secrets from Vault a container needs its `entrypoint` in the file, as a list";
    const hint =
      "write the image's own (`docker image inspect` shows Entrypoint and Cmd; `[]` when it has none) and its `command`: a check that the secrets are there is put before it";
    return [{ container, path: ["entrypoint"], message, hint }];
  }
  const nothing = command === undefined || command === null || (command as unknown[]).length === 0;
  if (entrypoint.length > 0 || !nothing) return [];
  return [{ container, path: ["command"], message: "there is nothing to start", hint: "write the image's `command`" }];
}
