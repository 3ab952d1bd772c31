import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { createOpenApi } from "../../../../automation/api/openapi.ts";

interface Document {
  paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, { schema?: object }> }> }>
  >;
}

const document = createOpenApi("test") as Document;
const ajv = new Ajv2020({ strict: false, validateFormats: false });
const checks = new Map<object, ValidateFunction>();

/** Throws unless the OpenAPI document of the runner has this answer. */
export function requireDocumented(method: string, path: string, answer: { status: number; body: unknown }): void {
  const [bare = ""] = path.split("?");
  const operation = Object.entries(document.paths).find(([template]) =>
    new RegExp(`^${template.replace(/\{\w+\}/g, "[^/]+")}$`).test(bare),
  )?.[1][method.toLowerCase()];
  if (!operation) throw new Error(`${method} ${bare} is not documented`);
  const schema = operation.responses[answer.status]?.content?.["application/json"]?.schema;
  if (!schema) throw new Error(`${method} ${bare} answered ${answer.status}, which is not documented`);
  const check = checks.get(schema) ?? ajv.compile(schema);
  checks.set(schema, check);
  if (check(answer.body)) return;
  throw new Error(
    `${method} ${bare} answered ${answer.status} ${JSON.stringify(answer.body)}, not as documented: ${ajv.errorsText(check.errors)}`,
  );
}
