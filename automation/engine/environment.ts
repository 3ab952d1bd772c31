import { join } from "node:path";
import { shortcutEnvironment } from "../../tools/shortcuts/environment.mjs";
import { pickEnvironment } from "../environment.ts";

/** What the engine and the program may see of the runner's environment. Everything else stays with the runner. */
const PROGRAM_VARIABLES = [
  // the system
  "HOME",
  "USER",
  "LANG",
  "TZ",
  "TMPDIR",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NODE_EXTRA_CA_CERTS",
  "NODE_COMPILE_CACHE",
  "DOCKMASTER_SHORTCUTS",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  // the platform
  "PLATFORM_KEY",
  "DOKPLOY_URL",
  "DOKPLOY_API_KEY",
  "DOKPLOY_ALSO_AT",
  "DOKPLOY_TIMEOUT",
  "DOKPLOY_CONCURRENCY",
  "VAULT_ADDR",
  "VAULT_TOKEN",
  "VAULT_ROLE_ID",
  "VAULT_SECRET_ID",
  "VAULT_NAMESPACE",
  "VAULT_APPROLE_MOUNT",
  "VAULT_CACERT",
  // state and its encryption
  "PULUMI_CONFIG_PASSPHRASE",
  "PULUMI_ACCESS_TOKEN",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_REGION",
  "AWS_ENDPOINT_URL",
  "AWS_ENDPOINT_URL_S3",
];

/**
 * The environment of an update: built, not inherited, because every flag of the engine can be set by a
 * `PULUMI_OPTION_…` variable and the program must not see the runner's own secrets.
 */
export function buildEngineEnvironment(
  variables: { get(name: string): string | undefined },
  options: {
    path: string;
    pulumiHome: string;
    backendUrl: string;
    release: string;
    giveUp?: readonly string[] | undefined;
  },
): Record<string, string> {
  const values = Object.fromEntries(PROGRAM_VARIABLES.map((name) => [name, variables.get(name)]));
  const given = pickEnvironment(values, PROGRAM_VARIABLES);
  return {
    ...given,
    // Every update starts four Node processes that load the same libraries: compiled once, and only what is used.
    ...shortcutEnvironment(given, given.NODE_COMPILE_CACHE ?? join(options.pulumiHome, "node")),
    PATH: options.path,
    PULUMI_HOME: options.pulumiHome,
    PULUMI_BACKEND_URL: options.backendUrl,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // The stack file given to the engine is a copy without a salt; state keeps its own.
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
    DOCKMASTER_RELEASE: options.release,
    // Of this run's request alone: the runner's own environment never gives data up.
    ...(options.giveUp?.length ? { DOCKMASTER_GIVE_UP: options.giveUp.join(",") } : {}),
  };
}
