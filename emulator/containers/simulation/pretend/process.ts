/** What a command is expected to do when it runs. */
export interface Process {
  output: string[];
  /** Milliseconds until it ends; undefined when it runs for ever. */
  endsAfter?: number;
  exitCode: number;
  /** False when the command is not one of the few that are understood: then it is taken to run for ever. */
  understood: boolean;
}

const endless: Process = { output: [], exitCode: 0, understood: false };

function runScript(script: string): Process {
  const output: string[] = [];
  let elapsed = 0;
  let exitCode = 0;
  for (const part of script.split(/;|&&|\n/)) {
    const [word, argument, ...more] = part
      .trim()
      .replace(/^exec\s+/, "")
      .split(/\s+/);
    if (word === undefined || word === "") continue;
    if (/[|<>`(){}]/.test(part) && word !== "echo") return { ...endless, output };
    exitCode = 0;
    if (word === "exit") return { output, endsAfter: elapsed, exitCode: Number(argument ?? 0), understood: true };
    if (word === "false") exitCode = 1;
    else if (word === "echo") {
      if (!/[<>|]/.test(part)) output.push([argument, ...more].join(" ").replace(/^(["'])(.*)\1$/, "$2"));
    } else if (word === "sleep") {
      if (!/^\d+(\.\d+)?$/.test(argument ?? "")) return { output, exitCode: 0, understood: true };
      elapsed += Number(argument) * 1000;
    } else if (word !== "true" && word !== ":") return { ...endless, output };
  }
  return { output, endsAfter: elapsed, exitCode, understood: true };
}

/**
 * Foretells a command made of `true`, `false`, `echo`, `sleep` and `exit` (alone or in `sh -c`): enough to write a
 * crash, a one-shot or a failing health check into a compose file. Every other command runs for ever.
 */
export function foretell(command: readonly string[]): Process {
  const [first, flag, script] = command;
  if (first === undefined) return endless;
  const shell = /(^|\/)(sh|bash|ash)$/.test(first);
  if (shell && (flag === "-c" || flag === "-ec") && script !== undefined) return runScript(script);
  return shell ? endless : runScript(command.join(" "));
}

/**
 * Whether a health check's `test` succeeds; one that is not understood does. So does the image's own, where there is none: images are
 * not looked into, and each is taken to have one, while a real engine's `up --wait` fails on an image without.
 */
export function probeSucceeds(test: readonly string[]): boolean {
  const command = test[0] === "CMD-SHELL" ? ["sh", "-c", test[1] ?? ""] : test.slice(1);
  const { understood, exitCode } = foretell(command);
  return !understood || exitCode === 0;
}
