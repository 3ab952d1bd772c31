import { z } from "zod";
import { PROMOTION, promotionSettings } from "../../components/look/promotion-policy.ts";
import { commonSettings } from "../../components/platform/service.ts";
import { bootstrapSettings } from "../bootstrap/settings.ts";
import { catalogue } from "../catalogue.ts";
import { platformSettings } from "./config.ts";

/** As much of a JSON schema as the tables show. */
interface Property {
  type?: string;
  enum?: string[];
  anyOf?: Property[];
  default?: unknown;
  description?: string;
  properties?: Record<string, Property>;
  required?: string[];
  items?: Property;
  /** What stands below any key of a map. */
  additionalProperties?: Property | boolean;
}

/** Keys that no schema of ours holds: what reaches the servers. */
const SERVERS = `| key | in the environment | default | meaning |
|---|---|---|---|
| \`dokploy:url\` | \`DOKPLOY_URL\` | required | Address of Dokploy, e.g. \`https://dokploy.example.org\`. |
| \`dokploy:apiKey\` | \`DOKPLOY_API_KEY\` | required | A key of an owner or admin, as a Pulumi secret. |
| \`dokploy:alsoAt\` | \`DOKPLOY_ALSO_AT\` | – | Other addresses of the same server, separated by commas: state that was written under one of them is taken. Without it another address counts as another server, and is refused. |
| \`dokploy:project\` | – | \`platform\` | Name of the project on Dokploy; also the first part of every path in Vault. |
| \`prometheus:url\` | \`PROMETHEUS_URL\` | required by [checks that ask it](../guides/checks.md#prometheus) | Address of Prometheus, or of what speaks its API. |
| \`prometheus:token\` | \`PROMETHEUS_TOKEN\` | – | A token for it, as a Pulumi secret. |
| \`vault:address\` | \`VAULT_ADDR\` | required with \`platform:secrets: vault\` | Address of Vault. The variable counts for the update only: containers get what stands in the file. Plain \`pulumi refresh\` and \`pulumi up --refresh\` need the variable where the last update had it, as every update of the runner has; \`dockmaster\` hands it over by itself. |
| \`vault:token\` | \`VAULT_TOKEN\` | – | A token, as a Pulumi secret. |
| – | \`VAULT_ROLE_ID\`, \`VAULT_SECRET_ID\` | – | A role to sign in with instead of a token. |`;

/** The reference of all stacks' config as Markdown, made from the schemas that check it. `node stacks/config/config-reference.ts` prints it. */
export function configReference(): string {
  const services = [...catalogue].sort((a, b) => (a.name < b.name ? -1 : 1));
  const sections = services.map(({ name, settings }) => {
    const own = Object.fromEntries(Object.entries(settings.shape).filter(([key]) => !(key in commonSettings)));
    return `## \`platform:${name}\`\n\n${table(z.strictObject(own), "")}`;
  });
  return `# Configuration

<!-- Made by \`node stacks/config/config-reference.ts > docs/reference/config.md\`: change the schemas, not this page. -->

What differs between environments stands in \`Pulumi.<stack>.yaml\`, below \`config:\`.
An unknown key is an error. All mistakes of a stack are reported at once, before anything is touched: \`dockmaster check\`.

\`\`\`yaml
config:
  platform:domain: example.org
  platform:suffix: -staging
  platform:services: [postgres, redis]
  platform:postgres:
    memory: 2g
    checks:
      - command: curl -fsS https://status.example.org/postgres
\`\`\`

## \`platform:\`

${table(platformSettings, "platform:")}

## \`promotion:\`

What follows a release. The runner reads these keys from the file on the main branch, whatever release a stack runs: [After a release](../guides/after-a-release.md).

${table(promotionSettings, PROMOTION)}

## Servers

The environment wins. What counts is what both say *now*, for every command: the configuration that Pulumi's state keeps from the
last update is not used. Runner and \`dockmaster\` hand the file's settings over to the engine; with plain \`pulumi\`, what only reads or
deletes (\`refresh\`, \`destroy\`, the look of \`up --refresh\`) finds them in \`Pulumi.<stack>.yaml\` beside the program, also with
\`--config-file\`. Where the file's secrets cannot be decrypted there (no \`pulumi\` on PATH, another passphrase), the last update's
are tried; then set the variable, or run \`pulumi up\` once without \`--refresh\`.

${SERVERS}

## Every service

These keys below \`platform:<service>\` are known to all services.

${table(z.strictObject(commonSettings), "")}

${sections.join("\n\n")}

## \`bootstrap:\`

Only in \`Pulumi.bootstrap.yaml\`, the stack that people run by hand.

${table(bootstrapSettings, "bootstrap:")}
`;
}

function table(schema: z.ZodObject, prefix: string): string {
  const rows = rowsOf(z.toJSONSchema(schema, { io: "input" }) as Property, prefix);
  return ["| key | type | default | meaning |", "|---|---|---|---|", ...rows].join("\n");
}

/** A line for each key, and for the keys below it: `vault.kv`, `checks[].url`, `engines.<…>.memory`. */
function rowsOf({ properties = {}, required = [] }: Property, prefix: string): string[] {
  return Object.entries(properties).flatMap(([key, property]) => {
    const below = property.properties ? rowsOf(property, `${prefix}${key}.`) : [];
    const any = property.additionalProperties;
    const named = typeof any === "object" && any.properties ? rowsOf(any, `${prefix}${key}.<…>.`) : [];
    const items = property.items?.properties ? rowsOf(property.items, `${prefix}${key}[].`) : [];
    const row = `| \`${prefix}${key}\` | ${typeOf(property)} | ${defaultOf(key, property, required)} | ${property.description ?? ""} |`;
    return [row, ...below, ...named, ...items];
  });
}

function defaultOf(key: string, property: Property, required: readonly string[]): string {
  if (required.includes(key)) return "required";
  // The keys below say it.
  return property.default === undefined || property.properties ? "–" : code(property.default);
}

function typeOf({ type, enum: choices, anyOf }: Property): string {
  if (anyOf) return anyOf.map(typeOf).join(" or ");
  return choices
    ? choices.map((choice) => `\`${choice}\``).join(", ")
    : ({ object: "map", array: "list" }[type ?? ""] ?? type ?? "");
}

function code(value: unknown): string {
  return `\`${JSON.stringify(value).replaceAll("|", "\\|")}\``;
}

if (import.meta.main) process.stdout.write(configReference());
