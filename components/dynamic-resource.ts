// Resources whose life a module of this project tells, in the process that the engine starts for dynamic resources.
import * as pulumi from "@pulumi/pulumi";

/** Methods of a dynamic provider, and the function that each calls with the stack's config and its own parameters. */
export type Calls = Partial<Record<"check" | "diff" | "create" | "read" | "update" | "delete", string>>;

/**
 * The provider's text, which state keeps and the engine's process evaluates, by this release or a later one. It holds
 * nothing but the way to the real functions, so that fixes reach resources that exist. `configure` must be synchronous: the
 * launcher does not wait for it before `read` and `delete`.
 */
export function shimText(module: `#${string}`, calls: Calls): string {
  return [
    "exports.handler = () => {",
    "  let config;",
    `  const call = (name) => async (...args) => (await import("${module}"))[name](config, ...args);`,
    "  return {",
    "    configure(req) { config = req.config; },",
    ...Object.entries(calls).map(([method, name]) => `    ${method}: call("${name}"),`),
    "  };",
    "};",
    "",
  ].join("\n");
}

/**
 * What `pulumi.dynamic.Resource` is, with a text of our own for the provider. Pulumi writes that text from a live object: every
 * run of the program would load the TypeScript compiler for it, and another release of the SDK may write another text.
 *
 * @see https://github.com/pulumi/pulumi/blob/v3.259.0/sdk/nodejs/dynamic/index.ts
 */
export class DynamicResource extends pulumi.CustomResource {
  /** `type` is `<module>:<Type>`; `outputs` are the keys that the provider answers beside those of `args`. */
  constructor(
    shim: string,
    type: string,
    name: string,
    args: pulumi.Inputs,
    outputs: string[],
    opts?: pulumi.CustomResourceOptions,
  ) {
    const unknown = Object.fromEntries(outputs.map((key) => [key, undefined]));
    super(`pulumi-nodejs:dynamic/${type}`, name, { ...unknown, ...args, __provider: shim }, opts);
  }
}
