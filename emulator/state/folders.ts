import { mkdirSync } from "node:fs";
import { join } from "node:path";

/** Where the real server keeps its files; rows carry paths below it. */
const ETC = "/etc/dokploy";

/** The same tree as `/etc/dokploy` of a real server, inside the data folder. */
export interface Folders {
  root: string;
  /** Where `docker-compose.yml` and `.env` are written and `docker compose` runs. */
  code(appName: string): string;
  /** File mounts; a compose file reaches them as `../files/<path>`. */
  files(appName: string): string;
  app(appName: string): string;
  logs(appName: string): string;
  /** A path of a row (`/etc/dokploy/logs/…`) in this data folder. */
  local(path: string): string;
}

export function openFolders(root: string): Folders {
  mkdirSync(join(root, "compose"), { recursive: true });
  mkdirSync(join(root, "logs"), { recursive: true });
  const app = (appName: string) => join(root, "compose", appName);
  return {
    root,
    app,
    code: (appName) => join(app(appName), "code"),
    files: (appName) => join(app(appName), "files"),
    logs: (appName) => join(root, "logs", appName),
    local: (path) => join(root, path.slice(ETC.length)),
  };
}

/** `/etc/dokploy/logs/<app>/<app>-2026-11-20:13:14:35.log`: two deployments in one second share a file, as in Dokploy. */
export function deploymentLogPath(appName: string, at: Date): string {
  const stamp = `${at.toISOString().slice(0, 10)}:${at.toISOString().slice(11, 19)}`;
  return `${ETC}/logs/${appName}/${appName}-${stamp}.log`;
}
