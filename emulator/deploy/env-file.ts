import { parse } from "dotenv";

export interface EnvSources {
  appName: string;
  env: string | null;
  projectEnv: string;
  environmentEnv: string;
  /** The suffix of a randomized compose; undefined otherwise. */
  prefix: string | undefined;
}

/**
 * The text of `.env` as Dokploy 0.30 writes it beside the compose file: parsed with dotenv 16.4.5, references resolved,
 * every value in double quotes with `\ " $` escaped. Throws when a `${{…}}` reference cannot be resolved.
 */
export function envFileText(sources: EnvSources): string {
  const values = parse(serviceEnv(sources));
  const project = parse(sources.projectEnv);
  const environment = parse(sources.environmentEnv);
  return Object.entries(values)
    .map(([key, value]) => `${key}=${quoted(resolve(value, values, project, environment))}`)
    .join("\n");
}

function serviceEnv({ appName, env, prefix }: EnvSources): string {
  let text = `APP_NAME=${appName}\nCOMPOSE_PROJECT_NAME=${appName}\n${env ?? ""}`;
  if (!text.includes("DOCKER_CONFIG")) text += "\nDOCKER_CONFIG=/root/.docker";
  return prefix === undefined ? text : `${text}\nCOMPOSE_PREFIX=${prefix}`;
}

type Values = Record<string, string>;

function resolve(value: string, own: Values, project: Values, environment: Values): string {
  return value
    .replace(/\$\{\{project\.(.*?)\}\}/g, (_, name) =>
      look(project, name, `Invalid project environment variable: project.${name}`),
    )
    .replace(/\$\{\{environment\.(.*?)\}\}/g, (_, name) =>
      look(environment, name, `Invalid environment variable: environment.${name}`),
    )
    .replace(/\$\{\{(.*?)\}\}/g, (_, name) => look(own, name, `Invalid service environment variable: ${name}`));
}

function look(values: Values, name: string, missing: string): string {
  const value = values[name];
  if (value === undefined) throw new Error(missing);
  return value;
}

function quoted(value: string): string {
  return `"${value.replace(/[\\"$]/g, "\\$&")}"`;
}
