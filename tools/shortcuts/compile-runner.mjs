// Loads the code of the runner's two processes and starts nothing, so that it is compiled once: into the folder that the first argument
// names, for processes that set V8's flag of the second, if there is one.
import { enableCompileCache, flushCompileCache } from "node:module";
import { setFlagsFromString } from "node:v8";

const [, , folder, flag = ""] = process.argv;
if (flag) setFlagsFromString(flag);
enableCompileCache(folder);

await import("../../automation/serve.ts");
await import("../../automation/serve-engine.ts");
// Loaded when they are first needed.
await import("../../automation/work/update.ts");
await import("../../automation/work/look/answer.ts");
await import("../../components/look/look.ts");
await import("../../automation/store/sql-store.ts");
await import("../../automation/store/database/sqlite.ts");
await import("../../automation/store/database/postgres.ts");
// It gives up at once, for it is no thread here. What it is made of is compiled all the same.
await import("../../automation/claim/lease-thread.ts").catch(() => {});
flushCompileCache();
process.exit(0);
