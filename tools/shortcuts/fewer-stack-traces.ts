// Pulumi's SDK takes stack traces all the time: of every promise, in case it never settles, and of every resource, to write
// into state where the program made it. The program runs as it is written and makes all its resources on the same few lines,
// so nobody learns anything from them; hundreds of services pay a second and a sixth of their state for them.
import * as pulumi from "@pulumi/pulumi";
import untyped from "@pulumi/pulumi/runtime/debuggable.js";
import { takesShortcuts } from "./switch.cjs";

/** What `runtime/debuggable.js` exports and its types leave out. */
interface Debuggable {
  /** Somebody looks for a promise that never settles (`PULUMI_DEBUG_PROMISE_LEAKS`). */
  debugPromiseLeaks: boolean;
  debuggablePromise<T>(promise: Promise<T>, context: unknown): Promise<T>;
}

if (takesShortcuts()) {
  // The launcher translates every trace through source maps: there is nothing to translate.
  Reflect.deleteProperty(Error, "prepareStackTrace");

  Reflect.set(pulumi.Resource, "stackTrace", () => []);

  const debuggable = untyped as unknown as Debuggable;
  const { debuggablePromise } = debuggable;
  if (!debuggable.debugPromiseLeaks) {
    debuggable.debuggablePromise = (promise, context) => {
      const limit = Error.stackTraceLimit;
      Error.stackTraceLimit = 0;
      try {
        return debuggablePromise(promise, context);
      } finally {
        Error.stackTraceLimit = limit;
      }
    };
  }
}
