import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Node 24 strips the types itself; Vite's transform would be captured by the provider's serialisation and hang (engine facts §2).
    experimental: { viteModuleRunner: false },
    include: ["test/**/*.test.ts"],
    globalSetup: "./test/compiled-code.ts",
    reporters: ["default", "./test/totals-reporter.ts"],
    // An update of the real engine keeps one and a half cores busy: more files at once than this only wait for each other.
    maxWorkers: Math.max(2, Math.floor(availableParallelism() / 2)),
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
