/** The exit codes of every command. */
export const EXIT = { done: 0, failed: 1, wrongUse: 2, stillRunning: 3 } as const;
