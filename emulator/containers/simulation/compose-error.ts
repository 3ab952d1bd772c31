/** What Compose or the Docker engine would print before it gives up. The message is the last line of its output. */
export class ComposeError extends Error {
  override readonly name = "ComposeError";
}
