import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { createOpenApi } from "../../../../automation/api/openapi.ts";
import { OPERATIONS } from "../../../../automation/api/operations.ts";
import { createServer, type Served, type ServerParts } from "../../../../automation/http/server.ts";

type Schema = Record<string, unknown>;
interface Operation {
  security: Record<string, []>[];
  parameters?: { in: string; name: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { description: string; content: Record<string, { schema?: Schema }> }>;
}

const document = createOpenApi("1.2.3") as {
  openapi: string;
  info: { version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { securitySchemes: Record<string, object> };
};
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
);

test("every route of the server is in the document, and no other", () => {
  const parts = { stopping: new AbortController().signal, version: "1" } as unknown as ServerParts;
  const runner = { config: { rate: { burst: 1, perSecond: 1 } }, store: { remember: async () => true } };
  const app = createServer(runner as unknown as Served, parts);
  const routes = app.routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
  expect([...new Set(routes)].sort()).toEqual(operations.map(({ name }) => name).sort());
  expect(operations.length).toBe(Object.keys(OPERATIONS).length);
});

describe.each(operations)("$name", ({ operation }) => {
  test("has schemas that a validator takes, and a description of every answer", () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const schemas = [
      ...Object.values(operation.responses).flatMap(({ content }) => Object.values(content)),
      ...Object.values(operation.requestBody?.content ?? {}),
    ].flatMap(({ schema }) => (schema ? [schema] : []));
    for (const schema of schemas) expect(() => ajv.compile(schema)).not.toThrow();
    for (const { description } of Object.values(operation.responses)) expect(description).toMatch(/\S/);
  });

  test("names only security that is explained", () => {
    for (const each of operation.security) {
      for (const name of Object.keys(each)) expect(document.components.securitySchemes).toHaveProperty(name);
    }
  });
});

test("what changes something is signed, and what reads needs token or signature", () => {
  const security = Object.fromEntries(
    operations.map(({ name, operation }) => [name, operation.security.map((each) => Object.keys(each).join("+"))]),
  );
  const [plain, v2] = ["signature", "timestamp+nonce+signatureV2"];
  for (const name of ["/deploy", "/sync", "/preview", "/drift", "/webhook"]) {
    expect(security[`POST ${name}`]).toEqual([plain, v2]);
  }
  expect(security["POST /runs/{id}/cancel"]).toEqual([v2]);
  for (const name of ["/runs", "/runs/{id}", "/runs/{id}/events", "/stacks", "/metrics"]) {
    expect(security[`GET ${name}`]).toEqual(["token", plain, v2]);
  }
  const open = Object.entries(security).flatMap(([name, each]) => (each.length === 0 ? [name] : []));
  expect(open.sort()).toEqual(["GET /health", "GET /health/live", "GET /openapi.json"]);
});
