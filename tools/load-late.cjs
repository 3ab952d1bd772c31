// Preloaded into every Node process of an update (by NODE_OPTIONS): three of Pulumi's imports load when they are first
// used. The TypeScript compiler and npm's Arborist serve functions that are written into state, the Automation API serves
// programs that drive an engine: no update here uses them, and they are half of the time that a process needs to start.
const Module = require("node:module");

/** Files of `@pulumi/pulumi`, and what each imports too early. */
const LATE = new Map([
  ["/index.js", "./automation"],
  ["/runtime/closure/codePaths.js", "@npmcli/arborist"],
  ["/runtime/closure/parseFunction.js", "../../typescript-shim"],
]);

// Node's own way to load a CommonJS module; what instruments modules (OpenTelemetry among others) wraps it likewise.
/** @type {{ _load(request: string, parent: { filename?: string } | undefined, isMain: boolean): Record<PropertyKey, unknown> }} */
const loader = /** @type {any} */ (Module);
const load = loader._load;
loader._load = function (request, parent, isMain) {
  const file = parent?.filename?.split("/@pulumi/pulumi").at(-1);
  if (!file || LATE.get(file) !== request) return load.call(this, request, parent, isMain);
  /** @type {Record<PropertyKey, unknown> | undefined} */
  let exported;
  const real = () => (exported ??= load.call(this, request, parent, isMain));
  return new Proxy(
    {},
    {
      // Said without loading: the importing file asks for it at once.
      get: (_, key) => (key === "__esModule" ? true : real()[key]),
      has: (_, key) => key in real(),
      ownKeys: () => Reflect.ownKeys(real()),
      getOwnPropertyDescriptor: (_, key) => {
        const descriptor = Reflect.getOwnPropertyDescriptor(real(), key);
        return descriptor && { ...descriptor, configurable: true };
      },
    },
  );
};
