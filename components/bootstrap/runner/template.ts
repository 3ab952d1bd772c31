import { parse } from "yaml";

/** One engine worker, as far as its container's text depends on it. */
export interface EngineText {
  /** As {@link engineName} makes it. */
  name: string;
  stack: string;
  /** As {@link engineUsers} makes it. */
  users: string;
  /** Docker's notation, e.g. `1g`. */
  memory: string;
  /** Plain variables. */
  env: Readonly<Record<string, string>>;
  /** Names of the secrets besides those which every worker has. */
  secrets: readonly string[];
}

/** The door, as far as its container's text depends on it. */
export interface DoorText {
  image: string;
  memory: string;
  env: Readonly<Record<string, string>>;
  /** Names of the secrets besides those which every door has. */
  secrets: readonly string[];
}

interface Container {
  image: string;
  hostname: string;
  environment: Record<string, string>;
  volumes: string[];
  secrets: string[];
  mem_limit: string;
}

interface Template {
  services: { runner: Container; engine: Container };
  volumes: Record<string, object | null>;
  secrets: Record<string, { environment: string }>;
}

/** Key of the template's worker, and of all that is named after it. */
const ENGINE = "engine";
const SOCKET = "engine.sock";

/**
 * The Compose file with its values filled in and its worker made into one for each stack, and the env that the text's `${NAME}` take their
 * values from. A plain value that is the same for several containers is one variable.
 */
export function fillTemplate(
  text: string,
  door: DoorText,
  engines: readonly EngineText[],
): { text: string; env: Record<string, string> } {
  const { services, volumes, secrets, ...rest } = parse(text) as Template;
  const { runner, engine, ...others } = services;
  const env: Record<string, string> = {};
  /** Values stay out of the text: only an env may hold any text. */
  const variables = (values: Readonly<Record<string, string>>, prefix: string) =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => {
        const variable = (env[name] ?? value) === value ? name : `${prefix}_${name}`;
        env[variable] = value;
        return [name, `\${${variable}}`];
      }),
    );
  const isEngine = (word: string) => word.startsWith(`${ENGINE}-`);
  const named = (word: string, name: string) => (isEngine(word) ? `${name}${word.slice(ENGINE.length)}` : word);
  const socketOf = (name: string) => `/run/engines/${name.slice(ENGINE.length + 1)}`;

  const filled = {
    ...rest,
    services: {
      runner: {
        ...runner,
        image: door.image,
        mem_limit: door.memory,
        environment: {
          ...runner.environment,
          ...variables(door.env, "RUNNER"),
          ...fromFiles(door.secrets),
          ENGINES: engines.map(({ stack, name }) => `${stack}=${socketOf(name)}/${SOCKET}`).join(","),
        },
        volumes: [
          ...runner.volumes.filter((mount) => !isEngine(mount)),
          ...engines.map(({ name }) => `${name}-socket:${socketOf(name)}:ro`),
        ],
        secrets: [...runner.secrets, ...door.secrets],
      },
      ...Object.fromEntries(
        engines.map((one) => [
          one.name,
          {
            ...engine,
            image: door.image,
            mem_limit: one.memory,
            hostname: `${engine.hostname}${one.name.slice(ENGINE.length)}`,
            environment: {
              ...engine.environment,
              ...variables(one.env, one.name.toUpperCase().replaceAll("-", "_")),
              ...fromFiles(one.secrets),
              ENGINE_STACKS: one.stack,
              ENGINE_USERS: one.users,
            },
            volumes: engine.volumes.map((mount) => named(mount, one.name)),
            secrets: [...engine.secrets, ...one.secrets],
          },
        ]),
      ),
      ...others,
    },
    volumes: Object.fromEntries(
      Object.entries(volumes).flatMap(([key, volume]) =>
        isEngine(key) ? engines.map(({ name }) => [named(key, name), volume]) : [[key, volume]],
      ),
    ),
    secrets: {
      ...secrets,
      ...Object.fromEntries(
        [door, ...engines].flatMap(({ secrets }) => secrets.map((name) => [name, { environment: name }])),
      ),
    },
  };
  // JSON is YAML, and leaves no text that could be read as something else.
  return { text: JSON.stringify(filled, null, 2), env };
}

function fromFiles(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [`${name}_FILE`, `/run/secrets/${name}`]));
}
