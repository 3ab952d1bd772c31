import { styleText } from "node:util";

/** One step as it came out. */
export interface StepReport {
  step: string;
  ok: boolean;
  seconds: number;
  result: string;
}

/** How the demo shows what happens: for people as it happens, for programs one JSON object per step. */
export interface Printer {
  progress(what: string): void;
  start(step: string): void;
  end(report: StepReport): void;
  summary(reports: StepReport[], urls: Record<string, string>): void;
}

const mark = (ok: boolean) => (ok ? styleText("green", "✔") : styleText("red", "✘"));
const seconds = (value: number) => `${value.toFixed(1)} s`.padStart(7);

/** For programs. */
export function jsonPrinter(): Printer {
  const write = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
  return {
    progress() {},
    start() {},
    end: write,
    summary: (reports, urls) =>
      write({ step: "summary", ok: reports.every((r) => r.ok), seconds: total(reports), urls }),
  };
}

/** For people; in a terminal the running step counts its seconds. */
export function peoplePrinter(): Printer {
  const live = process.stdout.isTTY;
  let timer: NodeJS.Timeout | undefined;
  return {
    progress: (what) => process.stdout.write(`${styleText("dim", `  ${what} …`)}\n`),
    start(step) {
      if (!live) return;
      const since = Date.now();
      const show = () => process.stdout.write(`\r  … ${seconds((Date.now() - since) / 1000)}  ${step}`);
      show();
      timer = setInterval(show, 200);
    },
    end(report) {
      clearInterval(timer);
      const result = styleText(report.ok ? "dim" : "red", report.result);
      process.stdout.write(
        `${live ? "\r" : ""}  ${mark(report.ok)} ${seconds(report.seconds)}  ${report.step}\n              ${result}\n`,
      );
    },
    summary(reports, urls) {
      const width = Math.max(...reports.map((report) => report.step.length));
      const rule = `  ${"─".repeat(width + 14)}\n`;
      process.stdout.write(`\n${rule}`);
      for (const report of reports) {
        process.stdout.write(`  ${report.step.padEnd(width)}  ${seconds(report.seconds)}  ${mark(report.ok)}\n`);
      }
      process.stdout.write(`${rule}  ${"together".padEnd(width)}  ${seconds(total(reports))}\n\n`);
      for (const [name, url] of Object.entries(urls)) process.stdout.write(`  ${name.padEnd(18)} ${url}\n`);
    },
  };
}

const total = (reports: StepReport[]) => Number(reports.reduce((sum, report) => sum + report.seconds, 0).toFixed(1));
