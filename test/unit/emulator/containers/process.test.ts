import { expect, test } from "vitest";
import { foretell, probeSucceeds } from "../../../../emulator/containers/simulation/pretend/process.ts";

const commands: [string[], object][] = [
  [["true"], { endsAfter: 0, exitCode: 0 }],
  [["false"], { endsAfter: 0, exitCode: 1 }],
  [["sleep", "3"], { endsAfter: 3000, exitCode: 0 }],
  [["sleep", "infinity"], { endsAfter: undefined }],
  [["sh", "-c", "sleep 2; exit 4"], { endsAfter: 2000, exitCode: 4 }],
  [["/bin/sh", "-c", "echo hello && sleep 1 && false"], { output: ["hello"], endsAfter: 1000, exitCode: 1 }],
  [
    ["sh", "-c", 'echo "two words"; exec redis-server'],
    { output: ["two words"], endsAfter: undefined, understood: false },
  ],
  [["redis-server", "--port", "1"], { endsAfter: undefined, understood: false }],
  [["sh", "-c", "test -e /x || exit 1"], { endsAfter: undefined, understood: false }],
  [["bash", "/start.sh"], { endsAfter: undefined, understood: false }],
  [[], { endsAfter: undefined, understood: false }],
];
for (const [command, expected] of commands)
  test(`foretells ${JSON.stringify(command)}`, () => {
    expect({ endsAfter: undefined, ...foretell(command) }).toMatchObject(expected);
  });

const probes: [string[], boolean][] = [
  [["CMD", "true"], true],
  [["CMD", "false"], false],
  [["CMD-SHELL", "exit 1"], false],
  [["CMD-SHELL", "pg_isready -U postgres || exit 1"], true],
  [["CMD-SHELL", 'export A="$(cat /run/secrets/a)"\ntest "$A" = b'], true],
];
for (const [probe, expected] of probes)
  test(`a probe ${JSON.stringify(probe)} ${expected ? "succeeds" : "fails"}`, () => {
    expect(probeSucceeds(probe)).toBe(expected);
  });
