import * as pulumi from "@pulumi/pulumi";

/** What a program registered, as the engine would get it. */
export interface Registered {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

/** Stands in for the engine. `answer` adds outputs to what a resource was given. Call it once, before components are loaded. */
export async function recordResources(
  answer: (resource: Registered) => Record<string, unknown> = () => ({}),
  stack = "bootstrap",
) {
  const registered: Registered[] = [];
  const newResource = (one: Registered) => {
    registered.push({ type: one.type, name: one.name, inputs: one.inputs });
    return { id: `${one.name}-id`, state: { ...one.inputs, ...answer(one) } };
  };
  await pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "dockmaster", stack);
  return {
    registered,
    /** All resources whose type ends so, once the program has come to rest. */
    async ofType(type: string): Promise<Registered[]> {
      await pulumi.runtime.disconnect();
      return registered.filter((one) => one.type.endsWith(`:${type}`));
    },
    /** The inputs of one of them. Secrets are unwrapped. */
    async inputsOf(type: string, name?: string): Promise<Record<string, unknown> | undefined> {
      const found = (await this.ofType(type)).find((one) => name === undefined || one.name === name);
      return found && (unwrap(found.inputs) as Record<string, unknown>);
    },
    clear: () => void registered.splice(0),
  };
}

const SECRET = "4dabf18193072939515e22adb298388d";

/** Takes the wrapping off secrets. */
export function unwrap(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrap);
  if (value === null || typeof value !== "object") return value;
  if (SECRET in value) return unwrap((value as unknown as { value: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unwrap(item)]));
}
