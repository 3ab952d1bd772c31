import type { ReadFile } from "../../compose/context.ts";
import { networkName } from "../../compose/networks.ts";
import { type Outcome, renderCompose } from "../../compose/render.ts";
import { envProblem } from "../../dokploy/api/env.ts";
import { planAgent } from "../../vault/agent/agent.ts";
import { RUNNER_SECRETS } from "./secrets.ts";

/** The stack that holds the runner, the runner's name in it, and what ends its names: it shares no network with an environment. */
export const STACK = "bootstrap";
export const SERVICE = "runner";
export const SUFFIX = `-${STACK}`;

/** Port that the runner listens on in its container. */
export const PORT = 8080;

/** All that the runner's Compose file depends on. */
export interface RunnerSettings {
  /** Pinned by digest or tag. */
  image: string;
  /** Docker's notation, e.g. `1g`. */
  memory: string;
  /** Plain variables of the runner. */
  env: Readonly<Record<string, string>>;
  /** Names of the secrets besides those which every runner has. */
  secrets: readonly string[];
  vault: {
    /** Where the container reaches Vault. */
    address: string;
    /** AppRole mount. */
    approle: string;
    /** KV v2 path of the runner's secret. */
    path: string;
  };
  /** Changes with the agent's secret id. */
  signIn: string;
}

/**
 * The text for Dokploy. Pure: the file's text comes from outside. A rotated secret changes nothing here, since the runner reads its
 * files again by itself.
 */
export function renderRunner(
  text: string,
  { image, memory, env, secrets, vault, signIn }: RunnerSettings,
  readFile: ReadFile = () => undefined,
): Outcome {
  const names = [...RUNNER_SECRETS, ...secrets];
  const places = Object.fromEntries(names.map((name) => [name, { path: vault.path, field: name }]));
  const files = secrets.map((name) => [`${name}_FILE`, `/run/secrets/${name}`]);
  return renderCompose({
    file: "components/bootstrap/runner/compose.yaml",
    text: text.replace(/^(\s+image: ).*$/m, (_line, key) => `${key}${image}`),
    service: SERVICE,
    suffix: SUFFIX,
    catalogue: [],
    variables: { SUFFIX },
    env: { RUNNER_MEMORY: memory },
    containerEnv: { ...env, ...Object.fromEntries(files) },
    secrets: {
      mode: "agent",
      plan: (asked) => {
        const { plan, problems } = planAgent({
          ...asked,
          stack: STACK,
          service: SERVICE,
          address: vault.address,
          approle: vault.approle,
          places,
          fingerprint: () => "read-when-changed",
          signIn,
        });
        return plan ? { plan, problems } : { problems };
      },
    },
    grants: { [SERVICE]: [...secrets] },
    joins: [],
    privateNetwork: networkName(SUFFIX),
    readFile,
    envProblem,
  });
}
