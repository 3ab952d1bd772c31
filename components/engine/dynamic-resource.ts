// Resources whose life a module of this project tells, in the process that the engine starts for dynamic resources.
import * as pulumi from "@pulumi/pulumi";

/** A method of a dynamic provider. */
export type Method = "check" | "diff" | "create" | "read" | "update" | "delete";

/**
 * The provider's text, which state keeps and the engine's process evaluates, by this release or a later one. It holds
 * nothing but the way to the real functions (`createCompose` for method `create` of kind `Compose`), so that fixes reach
 * resources that exist; they take the stack's config and the method's own parameters. It is short, because state holds it twice
 * for every resource and is written after every step. `configure` must be synchronous: the launcher does not wait for it before
 * `read` and `delete`.
 */
export function shimText(module: `#${string}`, kind: string, methods: Method[]): string {
  const names = methods.map((method) => `'${method}'`).join();
  return (
    "exports.handler=()=>{let config;const p={configure(r){config=r.config}};" +
    `for(const m of[${names}])p[m]=async(...a)=>(await import('${module}'))[m+'${kind}'](config,...a);return p}`
  );
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
