// What Pulumi imports and no update uses loads when it is first used. The TypeScript compiler and npm's Arborist serve
// functions that are written into state, the Automation API serves programs that drive an engine, OpenTelemetry's SDK serves
// `pulumi --tracing`. Together they are more than half of the time that a process needs to start.
const Module = require("node:module");

/** Files of `@pulumi/pulumi`, and what each imports too early. */
const LATE = new Map([
  ["/index.js", ["./automation"]],
  ["/runtime/closure/codePaths.js", ["@npmcli/arborist", "normalize-package-data"]],
  ["/runtime/closure/parseFunction.js", ["../../typescript-shim"]],
]);

/** The same, where the file takes functions and classes out of what it imports at once: each of these is late too. */
const LATE_MEMBERS = new Map([
  [
    "/cmd/run/tracing.js",
    [
      "@opentelemetry/exporter-zipkin",
      "@opentelemetry/instrumentation",
      "@opentelemetry/instrumentation-grpc",
      "@opentelemetry/resources",
      "@opentelemetry/sdk-trace-base",
      "@opentelemetry/sdk-trace-node",
    ],
  ],
]);

/**
 * What is done before it is known whether anybody needs it, and what stands in for it. Source maps: the program runs as it
 * is written, line by line, so there is nothing to translate, and they are looked for in every stack trace. The inspector:
 * whoever writes a function into state connects to it then; a program with a debugger runs slower from its first line.
 */
const NOT_YET = new Map([
  ["source-map-support/register", {}],
  ["../../runtime/closure/v8Hooks", { isInitializedAsync: async () => {} }],
]);

/** @typedef {Record<PropertyKey, unknown>} Exports */

// Node's own way to load a CommonJS module; what instruments modules (OpenTelemetry among others) wraps it likewise.
/** @type {{ _load(request: string, parent: { filename?: string } | undefined, isMain: boolean): Exports }} */
const loader = /** @type {any} */ (Module);
const load = loader._load;
loader._load = function (request, parent, isMain) {
  const [, file] = parent?.filename?.match(/.*\/@pulumi\/pulumi(\/.*)/) ?? [];
  if (!file) return load.call(this, request, parent, isMain);
  const stand = file.startsWith("/cmd/") && NOT_YET.get(request);
  if (stand) return stand;
  /** @type {Exports | undefined} */
  let exported;
  const real = () => (exported ??= load.call(this, request, parent, isMain));
  if (LATE.get(file)?.includes(request)) return lateModule(real);
  if (LATE_MEMBERS.get(file)?.includes(request)) return lateMembers(real);
  return real();
};

/** @param {() => Exports} real */
function lateModule(real) {
  return new Proxy(/** @type {Exports} */ ({}), {
    // `__esModule` is said without loading: the importing file asks for it at once. Its default import is then what
    // TypeScript's own helper would have made of the module.
    get: (_, key) => key === "__esModule" || (key === "default" && !real().__esModule ? real() : real()[key]),
    has: (_, key) => key in real(),
    ownKeys: () => Reflect.ownKeys(real()),
    getOwnPropertyDescriptor: (_, key) => {
      const descriptor = Reflect.getOwnPropertyDescriptor(real(), key);
      return descriptor && { ...descriptor, configurable: true };
    },
  });
}

/** @param {() => Exports} real */
function lateMembers(real) {
  return new Proxy(/** @type {Exports} */ ({}), {
    get: (_, key) => {
      const member = () => /** @type {any} */ (real()[key]);
      return new Proxy(class {}, {
        apply: (_, self, args) => Reflect.apply(member(), self, args),
        construct: (_, args) => Reflect.construct(member(), args),
        get: (_, name) => member()[name],
      });
    },
  });
}
