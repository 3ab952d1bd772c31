// Prints the Compose specification's JSON schema as code: `node tools/compose-schema.ts > components/compose/spec/validate.cjs`.
// Compiling the schema takes 0.14 s, which every check, preview and update would wait for.
// https://ajv.js.org/standalone.html
import { Ajv } from "ajv";
import standalone from "ajv/dist/standalone/index.js";
import spec from "../components/compose/spec/compose-spec.json" with { type: "json" };

/** The text of the module that checks a file. */
export function composeSchemaModule(): string {
  // The file names its meta schema by an https address that ajv does not know; its formats (`duration`, `ports`) are Compose's own.
  const ajv = new Ajv({
    allErrors: true,
    strict: false,
    verbose: true,
    validateFormats: false,
    validateSchema: false,
    inlineRefs: false,
    code: { source: true },
  });
  const schema = JSON.parse(JSON.stringify(spec), (key, value) =>
    key === "description" && typeof value === "string" ? undefined : value,
  );
  const code = standalone.default(ajv, ajv.compile({ ...schema, $schema: undefined }));
  return `// Made from compose-spec.json by tools/compose-schema.ts; see LICENSE and NOTICE.\n// @ts-nocheck\n${code}\n`;
}

if (import.meta.main) process.stdout.write(composeSchemaModule());
