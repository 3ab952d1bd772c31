import { AGENT_PLACES, type AgentPlaces } from "./agent-config.ts";

/** Whose agent it is, for its messages. */
export interface AgentOwner {
  stack: string;
  service: string;
}

/**
 * Starts the agent, or says at once what it lacks and which command mends it. Plain `sh`, runs as root: the files get owners.
 */
export function startScript({ stack, service }: AgentOwner, places: AgentPlaces = AGENT_PLACES): string {
  const deploy = `dockmaster up ${stack}`;
  return `say() { echo "vault-agent of ${service} (${stack}): $1" >&2; }
fail() { say "$1. To mend it: $2"; exit 1; }
filled() { [ -f "$1" ] && [ -n "$(tr -d '[:space:]' < "$1")" ]; }
rm -f ${places.marker}
[ -n "$VAULT_ADDR" ] || fail "the address of Vault is missing" "pulumi config set vault:address https://vault.example.org --stack ${stack}, then ${deploy}"
filled ${places.roleId} || fail "the role id is missing" "${deploy} (and before it dockmaster up bootstrap, when the role is new)"
filled ${places.secretId} || fail "the secret id is missing" "${deploy} (it makes a new one)"
program=$(command -v vault || command -v bao) || fail "there is neither vault nor bao in this image" "name an image of HashiCorp Vault or OpenBao"
export BAO_ADDR="$VAULT_ADDR"
say "signs in at $VAULT_ADDR. If that is refused below, the secret id was revoked: ${deploy} makes a new one"
exec "$program" agent -config=${places.config}
`;
}

/** Healthy once everything was rendered by this very process. */
export function healthTest(places: AgentPlaces = AGENT_PLACES): string[] {
  return ["CMD", "test", "-s", places.marker];
}

/**
 * What a consumer's entrypoint starts with: it ends at once when a secret is not there. After a reboot the shared memory is empty and
 * the engine starts containers in no order: one that ends is started again, one that goes on with an empty password stays wrong. A
 * health check cannot do this: it comes after the start, and PID 1 takes no signal from inside its container that it does not handle.
 */
export function guardEntrypoint(targets: readonly string[], folder = "/run/secrets"): string[] {
  const script = `for name in ${[...targets].sort().join(" ")}; do
[ -s "${folder}/$name" ] || { echo "${folder}/$name is not there yet: vault-agent writes it. Ends, to be started again." >&2; exit 1; }
done
exec "$@"
`;
  return ["/bin/sh", "-c", script, "with-secrets"];
}
