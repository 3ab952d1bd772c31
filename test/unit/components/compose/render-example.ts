import type { FileContent, RenderInput } from "../../../../components/compose/context.ts";
import { printProblem } from "../../../../components/compose/problem.ts";
import { type Rendered, renderCompose } from "../../../../components/compose/render.ts";
import { encodeEnvValue } from "../../../../components/dokploy/api/env.ts";

/** A compose file without a mistake; tests change one thing of it. */
export const EXAMPLE = `services:
  web:
    image: example/web:1.2.3
    healthcheck:
      test: [CMD, "true"]
    volumes:
      - data:/data
volumes:
  data:
`;

/** Files beside the compose file, by path. */
export type Files = Record<string, string | Uint8Array | "directory">;

/** Input for `renderCompose` with sensible values for all that a test does not care about. */
export function inputFor(text: string, changes: Partial<RenderInput> = {}, files: Files = {}): RenderInput {
  return {
    file: "components/web/compose.yaml",
    text,
    service: "web",
    suffix: "-staging",
    catalogue: ["postgres", "redis", "web"],
    variables: { SUFFIX: "-staging", DOMAIN: "example.org" },
    env: {},
    containerEnv: {},
    secrets: { mode: "environment", fingerprint: (names) => `fingerprint-of-${names.join("+")}` },
    grants: {},
    readFile: (path) => toContent(files[path]),
    envProblem: (value) => {
      try {
        encodeEnvValue(value);
        return undefined;
      } catch (error) {
        return (error as Error).message;
      }
    },
    ...changes,
  };
}

function toContent(file: string | Uint8Array | undefined): FileContent | "directory" | undefined {
  if (file === undefined || file === "directory") return file;
  return { bytes: typeof file === "string" ? new TextEncoder().encode(file) : file, executable: false };
}

/** The rendered file; fails when there are problems. */
export function render(text: string, changes?: Partial<RenderInput>, files?: Files): Rendered {
  const { rendered, problems } = renderCompose(inputFor(text, changes, files));
  if (!rendered) throw new Error(problems.map(printProblem).join("\n"));
  return rendered;
}

/** What is wrong with a file, as people see it. */
export function problemsOf(text: string, changes?: Partial<RenderInput>, files?: Files): string[] {
  return renderCompose(inputFor(text, changes, files)).problems.map(printProblem);
}
