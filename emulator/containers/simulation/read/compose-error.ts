/** What Compose or the Docker engine would print before it gives up. The message is the last line of its output. */
export class ComposeError extends Error {
  override readonly name: string = "ComposeError";
}

/** A value that the Compose schema does not allow; the loader puts `validating <file>:` in front. */
export class SchemaError extends ComposeError {
  override readonly name = "SchemaError";
}
