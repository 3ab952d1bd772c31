// The engine worker: has checkouts, dependencies and the engine, and the keys that programs need. It has no store, no secret of a
// caller, no address of notices and no Git: the door, at the other end of one socket, hands it runs and hears what becomes of them.
import "./compiled.mjs";

const { serveEngine } = await import("./serve-engine.ts");
await serveEngine();
