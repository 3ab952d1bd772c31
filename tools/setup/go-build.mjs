import { runStep } from "./run.mjs";

/**
 * Builds a program from its Go module, for a machine that has to wait for it once: on two cores the plain builds need twenty minutes of
 * processor time. Most of it goes into what never runs here, so only the standard library and `optimised` are optimised.
 * @param {{label: string, cwd: string, source: string, output: string, ldflags?: string, optimised?: string[], signal?: AbortSignal}} options
 *   `optimised`: patterns of packages
 */
export async function goBuild({ label, cwd, source, output, ldflags = "", optimised = [], signal }) {
  const gcflags = ["std", ...optimised].map((pattern) => `-gcflags=${pattern}=-dwarf=false`);
  const words = ["-trimpath", "-gcflags=all=-dwarf=false -N -l", ...gcflags, `-ldflags=-s -w ${ldflags}`];
  await runStep(label, "go", ["build", ...words, "-o", output, source], {
    cwd,
    env: {
      ...process.env,
      GOFLAGS: "-mod=readonly -buildvcs=false",
      CGO_ENABLED: "0",
      // Memory for time, up to a bound for each compiler.
      GOGC: "400",
      GOMEMLIMIT: "2GiB",
    },
    signal,
  });
}
