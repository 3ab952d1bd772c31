import { z } from "zod";
import { commonSettings } from "../components/service.ts";
import { catalogue } from "./catalogue.ts";
import { platformSettings } from "./config.ts";

interface Property {
  type?: string;
  enum?: string[];
  default?: unknown;
  description?: string;
}

/** The reference of a stack's config as Markdown, made from the schemas that check it. `node stacks/config-reference.ts` prints it. */
export function configReference(): string {
  const services = [...catalogue].sort((a, b) => (a.name < b.name ? -1 : 1));
  const sections = services.map(({ name, settings }) => {
    const own = Object.fromEntries(Object.entries(settings.shape).filter(([key]) => !(key in commonSettings)));
    return `## \`platform:${name}\`\n\n${table(z.strictObject(own), "")}`;
  });
  return `# Configuration

Made from the schemas by \`node stacks/config-reference.ts\`: change them, not this page.
An unknown key is an error, and all mistakes are reported at once, before anything is touched.

## \`platform:\`

${table(platformSettings, "platform:")}

## Every service

These keys below \`platform:<service>\` are known to all services.

${table(z.strictObject(commonSettings), "")}

${sections.join("\n\n")}
`;
}

function table(schema: z.ZodObject, prefix: string): string {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input" }) as {
    properties?: Record<string, Property>;
    required?: string[];
  };
  const rows = Object.entries(properties).map(([key, property]) => {
    const fallback = required.includes(key)
      ? "required"
      : property.default === undefined
        ? "–"
        : code(property.default);
    return `| \`${prefix}${key}\` | ${typeOf(property)} | ${fallback} | ${property.description ?? ""} |`;
  });
  return ["| key | type | default | meaning |", "|---|---|---|---|", ...rows].join("\n");
}

function typeOf({ type, enum: choices }: Property): string {
  return choices
    ? choices.map((choice) => `\`${choice}\``).join(", ")
    : ({ object: "map", array: "list" }[type ?? ""] ?? type ?? "");
}

function code(value: unknown): string {
  return `\`${JSON.stringify(value).replaceAll("|", "\\|")}\``;
}

if (import.meta.main) process.stdout.write(configReference());
