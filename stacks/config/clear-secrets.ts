import type { NoteProblem } from "../../components/compose/house/notes.ts";
import { looksLikePassword } from "../../components/compose/house/passwords.ts";
import type { Problem } from "../../components/compose/problem.ts";
import { problemAt, type RawConfig, valueAt } from "./raw-config.ts";

/** Keys that hold a secret, with what it is and how it is given instead. */
const SECRET_KEYS: Record<string, { what: string; variable: string }> = {
  "platform:key": { what: "the master key", variable: "PLATFORM_KEY" },
  "dokploy:apiKey": { what: "Dokploy's key", variable: "DOKPLOY_API_KEY" },
  "prometheus:token": { what: "Prometheus' token", variable: "PROMETHEUS_TOKEN" },
  "vault:token": { what: "Vault's token", variable: "VAULT_TOKEN" },
  "github:token": { what: "GitHub's token", variable: "GITHUB_TOKEN" },
};

/** Addresses, in which a password may stand. */
const ADDRESSES: [key: string, ...path: string[]][] = [
  ["dokploy:url"],
  ["dokploy:alsoAt"],
  ["prometheus:url"],
  ["vault:address"],
  ["platform:vault", "address"],
];

/** Secrets that stand in the stack's config in clear, where Git would keep them for ever. */
export function findClearSecrets(raw: RawConfig, stack: string, services: readonly string[]): Problem[] {
  return [
    ...Object.entries(SECRET_KEYS).flatMap(([key, { what, variable }]) => {
      if (raw.values[key] === undefined || raw.isSecret(key, [])) return [];
      const hint = `make a new one, and hand it over as ${variable} or set it with \`pulumi config set --secret ${key}\``;
      return [problemAt(raw, key, [], `${what} stands here in clear`, hint)];
    }),
    ...ADDRESSES.flatMap(([key, ...path]) => {
      const value = valueAt(raw.values[key], path);
      if (typeof value !== "string" || !/:\/\/[^/\s,]*@/.test(value)) return [];
      const hint = "leave user and password out, and make new ones";
      return [problemAt(raw, key, path, "a sign-in stands here in clear", hint)];
    }),
    ...services.flatMap((service) => {
      const key = `platform:${service}`;
      const given = valueAt(raw.values[key], ["secrets"]);
      return Object.keys(isMap(given) ? given : {}).flatMap((name) => {
        const path = ["secrets", name];
        if (raw.isSecret(key, path)) return [];
        const hint = `make a new one, and set it with \`dockmaster secret set ${stack} ${service} ${name}\``;
        return [problemAt(raw, key, path, "the value stands here in clear", hint)];
      });
    }),
  ];
}

/** Values of a service's `env` that look like passwords and stand in clear: accepted, as only their names tell, and noted. */
export function noteClearEnv(raw: RawConfig, services: readonly string[]): NoteProblem[] {
  return services.flatMap((service) => {
    const key = `platform:${service}`;
    const env = valueAt(raw.values[key], ["env"]);
    return Object.entries(isMap(env) ? env : {}).flatMap(([name, value]): NoteProblem[] => {
      const path = ["env", name];
      if (raw.isSecret(key, path) || !looksLikePassword(name, String(value))) return [];
      const message = "the value looks like a password, and stands here in clear";
      const hint = "make it a secret of the service: name it below `secrets:` of its compose file";
      return [{ ...problemAt(raw, key, path, message, hint), note: "clear-password" }];
    });
  });
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
