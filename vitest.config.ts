import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Node 24 strips the types itself; Vite's transform would be captured by the provider's serialisation and hang (engine facts §2).
    experimental: { viteModuleRunner: false },
    include: ["test/**/*.test.ts"],
    globalSetup: "./test/compiled-code.ts",
    reporters: ["default", "./test/totals-reporter.ts"],
    // An update of the real engine keeps one and a half cores busy, then its containers are waited for: on two cores, two files at once
    // left a third of the processor's time unused, measured over the whole run.
    maxWorkers: Math.max(3, Math.floor(availableParallelism() * 0.75)),
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
