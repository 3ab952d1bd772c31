import { z } from "zod";
import { OPERATIONS, type Operation } from "./operations.ts";

/** JSON Schema of what is sent: bodies as they come in, answers as they go out. */
function toSchema(schemas: readonly z.ZodType[], io: "input" | "output"): object {
  const [first, ...rest] = schemas.map((schema) => {
    const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
    return json;
  });
  return rest.length === 0 ? (first ?? {}) : { anyOf: [first, ...rest] };
}

const PLAIN = { signature: [] };
const V2 = { timestamp: [], nonce: [], signatureV2: [] };
const SECURITY = { open: [], signed: [PLAIN, V2], signedV2: [V2], reader: [{ token: [] }, PLAIN, V2] };

function toOperation(operation: Operation): object {
  const { summary, access, body, query, wait, answers, streams, path } = operation;
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => parameter("path", name ?? "", { type: "string" }, true)),
    ...(wait
      ? [
          parameter(
            "header",
            "Prefer",
            { type: "string" },
            false,
            `wait=<s>: ${wait.default} by default, at most ${wait.most}`,
          ),
        ]
      : []),
    ...(query
      ? Object.entries(query.shape).map(([name, schema]) =>
          parameter("query", name, toSchema([schema as z.ZodType], "input"), false),
        )
      : []),
  ];
  const responses: Record<string, Response> = Object.fromEntries(
    Object.entries(answers).map(([status, schemas]) => [
      status,
      { description: describe(Number(status)), content: json(toSchema(schemas ?? [], "output")) },
    ]),
  );
  return {
    summary,
    security: SECURITY[access],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: { required: true, content: json(toSchema([body], "input")) } } : {}),
    responses: streams ? { ...responses, 200: withStream(responses[200], streams) } : responses,
  };
}

interface Response {
  description: string;
  content: object;
}

/** A success that comes as something else than JSON, or as either. */
function withStream(response: Response | undefined, type: string): Response {
  return { description: describe(200), content: { ...response?.content, [type]: {} } };
}

const json = (schema: object) => ({ "application/json": { schema } });

function parameter(place: string, name: string, schema: object, required: boolean, description?: string): object {
  return { in: place, name, schema, required, ...(description ? { description } : {}) };
}

function describe(status: number): string {
  if (status === 202) return "The time to wait is over; the run goes on";
  return status < 300 ? "Done" : status === 500 ? "The run failed, or the runner made a mistake" : "Refused";
}

const header = (name: string, description: string) => ({ type: "apiKey", in: "header", name, description });

/** The OpenAPI 3.1 document of the runner, made from the schemas that it checks with. */
export function createOpenApi(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of Object.values<Operation>(OPERATIONS)) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: toOperation(operation) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Dockmaster's runner",
      description: "A method that a path does not have is answered 405 with `Allow`, a path that there is not 404.",
      version,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths,
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "API_TOKEN" },
        signature: header("X-Hub-Signature-256", "sha256=<hex HMAC-SHA256 of the raw body with WEBHOOK_SECRET>"),
        timestamp: header("X-Dockmaster-Timestamp", "Seconds since the epoch, at most 300 away from now"),
        nonce: header("X-Dockmaster-Nonce", "8 to 128 letters, digits, - or _; used once"),
        signatureV2: header(
          "X-Dockmaster-Signature",
          'v2=<hex HMAC-SHA256 of "v2\\n<method>\\n<path>\\n<timestamp>\\n<nonce>\\n<sha256 hex of body>">',
        ),
      },
    },
  };
}
