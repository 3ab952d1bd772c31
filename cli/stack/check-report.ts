import { z } from "zod";

/** What `node stacks/check.ts <stack> --json` prints. */
export const checkReport = z.object({
  stack: z.string(),
  ok: z.boolean(),
  problems: z.array(
    z.object({
      file: z.string(),
      line: z.number().optional(),
      column: z.number().optional(),
      message: z.string(),
      hint: z.string(),
    }),
  ),
  notes: z.array(z.string()),
  services: z.array(z.string()),
  /** Every service of the catalogue → names that its volumes have in this stack, whether it runs there or not. */
  volumes: z.record(z.string(), z.array(z.string())).default({}),
});

/** What is right and wrong with one stack. */
export type CheckReport = z.output<typeof checkReport>;
