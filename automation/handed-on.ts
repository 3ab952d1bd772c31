// Variables that the runner hands on and does not make a setting of its own: rows of the table in variables.ts.
import { hosts } from "./readers.ts";
import type { Variable, Viewer } from "./variable.ts";

/** What the program of a release sees: where the platform is, and the keys to it. */
export const HANDED_ON = {
  PULUMI_CONFIG_PASSPHRASE: {
    docs: "encrypts the secrets in the state",
    secret: "whole",
    strength: "advised",
    seenBy: ["program"],
    inVault: "always",
    orInStackFile: true,
  },
  PULUMI_ACCESS_TOKEN: {
    docs: "for a state at Pulumi Cloud or a server like it",
    secret: "whole",
    seenBy: ["program"],
    inVault: "named",
  },
  AWS_ACCESS_KEY_ID: { docs: "for a state in S3", secret: "whole", seenBy: ["program"], inVault: "named" },
  AWS_SECRET_ACCESS_KEY: { docs: "for a state in S3", secret: "whole", seenBy: ["program"], inVault: "named" },
  AWS_SESSION_TOKEN: {
    docs: "for a state in S3, where the key is a passing one",
    secret: "whole",
    seenBy: ["program"],
    inVault: "named",
  },
  AWS_REGION: { docs: "for a state in S3", seenBy: ["program"] },
  AWS_ENDPOINT_URL: { docs: "for a state at a server that speaks S3", seenBy: ["program"] },
  AWS_ENDPOINT_URL_S3: { docs: "the same, for S3 alone", seenBy: ["program"] },
  PLATFORM_KEY: {
    docs: "the platform's master key",
    secret: "whole",
    seenBy: ["program"],
    inVault: "always",
    orInStackFile: true,
  },
  DOKPLOY_URL: { docs: "where Dokploy is", encrypted: true, seenBy: ["program"], orInStackFile: true },
  DOKPLOY_API_KEY: {
    docs: "a key of an owner or admin of Dokploy",
    secret: "whole",
    seenBy: ["program"],
    inVault: "always",
    orInStackFile: true,
  },
  DOKPLOY_ALSO_AT: { docs: "other addresses of the same Dokploy, separated by commas", seenBy: ["program"] },
  ALLOW_INSECURE: {
    docs: "hosts, separated by commas, that `http://` and `git://` addresses of Dokploy, Vault and the repository may name, e.g. `dokploy:3000,vault`: for networks where nobody else can listen. This machine always may",
    reads: hosts.optional(),
    seenBy: ["program"],
    readBy: "both",
  },
  DOKPLOY_TIMEOUT: { docs: "seconds that Dokploy may take for an answer", seenBy: ["program"] },
  DOKPLOY_CONCURRENCY: { docs: "requests to Dokploy at once", seenBy: ["program"] },
  PROMETHEUS_URL: {
    docs: "where Prometheus is, or what speaks its API: for [checks that ask it](../guides/checks.md#prometheus)",
    encrypted: true,
    seenBy: ["program"],
  },
  PROMETHEUS_TOKEN: {
    docs: "signs in to Prometheus, where it asks for that: sent as `Authorization: Bearer`",
    secret: "whole",
    seenBy: ["program"],
    inVault: "named",
  },
  VAULT_ADDR: { docs: "where Vault is", encrypted: true, seenBy: ["program"] },
  VAULT_TOKEN: { docs: "signs in to Vault", secret: "whole", seenBy: ["program"] },
  VAULT_ROLE_ID: {
    docs: "signs in to Vault instead of a token, with `VAULT_SECRET_ID`",
    secret: "whole",
    seenBy: ["program"],
    inVault: "minted",
  },
  VAULT_SECRET_ID: {
    docs: "signs in to Vault instead of a token, with `VAULT_ROLE_ID`",
    secret: "whole",
    seenBy: ["program"],
    inVault: "minted",
  },
  VAULT_NAMESPACE: { docs: "namespace in Vault", seenBy: ["program"] },
  VAULT_APPROLE_MOUNT: { docs: "mount in Vault of the role that signs in", seenBy: ["program"] },
  VAULT_CACERT: { docs: "file with the certificate that Vault's is checked with", seenBy: ["program"] },
} as const satisfies Record<string, Variable>;

/** What only others read: whoever sees it needs it to find its way on this machine, or to the network. */
function foreign<Name extends string>(seenBy: readonly Viewer[], ...names: Name[]): Record<Name, Variable> {
  return Object.fromEntries(names.map((name) => [name, { seenBy }])) as Record<Name, Variable>;
}

/** What finds the way on this machine, and to the network. */
export const FOREIGN = {
  ...foreign(["program", "git", "npm"], "HOME", "TMPDIR"),
  ...foreign(["program", "git", "npm"], "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
  ...foreign(["program", "git", "npm"], "http_proxy", "https_proxy", "no_proxy"),
  ...foreign(["program", "git"], "USER", "SSL_CERT_FILE", "SSL_CERT_DIR"),
  ...foreign(["program", "npm"], "NODE_EXTRA_CA_CERTS"),
  ...foreign(["program"], "LANG", "TZ", "NODE_COMPILE_CACHE"),
  ...foreign(["git"], "PATH", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "GIT_SSH", "GIT_ASKPASS", "GIT_CONFIG_GLOBAL"),
  ...foreign(["git"], "GIT_HTTP_LOW_SPEED_LIMIT", "GIT_HTTP_LOW_SPEED_TIME"),
  ...foreign(["npm"], "npm_config_registry", "npm_config_cache", "npm_config_userconfig"),
} as const satisfies Record<string, Variable>;
