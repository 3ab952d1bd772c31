// Prints docs/reference/api.md, made from the runner's OpenAPI document: `node tools/docs/api-reference.ts > docs/reference/api.md`.
import { createOpenApi } from "../../automation/api/openapi.ts";

/** What the page needs to know of a JSON Schema. */
interface Schema {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  /** Says what the pattern means. */
  description?: string;
  pattern?: string;
  format?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
}

interface Operation {
  summary: string;
  security: Record<string, unknown>[];
  parameters?: { in: string; name: string; schema: Schema; description?: string }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { description: string; content: Record<string, { schema?: Schema }> }>;
}

const INTRO = `# The runner's API

Made from the OpenAPI document by \`node tools/docs/api-reference.ts\`: change the schemas, not this page. The runner serves the document itself at \`/openapi.json\`.

## Sign a request

Two forms, both HMAC-SHA256 with \`WEBHOOK_SECRET\`. The plain one is GitHub's: over the raw bytes of the body.

<!-- session: runner -->

\`\`\`sh
body='{"env":"staging","tag":"v1.0.1","triggered_by":"me"}'
signature=$(printf %s "$body" | openssl dgst -sha256 -hmac "$WEBHOOK_SECRET" | sed 's/.* //')
curl --silent --show-error --fail-with-body "$DOCKMASTER_URL/deploy" \\
  --header 'content-type: application/json' --header 'prefer: wait=300' \\
  --header "x-hub-signature-256: sha256=$signature" --data "$body"
\`\`\`

The v2 form covers method, path, time and a nonce too, so it cannot be replayed; \`rollback\`, \`cancel\` and a \`give_up\` of a deploy or sync need it, and with \`REQUIRE_V2=true\` everything does. The \`dockmaster\` command uses it. \`PRODUCTION_SECRET\` and \`PREVIEW_SECRET\` sign this form only, the same way: where the runner has the first, [what changes production](../guides/pipeline.md#who-may-ask-for-production) is signed with it.

\`\`\`sh
body='{"env":"staging","tag":"v1.0.1","triggered_by":"me","rollback":true}'
timestamp=$(date +%s)
nonce=$(openssl rand -hex 16)
hash=$(printf %s "$body" | openssl dgst -sha256 | sed 's/.* //')
text=$(printf 'v2\\nPOST\\n/deploy\\n%s\\n%s\\n%s' "$timestamp" "$nonce" "$hash")
signature=$(printf %s "$text" | openssl dgst -sha256 -hmac "$WEBHOOK_SECRET" | sed 's/.* //')
curl --silent --show-error --fail-with-body "$DOCKMASTER_URL/deploy" \\
  --header 'content-type: application/json' --header 'prefer: wait=300' \\
  --header "x-dockmaster-timestamp: $timestamp" --header "x-dockmaster-nonce: $nonce" \\
  --header "x-dockmaster-signature: v2=$signature" --data "$body"
\`\`\`

## Errors

Every error is \`{"error":{"code","message","hint","requestId"}}\`; the request id is in the runner's log. All mistakes of a body are told at once. 401: signature or token. 403: the key that signed may not ask for this, or the commit is not previewed. 404: no such path, tag, commit or run. 405: the path has no such method, \`Allow\` names those that it has. 409: the release rules, with the reason. 411: a body without \`Content-Length\`. 422: can never be right. 429: wait as \`Retry-After\` says. 503: the store, the repository or the runner is away, or too much is being sent to it; ask again.
`;

const ACCESS: Record<string, string> = {
  "": "open to everybody",
  "signature timestamp": "signed, plain or v2",
  timestamp: "signed, v2 only",
  "token signature timestamp": "token (`Authorization: Bearer <API_TOKEN>`) or signed",
};

/** The page. */
export function apiReference(): string {
  const { paths } = createOpenApi("") as { paths: Record<string, Record<string, Operation>> };
  const sections = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => formatOperation(method.toUpperCase(), path, operation)),
  );
  return `${[INTRO, ...sections].join("\n").trimEnd()}\n`;
}

function formatOperation(method: string, path: string, operation: Operation): string {
  const { summary, security, parameters = [], requestBody, responses } = operation;
  const access = security.map((scheme) => Object.keys(scheme)[0]).join(" ");
  const lines = [`## \`${method} ${path}\``, "", `${summary}. ${capitalise(ACCESS[access] ?? access)}.`, ""];
  const rows = parameters.map(({ in: place, name, schema, description }) => [
    code(name),
    place,
    typeOf(schema),
    [description, ...limits(schema)].filter(Boolean).join("; "),
  ]);
  if (rows.length > 0) lines.push(table(["parameter", "in", "type", ""], rows), "");
  const body = requestBody?.content["application/json"]?.schema;
  const fields = body ? fieldsOf(body) : [];
  if (fields.length > 0) lines.push(table(["field of the body", "type", "required", ""], fields), "");
  const answers = Object.entries(responses).map(([status, { description, content }]) => {
    const [[media, { schema = {} }] = ["", {}]] = Object.entries(content);
    return [status, description, schema.type || schema.anyOf ? variants(schema) : media];
  });
  lines.push(table(["answer", "", "body"], mergeErrors(answers)), "");
  return lines.join("\n");
}

/** Answers that are an error and nothing else, in one row. */
function mergeErrors(answers: string[][]): string[][] {
  const isError = ([, , body]: string[]) => body === "`error`";
  const errors = answers.filter(isError);
  const others = answers.filter((answer) => !isError(answer));
  if (errors.length === 0) return others;
  return [...others, [errors.map(([status]) => status).join(", "), "Refused", "`error`"]];
}

function fieldsOf({ properties = {}, required = [] }: Schema): string[][] {
  return Object.entries(properties).map(([name, schema]) => [
    code(name),
    typeOf(schema),
    required.includes(name) ? "yes" : "",
    limits(schema).join("; "),
  ]);
}

/** The fields of each body that an answer may have. */
function variants(schema: Schema): string {
  const each = schema.anyOf ?? [schema];
  return each.map(({ properties = {} }) => Object.entries(properties).map(nameField).join(", ")).join(" *or* ");
}

function nameField([name, schema]: [string, Schema]): string {
  const values = schema.const !== undefined ? [schema.const] : (schema.enum ?? []);
  return values.length === 0 || typeof values[0] === "boolean" ? code(name) : `${code(name)} (${values.join(", ")})`;
}

function typeOf(schema: Schema): string {
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(" or ");
  if (schema.type === "array") return `list of ${typeOf(schema.items ?? {})}s`;
  const type = schema.const !== undefined ? code(String(schema.const)) : schema.type;
  return (Array.isArray(type) ? type.join(" or ") : type) ?? "anything";
}

function limits(schema: Schema): string[] {
  const {
    description,
    pattern,
    enum: values,
    minimum,
    maximum,
    default: fallback,
  } = schema.type === "array" ? {} : schema;
  return [
    ...(values ? [`one of ${values.map((value) => code(String(value))).join(", ")}`] : []),
    ...(description ? [description] : pattern ? [code(pattern)] : []),
    ...(minimum !== undefined && maximum !== undefined && maximum < 1e9 ? [`${minimum} to ${maximum}`] : []),
    ...(fallback === undefined ? [] : [`default ${code(String(fallback))}`]),
  ];
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

const code = (text: string) => `\`${text}\``;
const capitalise = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

if (import.meta.main) process.stdout.write(apiReference());
