import type { ComposeColumns } from "../api/client.ts";
import type { ComposeRecord } from "../api/schema.ts";

/** The columns of a compose record that no input names. They have one right value each; any other is drift. */
export interface Settings {
  autoDeploy: boolean;
  command: string;
  sourceType: string;
  composeType: string;
  createEnvFile: boolean;
  composePath: string;
  suffix: string;
  randomize: boolean;
  isolatedDeployment: boolean;
  /** Number of services whose networks Dokploy changes. */
  serviceNetworks: number;
  /** Where the record is: it can be moved to another environment by hand. */
  environmentId: string;
}

/**
 * What Dokploy runs after `docker `. `--wait` makes an unhealthy container a failed deployment, and without a time-out
 * one that never becomes healthy would block the server's whole queue.
 */
export function deployCommand(appName: string, waitTimeout: number): string {
  const up = "up -d --build --remove-orphans --wait --wait-timeout";
  return `compose -p ${appName} -f docker-compose.yml ${up} ${waitTimeout}`;
}

/** The right settings of a compose. */
export function rightSettings(appName: string, waitTimeout: number, environmentId: string): Settings {
  return {
    autoDeploy: false,
    command: deployCommand(appName, waitTimeout),
    sourceType: "raw",
    composeType: "docker-compose",
    createEnvFile: true,
    composePath: "./docker-compose.yml",
    suffix: "",
    randomize: false,
    isolatedDeployment: false,
    serviceNetworks: 0,
    environmentId,
  };
}

/** The settings a live record has. What Dokploy answers as null, or an older one does not know, is its default. */
export function liveSettings(record: ComposeRecord): Settings {
  return {
    autoDeploy: record.autoDeploy ?? true,
    command: record.command ?? "",
    sourceType: record.sourceType ?? "",
    composeType: record.composeType ?? "docker-compose",
    createEnvFile: record.createEnvFile ?? true,
    composePath: record.composePath ?? "./docker-compose.yml",
    suffix: record.suffix ?? "",
    randomize: record.randomize ?? false,
    isolatedDeployment: record.isolatedDeployment ?? false,
    serviceNetworks: record.serviceNetworks?.length ?? 0,
    environmentId: record.environmentId,
  };
}

/** Which settings differ. One that an older release's state does not have yet is not known, and so does not differ. */
export function differingSettings(seen: Partial<Settings>, right: Settings): (keyof Settings)[] {
  return (Object.keys(right) as (keyof Settings)[]).filter(
    (key) => seen[key] !== undefined && seen[key] !== right[key],
  );
}

/** Whether a changed setting reaches the containers only with a deployment. */
export function needsDeployment(setting: keyof Settings): boolean {
  return setting !== "autoDeploy" && setting !== "environmentId";
}

type SettingColumns = Omit<ComposeColumns, "name" | "description" | "env" | "composeFile">;

/** The columns that set everything right but for what `stays`. */
export function settingColumns(
  right: Settings,
  stays: (part: string) => boolean = () => false,
): Partial<SettingColumns> {
  const columns: SettingColumns = {
    sourceType: "raw",
    composeType: "docker-compose",
    command: right.command,
    autoDeploy: false,
    createEnvFile: true,
    composePath: right.composePath,
    suffix: "",
    randomize: false,
    isolatedDeployment: false,
    serviceNetworks: [],
  };
  return Object.fromEntries(Object.entries(columns).filter(([setting]) => !stays(`settings.${setting}`)));
}
