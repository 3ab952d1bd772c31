import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Node 24 strips the types itself; Vite's transform would be captured by the provider's serialisation and hang (engine facts §2).
    experimental: { viteModuleRunner: false },
    include: ["test/**/*.test.ts"],
    reporters: ["default", "./test/totals-reporter.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
