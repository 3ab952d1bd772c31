/** What a column can hold in both engines; structures are JSON text. */
export type SqlValue = string | number | null;

/** Runs one statement. Placeholders are written `$1`, `$2`, … in the order of `values`. */
export interface Queries {
  query<Row>(text: string, values?: readonly SqlValue[]): Promise<Row[]>;
}

/**
 * The little that SQLite and PostgreSQL must offer alike, so that there is one set of statements for both.
 * A rejected promise means that nothing was written, or that a lost connection left it unknown.
 */
export interface Database extends Queries {
  /**
   * Runs `work` in one transaction while nobody else, in any process, is inside a section of the same name.
   * A throw rolls back. Sections do not nest.
   */
  locked<Result>(name: string, work: (queries: Queries) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}
