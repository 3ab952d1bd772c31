// Loads what the Node processes of every update load, so that it is compiled once for all of them: NODE_COMPILE_CACHE names the folder.
// Only modules of this checkout: what a release brings is compiled for its own runs.
import { createRequire, flushCompileCache } from "node:module";

const require = createRequire(import.meta.url);
const MODULES = [
  "@pulumi/pulumi/index.js",
  "@pulumi/pulumi/cmd/run/run.js",
  "@pulumi/pulumi/cmd/run/tracing.js",
  "@pulumi/pulumi/dynamic/index.js",
  "@pulumi/pulumi/proto/provider_grpc_pb.js",
  "@pulumi/pulumi/proto/language_grpc_pb.js",
  "@pulumi/pulumi/proto/analyzer_grpc_pb.js",
  "@grpc/grpc-js",
  "semver",
  "yaml",
  "zod",
];

for (const name of MODULES) {
  try {
    require(name);
  } catch {
    // Another release of Pulumi may not have it: then it is compiled by whoever loads it.
  }
}
for (const name of [
  "../../automation/engine/command.ts",
  "../../automation/engine/redact.ts",
  "./fewer-stack-traces.ts",
]) {
  await import(name);
}
flushCompileCache();
process.exit(0);
