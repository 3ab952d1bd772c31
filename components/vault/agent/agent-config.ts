import type { AgentFile } from "./agent-request.ts";

/** Where things are in the agent's container; a test puts them below a folder of its own. */
export interface AgentPlaces {
  roleId: string;
  secretId: string;
  config: string;
  /** Holds one folder per consumer. */
  secrets: string;
  /** In the agent's own file system: a file that another container keeps alive would tell of an earlier rendering. */
  marker: string;
}

export const AGENT_PLACES: AgentPlaces = {
  roleId: "/run/secrets/vault_role_id",
  secretId: "/run/secrets/vault_secret_id",
  config: "/etc/dockmaster/agent.json",
  secrets: "/secrets",
  marker: "/tmp/rendered",
};

/**
 * The agent's configuration: signs in with a role, renders every file, and then the marker. Ends when it may not sign in or when a
 * value is missing, so that the reason is in its log and Compose gives up at once.
 * https://developer.hashicorp.com/vault/docs/agent-and-proxy/agent
 */
export function agentConfig(
  files: readonly AgentFile[],
  { approle, interval }: { approle: string; interval: string },
  places: AgentPlaces = AGENT_PLACES,
): string {
  const templates = files.map(({ container, place, target, uid, gid, mode }) => ({
    contents: `{{ with secret "${place.path}" }}{{ .Data.data.${place.field} }}{{ end }}`,
    destination: `${places.secrets}/${container}/${target}`,
    user: uid,
    group: gid,
    perms: mode,
    error_on_missing_key: true,
  }));
  // Templates are rendered in this order, each only when all it reads is there, so the marker comes last.
  const paths = [...new Set(files.map(({ place }) => place.path))];
  const versions = paths.map((path) => `{{ with secret "${path}" }}${path} {{ .Data.metadata.version }}\n{{ end }}`);
  const marker = { contents: versions.join(""), destination: places.marker, error_on_missing_key: true };
  const config = {
    auto_auth: {
      method: [
        {
          type: "approle",
          mount_path: `auth/${approle}`,
          exit_on_err: true,
          config: {
            role_id_file_path: places.roleId,
            secret_id_file_path: places.secretId,
            remove_secret_id_file_after_reading: false,
          },
        },
      ],
    },
    template_config: { static_secret_render_interval: interval, exit_on_retry_failure: true },
    template: [...templates, marker],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
