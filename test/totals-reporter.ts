import type { Reporter, TestModule, TestRunEndReason } from "vitest/node";

/** Prints one plain closing line, `N passed, N failed, N skipped`, for programs that read the log. */
export default class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[], _reason: TestRunEndReason): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      let failedInside = 0;
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        count[state] += 1;
        if (state === "failed") failedInside += 1;
      }
      // A file that cannot be loaded, or whose hooks fail, has no failed test of its own and must count all the same.
      if (module.state() === "failed" && failedInside === 0) count.failed += 1;
    }
    console.log(`${count.passed} passed, ${count.failed + count.pending} failed, ${count.skipped} skipped`);
  }
}
