/** Keys of a container of which Compose looks into what they hold, and the platform refuses them unseen; and why. */
export const UNSEEN: Readonly<Record<string, string>> = {
  build: "nothing is built on the server: what it would be built from is not looked into",
  env_file: "the file is not on the server: whether it is on this machine says nothing",
  label_file: "the file is not on the server: whether it is on this machine says nothing",
  extends: "the other file is not on the server",
  models: "Dokploy runs no models",
  provider: "Dokploy runs no providers",
  develop: "nothing is developed on the server",
};

/** What Compose takes and the reading refuses: what it says, and why. */
export const REFUSED: readonly { says: RegExp; why: string }[] = [
  { says: /^no services$/, why: "a service without containers has nothing to deploy" },
  { says: /is mounted twice$/, why: "of two mounts at one place Compose keeps the last, and says nothing" },
  { says: /is more than 65535/, why: "of a larger weight Compose keeps the last 16 bits, and says nothing" },
];

/** What the text for Dokploy says otherwise than the file, as `meaning.ts` takes it back before it compares; and why. */
export const CHANGED: Readonly<Record<string, string>> = {
  names: "containers, volumes, networks and configs get the names that the platform gives them",
  "container_name, networks": "the platform sets them",
  external_links: "bare names lead to siblings, also where a container is on networks with strangers",
  "environment and labels": "a number keeps the digits that were typed: Compose makes 1.1 of 1.10",
  "labels dockmaster.*": "a container is made anew when one of its secrets changes",
  logging: "logs are bounded unless the file says otherwise",
  restart: "`unless-stopped` unless the file says otherwise, and never for one-shots",
  "healthcheck.interval": "5 s unless the file says otherwise",
  "files and configs": "files beside the compose file, and configs, become configs named by their content",
  "driver: local": "it is what a volume has anyway",
  "x-…": "extensions say nothing to Compose",
};
